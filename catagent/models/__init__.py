"""Which chat model to use, and the embedded one that runs inside this process."""
