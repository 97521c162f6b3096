"""Where chat models come from, a file a provider."""
