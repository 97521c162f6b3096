"""One run, put together and driven from its first frame to its exit code."""
