"""From the events of a run to rows of text: pure, without a terminal, a clock or a stream."""
