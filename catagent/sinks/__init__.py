"""The only rooms that write: live, plain, JSON lines, recordings, exports."""
