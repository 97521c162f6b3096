"""A run as a script: what the flags of a command do, in LangChain's own API."""
