"""What is set up and what is not: looks, asks nobody's agent, and writes nothing."""
