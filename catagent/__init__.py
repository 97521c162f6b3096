"""catagent: look inside a LangChain agent while it runs.

`stream` gives the run of an agent as events, `show` shows it, `read` reads a recording of one;
docs/python.md has examples. Importing this costs next to nothing: a name is imported when it is
first used.
"""

__version__ = "0.1.0"

# Where each name is, which is imported from there when it is first used.
_NAMES = {
    "catagent.api.models": "local_model",
    "catagent.api.show": "show",
    "catagent.api.stream": "stream",
    "catagent.errors": """
        AgentError BudgetError CatagentError CredentialsError LimitError ModelError NetworkError
        OutputError RecordingError RunTimeoutError StepLimitError ToolError UsageError
        ViewerLeftError""",
    "catagent.events.codec": "encode",
    "catagent.events.filters": "Filters",
    "catagent.events.prompts": "Prompts",
    "catagent.events.types": """
        Action Answer ErrorInfo Event Failure Interrupt LlmFinished LlmStarted LlmToken Message
        ModelUsage Node Observation Ref Retry RunFinished RunStarted Tool ToolCall ToolFinished
        ToolStarted Unknown Update Usage Warned""",
    "catagent.recordings.reader": "read",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = sorted({"__version__", *_HOMES})

TYPE_CHECKING = False  # that of `typing` costs more than all the rest of this
if TYPE_CHECKING:
    from catagent.api.models import local_model as local_model
    from catagent.api.show import show as show
    from catagent.api.stream import stream as stream
    from catagent.errors import AgentError as AgentError
    from catagent.errors import BudgetError as BudgetError
    from catagent.errors import CatagentError as CatagentError
    from catagent.errors import CredentialsError as CredentialsError
    from catagent.errors import LimitError as LimitError
    from catagent.errors import ModelError as ModelError
    from catagent.errors import NetworkError as NetworkError
    from catagent.errors import OutputError as OutputError
    from catagent.errors import RecordingError as RecordingError
    from catagent.errors import RunTimeoutError as RunTimeoutError
    from catagent.errors import StepLimitError as StepLimitError
    from catagent.errors import ToolError as ToolError
    from catagent.errors import UsageError as UsageError
    from catagent.errors import ViewerLeftError as ViewerLeftError
    from catagent.events.codec import encode as encode
    from catagent.events.filters import Filters as Filters
    from catagent.events.prompts import Prompts as Prompts
    from catagent.events.types import Action as Action
    from catagent.events.types import Answer as Answer
    from catagent.events.types import ErrorInfo as ErrorInfo
    from catagent.events.types import Event as Event
    from catagent.events.types import Failure as Failure
    from catagent.events.types import Interrupt as Interrupt
    from catagent.events.types import LlmFinished as LlmFinished
    from catagent.events.types import LlmStarted as LlmStarted
    from catagent.events.types import LlmToken as LlmToken
    from catagent.events.types import Message as Message
    from catagent.events.types import ModelUsage as ModelUsage
    from catagent.events.types import Node as Node
    from catagent.events.types import Observation as Observation
    from catagent.events.types import Ref as Ref
    from catagent.events.types import Retry as Retry
    from catagent.events.types import RunFinished as RunFinished
    from catagent.events.types import RunStarted as RunStarted
    from catagent.events.types import Tool as Tool
    from catagent.events.types import ToolCall as ToolCall
    from catagent.events.types import ToolFinished as ToolFinished
    from catagent.events.types import ToolStarted as ToolStarted
    from catagent.events.types import Unknown as Unknown
    from catagent.events.types import Update as Update
    from catagent.events.types import Usage as Usage
    from catagent.events.types import Warned as Warned
    from catagent.recordings.reader import read as read
else:  # hidden from type checkers, for which any name would be there

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *_HOMES})
