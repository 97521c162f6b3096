"""The only place that knows a LangChain streaming API: one row a mode, one event union out."""
