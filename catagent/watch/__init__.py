"""Other programs, watched while they run."""
