"""catagent: look inside a LangChain agent while it runs."""

__version__ = "0.1.0"
