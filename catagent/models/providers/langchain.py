"""Chat models of every other provider that LangChain knows, through its init_chat_model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from catagent.errors import CredentialsError, UsageError, did_you_mean
from catagent.loading.installing import install
from catagent.models.spec import ModelSpec

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from catagent.models.factory import Models, Role


def build(spec: ModelSpec, role: Role, models: Models) -> BaseChatModel:
    """Make the model with its provider's own package; its retries are that package's own."""
    from langchain.chat_models import init_chat_model

    options: dict[str, Any] = {"max_retries": models.loaded.settings.max_retries}
    options |= {"temperature": 0.0} if role == "agent" else {}
    try:
        model: BaseChatModel = init_chat_model(spec.name, model_provider=spec.provider, **options)
    except ImportError as error:
        raise _not_installed(spec, error) from error
    except ValueError as error:
        raise _refused(spec, error) from error
    return model


def _not_installed(spec: ModelSpec, error: ImportError) -> UsageError:
    package = f"langchain-{spec.provider.replace('_', '-')}"
    said = str(error)
    if "pip install " in said:
        package = said.split("pip install ")[1].split("`")[0].strip("-U ")
    return UsageError(f"the model {spec} needs a package: {package}", install(package))


def _refused(spec: ModelSpec, error: ValueError) -> UsageError | CredentialsError:
    said = str(error)
    if "Unsupported provider" in said:
        known = ["local", *said.rsplit(": ", 1)[-1].split(", ")]
        hint = did_you_mean(spec.provider, known)
        return UsageError(f"no model provider called {spec.provider!r}", hint)
    if "key" in said.lower():
        hint = f"set {spec.provider.upper()}_API_KEY"
        return CredentialsError(f"no API key for the model {spec}", hint)
    return UsageError(f"the model {spec} cannot be used: {said}")
