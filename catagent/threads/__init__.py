"""Conversations that are kept: a file for each, which one run at a time goes on with."""
