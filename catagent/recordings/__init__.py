"""Recordings: reading them, at their own pace too, and the history that is kept of all runs."""
