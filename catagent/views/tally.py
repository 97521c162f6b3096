"""What is going on right now and how much there was so far: all that the status line needs."""

from __future__ import annotations

from dataclasses import dataclass, field

from catagent import events as ev


@dataclass(slots=True)
class Tally:
    """Counts, and the calls that are open; times are seconds on the reader's own clock."""

    began: float = 0.0
    first_token: float | None = None
    tokens: int = 0
    tools: dict[str, str] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    writing: str = ""
    retry: ev.RetryData | None = None
    retry_due: float = 0.0
    finished: bool = False

    def update(self, event: ev.Event, now: float) -> None:
        """Take one event that arrived at `now`."""
        match event:
            case ev.LlmToken():
                self._token(event, now)
            case ev.LlmStarted():
                self.models[event.run_id] = event.name
            case ev.LlmFinished():
                self.models.pop(event.run_id, None)
                self.writing = ""
            case ev.ToolStarted(data=data):
                self.tools[event.run_id or data.tool_call_id or ""] = data.tool
            case ev.ToolFinished(data=data):
                self.tools.pop(event.run_id or data.tool_call_id or "", None)
            case ev.Retry(data=data):
                self.retry, self.retry_due = data, now + data.delay_s
            case ev.RunFinished():
                self.finished = True
            case _:
                pass

    def _token(self, event: ev.LlmToken, now: float) -> None:
        self.tokens += 1
        self.retry = None
        self.writing = event.name
        if self.first_token is None:
            self.first_token = now

    def awaited(self, now: float) -> str:
        """What is awaited, in a few words; empty where only the caller can know."""
        if self.retry is not None:
            left = max(0, round(self.retry_due - now))
            return f"retry {self.retry.attempt} of {self.retry.max_attempts} in {left} s"
        if self.writing:
            return f"{self.writing} is writing"
        if self.models:
            return f"waiting for the first token of {next(reversed(self.models.values()))}"
        if len(self.tools) > 1:
            return f"running {len(self.tools)} tools"
        return f"running {next(iter(self.tools.values()))}" if self.tools else ""

    def rate(self, now: float) -> float:
        """Tokens a second since the first one."""
        if self.first_token is None or now - self.first_token < 1:
            return 0.0
        return self.tokens / (now - self.first_token)
