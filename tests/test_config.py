"""Settings come from the right layer, and a foreign `.env` can do no harm."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from catagent.config import Settings, load, secrets_of
from catagent.errors import UsageError
from catagent.variables import DOTENV_ALLOWED


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def environ(folder: Path, **more: str) -> dict[str, str]:
    return {"CATAGENT_HOME": str(folder / "home"), **more}


def write_config(folder: Path, text: str) -> None:
    (folder / "home" / "config").mkdir(parents=True)
    (folder / "home" / "config" / "config.toml").write_text(text)


def test_flag_beats_environment_beats_dotenv_beats_config_beats_default(folder: Path) -> None:
    write_config(folder, 'model = "toml"\nmax_steps = 1\nmode = "log"\ntheme = "light"\n')
    (folder / ".env").write_text("CATAGENT_MODEL=dotenv\nCATAGENT_MAX_STEPS=2\nCATAGENT_MODE=steps")
    given = environ(folder, CATAGENT_MODEL="env", CATAGENT_MAX_STEPS="3")
    settings = load({"model": "flag", "output": None}, given).settings
    assert (settings.model, settings.max_steps) == ("flag", 3)
    assert (settings.mode, settings.theme, settings.max_retries) == ("steps", "light", 2)


@pytest.mark.parametrize(
    ("flags", "variables", "words"),
    [
        ({"mode": "evnets"}, {}, "--mode is 'evnets'"),
        ({}, {"CATAGENT_MAX_STEPS": "many"}, "max_steps from the environment"),
        ({}, {"CATAGENT_MAX_STEPS": "0"}, "max_steps from the environment is '0': it is a whole"),
        ({"timeout": -1.0}, {}, "--timeout is -1.0$"),
        ({}, {"CATAGENT_IDLE_TIMEOUT": "nan"}, "idle_timeout from the environment"),
    ],
)
def test_a_bad_setting_is_an_error_that_names_its_layer(
    folder: Path, flags: dict[str, str], variables: dict[str, str], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        load(flags, environ(folder, **variables))


def test_the_setting_that_was_meant_is_named(folder: Path) -> None:
    found = load({}, environ(folder, CATAGENT_MODLE="x", CATAGENT_OWN="x", CATAGENT_WATCH="x"))
    assert found.notices == ("CATAGENT_MODLE is not a setting; did you mean CATAGENT_MODEL?",)
    with pytest.raises(UsageError) as refused:
        load({}, environ(folder, CATAGENT_MODE="Evnts"))
    assert refused.value.hint == "did you mean events? there is: steps, log, events"
    write_config(folder, "modle = 'x'")
    with pytest.raises(UsageError) as refused:
        load({}, environ(folder))
    assert "no such setting: 'modle' (did you mean model?)" in refused.value.message
    assert refused.value.hint.startswith("there is: agent, ")


def test_all_that_is_wrong_is_told_where_it_is_asked_for_and_the_rest_holds(folder: Path) -> None:
    write_config(folder, "modle = 'x'\nfold = -1\nmode = 'evnets'\ntheme = 'light'\nzzz = 1")
    problems: list[UsageError] = []
    found = load({"fold": 3}, environ(folder, CATAGENT_MAX_STEPS="0"), problems=problems)
    file = folder / "home" / "config" / "config.toml"
    told = " / ".join(f"{each.message} {each.hint}" for each in problems)
    for words in (
        f"{file} has no such setting: 'modle' (did you mean model?), 'zzz'",
        f"fold from {file} is -1: it is a whole number, 0 or more",
        f"mode from {file} is 'evnets' did you mean events? there is: steps, log, events",
        "max_steps from the environment is '0': it is a whole number, 1 or more",
    ):
        assert words in told
    assert (found.settings.fold, found.settings.mode, found.settings.theme) == (
        3,
        "events",
        "light",
    )
    assert found.origins == {"fold": "the command line", "theme": str(file)}


@pytest.mark.parametrize(
    "text",
    [
        *("modle = 'x'", "mode = [", "mode = 3", "[a.b]\nc = 1", "[mode]\nc = 1"),
        *("max_steps = [1]", "model = 2026-01-01", "max_steps = 1e400", "timeout = nan"),
        *(f"max_steps = {'9' * 5000}", f"model = 0x{'f' * 5000}", "model = '\0'"),
        *(f"model = {'[' * depth}{']' * depth}" for depth in (300, 5000)),
        f"model = {'{a=' * 5000}1{'}' * 5000}",
        "#" * 1_000_001,
    ],
    ids=lambda text: text[:20],
)
def test_a_bad_config_file_is_an_error_that_names_it(folder: Path, text: str) -> None:
    write_config(folder, text)
    with pytest.raises(UsageError, match=r"config\.toml") as refused:
        load({}, environ(folder))
    assert len(refused.value.message) < 500


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to(path)])
def test_a_config_file_that_is_no_file_is_an_error_and_is_not_waited_for(
    folder: Path, make: Callable[[Path], None]
) -> None:
    write_config(folder, "")
    path = folder / "home" / "config" / "config.toml"
    path.unlink()
    make(path)
    with pytest.raises(UsageError, match=r"config\.toml"):
        load({}, environ(folder))


def test_an_endless_device_for_a_config_file_is_not_read_to_its_end(folder: Path) -> None:
    write_config(folder, "")
    path = folder / "home" / "config" / "config.toml"
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(UsageError, match="larger than 1 MB"):
        load({}, environ(folder))


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_dotenv_that_is_no_file_is_not_read(folder: Path, make: Callable[[Path], None]) -> None:
    make(folder / ".env")
    assert load({}, environ(folder)).settings.model is None


def test_a_dotenv_never_overrides_the_environment(folder: Path) -> None:
    (folder / ".env").write_text("OPENAI_API_KEY=from-dotenv")
    assert load({}, environ(folder, OPENAI_API_KEY="mine")).environ["OPENAI_API_KEY"] == "mine"
    assert load({}, environ(folder)).environ["OPENAI_API_KEY"] == "from-dotenv"


def test_a_dotenv_cannot_send_an_existing_key_elsewhere_or_start_code(folder: Path) -> None:
    (folder / ".env").write_text(
        "OPENAI_BASE_URL=http://evil.example\nCATAGENT_AGENT=evil:agent\nPYTHONPATH=/evil\n"
        "CATAGENT_LOCAL_MODEL=/evil.gguf\nLANGSMITH_ENDPOINT=http://evil.example\n"
        "OPENAI_ORG_ID=${OPENAI_API_KEY}\n"
    )
    loaded = load({}, environ(folder, OPENAI_API_KEY="mine-mine"))
    assert loaded.settings.agent == "cat"
    assert loaded.settings.local_model is None
    assert loaded.environ.keys() == {"CATAGENT_HOME", "OPENAI_API_KEY", "OPENAI_ORG_ID"}
    assert loaded.environ["OPENAI_ORG_ID"] == "${OPENAI_API_KEY}"


def test_a_dotenv_may_bring_a_key_with_its_server(folder: Path) -> None:
    (folder / ".env").write_text("OPENAI_BASE_URL=http://127.0.0.1:1/v1\nOPENAI_API_KEY=k")
    assert load({}, environ(folder)).environ["OPENAI_BASE_URL"] == "http://127.0.0.1:1/v1"


@pytest.mark.parametrize("set_already", ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE"])
def test_a_dotenv_brings_no_server_where_the_environment_chose(
    folder: Path, set_already: str
) -> None:
    (folder / ".env").write_text("OPENAI_BASE_URL=http://evil.example/v1")
    found = load({}, environ(folder, **{set_already: "mine"})).environ
    assert found.get("OPENAI_BASE_URL") in (None, "mine")


def test_a_dotenv_lifts_no_limit_on_tokens_and_money(folder: Path) -> None:
    write_config(folder, "max_tokens = 1000\nmax_cost = 0.5\n")
    (folder / ".env").write_text("CATAGENT_MAX_TOKENS=0\nCATAGENT_MAX_COST=0")
    settings = load({}, environ(folder)).settings
    assert (settings.max_tokens, settings.max_cost) == (1000, 0.5)
    changed = environ(folder, CATAGENT_MAX_TOKENS="7", CATAGENT_MAX_COST="0.25")
    assert load({"max_tokens": 9}, changed).settings.max_tokens == 9
    assert load({}, changed).settings.max_cost == 0.25


def test_what_a_dotenv_may_set_is_written_out() -> None:
    """Every name that it may set is known; what is not named is left out."""
    settings = {f"CATAGENT_{name.upper()}" for name in Settings.__struct_fields__}
    ours = {name for name in DOTENV_ALLOWED if name.startswith("CATAGENT_")}
    assert settings - ours == {
        *("CATAGENT_AGENT", "CATAGENT_LOCAL_MODEL", "CATAGENT_HISTORY", "CATAGENT_HISTORY_RUNS"),
        *(
            "CATAGENT_HISTORY_MB",
            "CATAGENT_MAX_TOKENS",
            "CATAGENT_MAX_COST",
            "CATAGENT_SERVER_KEYS",
        ),
    }
    assert ours <= settings


def test_a_dotenv_deletes_no_history(folder: Path) -> None:
    (folder / ".env").write_text("CATAGENT_HISTORY_RUNS=0\nCATAGENT_HISTORY_MB=0")
    settings = load({}, environ(folder)).settings
    assert (settings.history_runs, settings.history_mb) == (200, 200)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("CATAGENT_MODEL=x\n".encode("utf-16"), "not UTF-8"),
        ("CATAGENT_MODEL=x\n".encode("utf-16-le"), "not UTF-8"),
        (b"CATAGENT_MODEL=a\0b", "not UTF-8"),
        (b"CATAGENT_MODEL=x\n" + b"#" * 1_000_000, "larger than 1 MB"),
    ],
)
def test_an_unreadable_dotenv_is_ignored_with_a_notice(
    folder: Path, content: bytes, why: str
) -> None:
    (folder / ".env").write_bytes(content)
    loaded = load({}, environ(folder))
    assert loaded.settings.model is None
    (notice,) = loaded.notices
    assert ".env is ignored" in notice
    assert why in notice


def test_a_dotenv_with_a_byte_order_mark_is_read(folder: Path) -> None:
    (folder / ".env").write_bytes(b"\xef\xbb\xbfCATAGENT_MODEL=x\n")
    assert load({}, environ(folder)).settings.model == "x"


def test_secrets_are_the_values_of_variables_named_like_credentials(folder: Path) -> None:
    given = environ(folder, X_API_KEY="0123456789", DB_PASSWORD="abcdefghijkl", SHORT_KEY="abc")
    assert load({}, given).secrets == ("abcdefghijkl", "0123456789")


@pytest.mark.parametrize(
    "name",
    ["MYSQL_PWD", "REDISCLI_AUTH", "HTTP_AUTHORIZATION", "GH_PAT", "SSH_PRIVATE", "DB_PWD_2"],
)
def test_whole_words_in_a_variables_name_mark_a_secret(folder: Path, name: str) -> None:
    assert load({}, environ(folder, **{name: "0123456789"})).secrets == ("0123456789",)


@pytest.mark.parametrize(
    "name",
    ["PWD", "OLDPWD", "PATH", "PYTHONPATH", "SSH_AUTH_SOCK", "XAUTHORITY", "AUTHOR", "PATTERN"],
)
def test_names_that_only_resemble_a_secrets_are_no_secrets(folder: Path, name: str) -> None:
    assert load({}, environ(folder, **{name: "0123456789"})).secrets == ()


def test_of_opentelemetrys_headers_the_values_are_secrets() -> None:
    headers = "authorization=Bearer%20sesame-open,x-team=another%2Fkey"
    found = secrets_of({"OTEL_EXPORTER_OTLP_TRACES_HEADERS": headers})
    assert {*found} == {"sesame-open", "another%2Fkey", "another/key"}


def test_a_password_in_a_url_is_a_secret_decoded_too(folder: Path) -> None:
    given = environ(folder, DATABASE_URL="postgres://joe:p%40ss%3Aword1@host/x")
    sent = base64.b64encode(b"joe:p@ss:word1").decode()
    assert set(load({}, given).secrets) == {"p%40ss%3Aword1", "p@ss:word1", sent}


@pytest.mark.parametrize(
    ("text", "held", "added"),
    [
        (
            "A=1\nB=${OPENAI_API_KEY}\nEMPTY=",
            {"OPENAI_API_KEY": "mine"},
            {"A": "1", "B": "${OPENAI_API_KEY}"},
        ),
        ("OPENAI_API_KEY=theirs", {"OPENAI_API_KEY": ""}, {}),
        ("LD_PRELOAD=x\nPATH=x\nhttps_proxy=x\nNO_PROXY=x\nPYTHONPATH=x\nSSL_CERT_FILE=x", {}, {}),
        ("AWS_CONFIG_FILE=x\nAWS_SHARED_CREDENTIALS_FILE=x", {"AWS_SECRET_ACCESS_KEY": "m"}, {}),
        ("CATAGENT_AGENT=x:y\nCATAGENT_MAX_COST=0\nVIRTUAL_ENV=x\nREQUESTS_CA_BUNDLE=x", {}, {}),
        ("OPENAI_API_BASE=x\nAZURE_OPENAI_ENDPOINT=x", {"OPENAI_API_KEY": "mine"}, {}),
        ("OPENAI_BASE_URL=x", {"AZURE_OPENAI_API_KEY": "mine"}, {"OPENAI_BASE_URL": "x"}),
        ("FOO_HOST=x\nFOO_PORTAL=https://x\nFOO_ID=1", {"FOO_TOKEN": "mine"}, {"FOO_ID": "1"}),
        ("LANGCHAIN_ENDPOINT=x", {"LANGSMITH_API_KEY": "mine"}, {}),
        ("CO_API_URL=x\nGEMINI_API_BASE=x", {"COHERE_API_KEY": "m", "GOOGLE_API_KEY": "m"}, {}),
        ("XDG_CONFIG_HOME=x\nXDG_STATE_HOME=x", {}, {}),
    ],
)
def test_a_file_of_variables_sets_what_it_may_and_says_what_is_left_out(
    folder: Path, text: str, held: dict[str, str], added: dict[str, str]
) -> None:
    """By name, and never by value."""
    (folder / "named.env").write_text(text)
    loaded = load({}, environ(folder, **held), folder / "named.env")
    assert loaded.environ == {**environ(folder, **held), **added}
    for name, value in (line.split("=", 1) for line in text.splitlines() if line[-1] != "="):
        assert (name in "".join(loaded.notices)) is (name not in added)
        assert len(value) == 1 or value not in "".join(loaded.notices)


def test_a_file_that_has_a_key_may_say_where_it_goes(folder: Path) -> None:
    text = "OPENAI_API_KEY=theirs\nOPENAI_BASE_URL=http://theirs.example"
    (folder / "named.env").write_text(text)
    loaded = load({}, environ(folder), folder / "named.env")
    assert loaded.environ["OPENAI_BASE_URL"] == "http://theirs.example"
    assert loaded.notices == ()


def test_the_address_of_a_dotenv_gets_no_key_of_a_file_that_is_named(folder: Path) -> None:
    (folder / ".env").write_text("OPENAI_BASE_URL=http://evil.example")
    (folder / "named.env").write_text("OPENAI_API_KEY=mine")
    loaded = load({}, environ(folder), folder / "named.env")
    assert "OPENAI_BASE_URL" not in loaded.environ


def test_tracing_that_a_file_turns_on_is_reported(folder: Path) -> None:
    text = "LANGSMITH_TRACING=true\nLANGCHAIN_TRACING_V2=false\nLANGSMITH_OTEL_ENABLED=1"
    (folder / "named.env").write_text(text)
    notices = load({}, environ(folder), folder / "named.env").notices
    assert [notice.partition(" ")[0] for notice in notices] == [
        "LANGSMITH_TRACING",
        "LANGSMITH_OTEL_ENABLED",
    ]


def test_a_file_of_variables_that_is_not_there_is_an_error(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read --env-file none\.env: No such file"):
        load({}, environ(folder), Path("none.env"))
