"""What the embedded model needs besides a provider: its file, and what keeps it on track."""
