"""Which model is used, decided from words and the environment alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from catagent.errors import UsageError
from catagent.models.spec import DEFAULT_OPENAI_MODEL, EMBEDDED, choose_model


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("gpt-4.1", "openai:gpt-4.1"),
        ("openai:gpt-4.1", "openai:gpt-4.1"),
        ("openai:llama3.2:1b", "openai:llama3.2:1b"),
        ("google-genai:gemini-x", "google_genai:gemini-x"),
        ("local", f"local:{EMBEDDED}"),
        (f"local:{EMBEDDED}", f"local:{EMBEDDED}"),
    ],
)
def test_a_model_is_named_by_provider_and_name(wanted: str, expected: str) -> None:
    spec = choose_model(wanted, {})
    assert str(spec) == expected
    assert spec.notice is None


@pytest.mark.parametrize(
    "environ",
    [
        {"OPENAI_API_KEY": "k"},
        {"OPENAI_BASE_URL": "http://x/v1"},
        {"OPENAI_API_BASE": "http://x/v1"},
    ],
)
def test_openai_is_the_default_where_it_is_set_up(environ: dict[str, str]) -> None:
    spec = choose_model(None, environ)
    assert (spec.provider, spec.name, spec.notice) == ("openai", DEFAULT_OPENAI_MODEL, None)


def test_the_embedded_model_is_the_default_without_a_key_and_is_announced() -> None:
    spec = choose_model(None, {"OPENAI_API_KEY": ""})
    assert spec.is_embedded
    assert spec.notice is not None
    assert "\n" not in spec.notice
    assert "--model" in spec.notice


def test_a_gguf_file_of_ones_own_is_not_the_embedded_model(tmp_path: Path) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(b"GGUF and more")
    spec = choose_model(f"local:{path}", {})
    assert (spec.name, spec.path, spec.is_embedded) == ("mine", path, False)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", None])
def test_a_model_file_that_is_not_a_gguf_is_a_usage_error_that_names_it(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "other.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"other\.gguf"):
        choose_model(f"local:{path}", {})


def test_a_provider_without_a_name_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="names no model"):
        choose_model("openai:", {})
