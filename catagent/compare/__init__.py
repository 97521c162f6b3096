"""Two runs compared: where they part, and a run without what differs each time anyway."""
