"""The command line: flags become a request, errors an exit code. Each command has a file."""
