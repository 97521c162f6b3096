"""The command line: one file a command. Flags become a request, errors an exit code."""
