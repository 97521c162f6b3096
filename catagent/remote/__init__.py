"""An agent on a server that speaks the LangGraph API."""
