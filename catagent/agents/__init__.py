"""The agents: two built-in ones, and adapters for what people bring."""
