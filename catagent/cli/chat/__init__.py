"""A conversation on a terminal: what a person types, its commands, and a run for each question."""
