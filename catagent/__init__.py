"""catagent: look inside a LangChain agent while it runs.

`stream` gives the run of an agent as events, `show` shows it, `read` reads a recording of one;
docs/python.md has examples. Importing this costs next to nothing: a name is imported when it is
first used.
"""

__version__ = "0.1.0"

__all__ = [
    "Action",
    "AgentError",
    "Answer",
    "BudgetError",
    "CatagentError",
    "CredentialsError",
    "ErrorInfo",
    "Event",
    "Failure",
    "Filters",
    "Interrupt",
    "LimitError",
    "LlmFinished",
    "LlmStarted",
    "LlmToken",
    "Message",
    "ModelError",
    "ModelUsage",
    "NetworkError",
    "Node",
    "Observation",
    "OutputError",
    "Prompts",
    "RecordingError",
    "Ref",
    "Retry",
    "RunFinished",
    "RunStarted",
    "RunTimeoutError",
    "StepLimitError",
    "Tool",
    "ToolCall",
    "ToolError",
    "ToolFinished",
    "ToolStarted",
    "Unknown",
    "Update",
    "Usage",
    "UsageError",
    "ViewerLeftError",
    "Warned",
    "__version__",
    "encode",
    "read",
    "show",
    "stream",
]

TYPE_CHECKING = False  # that of `typing` costs more than all the rest of this
if TYPE_CHECKING:
    from catagent.api.show import show
    from catagent.api.stream import stream
    from catagent.errors import (
        AgentError,
        BudgetError,
        CatagentError,
        CredentialsError,
        LimitError,
        ModelError,
        NetworkError,
        OutputError,
        RecordingError,
        RunTimeoutError,
        StepLimitError,
        ToolError,
        UsageError,
        ViewerLeftError,
    )
    from catagent.events.codec import encode
    from catagent.events.filters import Filters
    from catagent.events.prompts import Prompts
    from catagent.events.types import (
        Action,
        Answer,
        ErrorInfo,
        Event,
        Failure,
        Interrupt,
        LlmFinished,
        LlmStarted,
        LlmToken,
        Message,
        ModelUsage,
        Node,
        Observation,
        Ref,
        Retry,
        RunFinished,
        RunStarted,
        Tool,
        ToolCall,
        ToolFinished,
        ToolStarted,
        Unknown,
        Update,
        Usage,
        Warned,
    )
    from catagent.recordings.reader import read
else:  # hidden from type checkers, for which any name would be there
    _HOMES = {
        "Filters": "catagent.events.filters",
        "Prompts": "catagent.events.prompts",
        "encode": "catagent.events.codec",
        "read": "catagent.recordings.reader",
        "show": "catagent.api.show",
        "stream": "catagent.api.stream",
    }

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        others = "catagent.errors" if name.endswith("Error") else "catagent.events.types"
        found: object = getattr(import_module(_HOMES.get(name, others)), name)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
