"""How an OpenAI-compatible server is talked to: clients, retries, errors, streams."""
