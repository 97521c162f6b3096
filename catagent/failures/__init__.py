"""Whose error it was, and what the person can do about it."""
