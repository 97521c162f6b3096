"""How a script makes the models: with LangChain's init_chat_model, or catagent's own."""

from __future__ import annotations

from typing import Any

from catagent.config import Loaded, Settings
from catagent.explain.literal import call, text
from catagent.explain.script import Script
from catagent.models.providers.openai import is_tempered
from catagent.models.spec import ModelSpec, openai_address
from catagent.redact import Redactor
from catagent.run.request import Request

_DEFAULTS = Settings()
# Providers whose package is not called as they are.
_PACKAGES = {
    "azure_openai": "openai",
    "google_anthropic_vertex": "google-vertexai",
    "nvidia": "nvidia-ai-endpoints",
}


def made(name: str, request: Request, script: Script, loaded: Loaded, clean: Redactor) -> str:
    """The expression for the request's `model` or `tool_model`, whichever is named."""
    spec: ModelSpec = getattr(request, name)
    if spec.provider == "local":
        script.imports.add("from catagent import local_model")
        script.notes.append("The model is catagent's: run this in the Python that has that.")
        given: dict[str, Any] = {"file": clean.text(str(spec.path))} if spec.path else {}
        role = "agent" if name == "model" else "tool"
        return call("local_model", text(role), taken=len(name) + 3, **given)
    if spec.provider.isidentifier():
        package = "aws" if "bedrock" in spec.provider else _PACKAGES.get(spec.provider)
        script.needs.add(f"langchain-{package or spec.provider.replace('_', '-')}")
    options = _openai(script, loaded, clean) if spec.provider == "openai" else {}
    if name == "model":
        options |= {"temperature": 0} if is_tempered(spec) else {}
        options["tags"] = ["agent_llm"]
    if loaded.settings.max_retries != _DEFAULTS.max_retries:
        options["max_retries"] = loaded.settings.max_retries
    script.imports.add("from langchain.chat_models import init_chat_model")
    named = text(clean.text(str(spec)))
    return call("init_chat_model", named, taken=len(name) + 3, **options)


def _openai(script: Script, loaded: Loaded, clean: Redactor) -> dict[str, Any]:
    """Where its server is, unless that would tell a secret; no key is in it."""
    options: dict[str, Any] = {}
    address = openai_address(loaded.environ)
    if address and "@" not in address and clean.text(address) == address:
        options["base_url"] = address
    elif address:
        script.notes.append("OPENAI_BASE_URL is read from the environment.")
    if address and not loaded.environ.get("OPENAI_API_KEY"):
        options["api_key"] = "none"
    else:
        script.notes.append("OPENAI_API_KEY is read from the environment.")
    if loaded.settings.idle_timeout != _DEFAULTS.idle_timeout:
        options["stream_chunk_timeout"] = loaded.settings.idle_timeout
    return options
