"""The only rooms that know a LangChain streaming API: an agent in, events out."""
