"""Walks through runs: a tree of what ran, each part of it as it was at any event."""
