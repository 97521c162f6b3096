"""Two runs compared: where they part, whatever their ids and times."""
