"""What is secret: known values in whatever form they are written, and the shapes of keys."""
