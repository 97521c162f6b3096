"""The cat agent's tools: each one asks a chat model, by streaming, inside the tool."""
