"""What makes up for other people's packages; docs/workarounds.md lists all, those elsewhere too."""
