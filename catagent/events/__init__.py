"""The event stream, which is the contract: its types, and whatever is done to events as such."""
