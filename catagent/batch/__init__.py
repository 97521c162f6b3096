"""Many questions for one agent: read line by line, asked several at once, a result each."""
