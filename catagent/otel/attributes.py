"""What a span says, by the conventions for generative AI (docs/otel.md has the version)."""

from collections.abc import Mapping
from typing import Any

from catagent.events import types as ev

# What the conventions call providers, by LangChain's name for them, or the class of a chat model.
_PROVIDERS: Mapping[str, str] = {
    "AzureChatOpenAI": "azure.ai.openai",
    "ChatAnthropic": "anthropic",
    "ChatBedrockConverse": "aws.bedrock",
    "ChatGoogleGenerativeAI": "gcp.gemini",
    "ChatMistralAI": "mistral_ai",
    "ChatOpenAI": "openai",
    "azure_openai": "azure.ai.openai",
    "bedrock_converse": "aws.bedrock",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "mistralai": "mistral_ai",
    "xai": "x_ai",
}
_REQUEST = {"frequency_penalty", "max_tokens", "presence_penalty", "seed", "stream", "temperature"}


def attributes(event: ev.KnownEvent, started: ev.RunStarted) -> dict[str, Any]:
    """What an event adds to the span that it is about, None for what is not known; no content."""
    match event:
        case ev.RunStarted(data=data):
            asked = {
                "gen_ai.agent.name": data.agent,
                "gen_ai.request.model": (data.model or "").partition(":")[2],
                "catagent.run.id": event.run_id,
                "catagent.run.mode": data.mode,
            }
            return _common("invoke_agent", started) | asked
        case ev.LlmStarted(data=data):
            provider = {"gen_ai.provider.name": _provider(started, data.model, event.name)}
            what = "text_completion" if data.run_type == "llm" else "chat"
            return _common(what, started) | provider | _request(data)
        case ev.LlmFinished(data=data):
            return {
                "gen_ai.response.model": None if data.error else data.model,
                "gen_ai.response.finish_reasons": data.finish_reason and [data.finish_reason],
                "gen_ai.response.time_to_first_chunk": data.ttft_s,
            } | _usage(data.usage)
        case ev.ToolStarted(data=data) | ev.Action(data=data):
            return _common("execute_tool", started) | {
                "gen_ai.tool.name": data.tool,
                "gen_ai.tool.type": "function",
                "gen_ai.tool.call.id": data.tool_call_id,
            }
        case ev.ToolFinished(data=data) | ev.Observation(data=data):
            return {"catagent.tool.status": data.status}
        case ev.RunFinished(data=data):
            status, cost = data.status, data.cost or None
            return {"catagent.run.status": status, "catagent.run.cost": cost} | _usage(data.usage)
    return _happened(event)


def _happened(event: ev.KnownEvent) -> dict[str, Any]:
    match event:
        case ev.Retry(data=data):
            return {"attempt": data.attempt, "http.response.status_code": data.status_code}
        case ev.Interrupt(data=data):
            return {"catagent.node": data.node}
        case ev.Warned(data=data):
            return {"catagent.code": data.code}
    return {}


def _common(operation: str, started: ev.RunStarted) -> dict[str, Any]:
    """What is done, and the conversation that it belongs to, if that is more than this run."""
    thread = started.data.thread_id
    conversation = {"gen_ai.conversation.id": None if thread == started.run_id else thread}
    return {"gen_ai.operation.name": operation} | conversation


def _request(data: ev.LlmStartedData) -> dict[str, Any]:
    given = data.parameters
    given = given | {"max_tokens": given.get("max_tokens", given.get("max_completion_tokens"))}
    numbers = {
        name: given[name] for name in sorted(_REQUEST) if isinstance(given.get(name), int | float)
    }
    named = {f"gen_ai.request.{name}": value for name, value in numbers.items()}
    return {"gen_ai.request.model": data.model} | named


def _usage(counts: ev.Usage | None) -> dict[str, Any]:
    counts = counts or ev.Usage()
    return {
        "gen_ai.usage.input_tokens": counts.input_tokens,
        "gen_ai.usage.output_tokens": counts.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": counts.cached_tokens,
        "gen_ai.usage.reasoning.output_tokens": counts.reasoning_tokens,
    }


def _provider(started: ev.RunStarted, model: str, name: str) -> str:
    """Who provides a model: as the run names it, else by the class, else `_OTHER`."""
    for spec in (started.data.model or "", started.data.tool_model or ""):
        provider, _, known = spec.partition(":")
        if provider and known == model:
            return _PROVIDERS.get(provider, provider)
    return _PROVIDERS.get(name, "_OTHER")
