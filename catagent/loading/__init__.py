"""Imports, each when it is asked for and from where it may come."""
