"""What the embedded model needs besides a provider: its file, and what keeps it on track."""

FETCHING = "fetching the embedded model"
STOPPED = f"stopped {FETCHING}"
"""How the words begin of what takes minutes: they are shown where no other status is."""
