"""The embedded model's file: where it is found, and how it is fetched, whole or not at all."""

from __future__ import annotations

import ensurepip
import hashlib
import importlib.util
import os
import shutil
import sys
import threading
from pathlib import Path

import pytest

from catagent import config
from catagent.errors import NetworkError, UsageError
from catagent.models.embedded import download, weights
from tests.support.index import Index, wheel_of

CONTENT = b"GGUF" + b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(10_000))
_KEPT = ("PATH", "COVERAGE_PROCESS_CONFIG")  # the second where coverage is measured
# A wheel whose file wants a password.
LOCKED = wheel_of(b"GGUF and other weights").replace(b"\x14\0\0\0", b"\x14\0\1\0")
UV = shutil.which("uv") or shutil.which("build/uv/bin/uv")


@pytest.fixture(autouse=True)
def small_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "SHA256", hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pip that is installed, or else the one that Python brings along."""
    if importlib.util.find_spec("pip") is None:
        wheel = next((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
        monkeypatch.syspath_prepend(wheel)


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """The installer that is quicker to start: uv, or where there is none pip."""
    if UV is None:
        request.getfixturevalue("pip")
        return
    uv, found = str(Path(UV).resolve()), importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == "pip" else found(n))
    monkeypatch.setattr(shutil, "which", lambda _: uv)


def settings(home: Path, address: str = "", **environ: str) -> config.Loaded:
    of_pip = {"PIP_INDEX_URL": address, "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
    of_uv = {
        "UV_INDEX_URL": address,
        "UV_NO_CONFIG": "1",
        "UV_HTTP_RETRIES": "0",
        "UV_CACHE_DIR": str(home / "uv"),
    }
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    kept |= {"HOME": str(home), "CATAGENT_HOME": str(home)}
    path = os.pathsep.join(one for one in sys.path if "pip-" in one)
    return config.load({}, {**kept, **of_pip, **of_uv, "PYTHONPATH": path, **environ})


def fetch(loaded: config.Loaded) -> list[str]:
    """Fetch it, check what came, and return what was said meanwhile."""
    said: list[str] = []
    path = weights.fetch(loaded, threading.Event(), said.append)
    assert path.read_bytes() == CONTENT
    assert left_over(loaded) == [weights.FILE]
    return said


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
    monkeypatch.setattr("catagent.models.embedded.weights.PACKAGE", "no_such_package")
    loaded = settings(tmp_path)
    assert weights.find(loaded) is None
    loaded.cache_dir.mkdir()
    cached = loaded.cache_dir / weights.FILE
    cached.write_bytes(CONTENT)
    assert weights.find(loaded) == cached


@pytest.mark.usefixtures("pip")
def test_fetching_weights_goes_on_where_it_was_cut_and_asks_for_no_byte_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder := tmp_path / "strangers").mkdir()
    (folder / "pip.py").write_text("raise SystemExit('this was not to be run')")
    monkeypatch.chdir(folder)
    with Index(CONTENT, 100_000, 50_000) as index:
        said = fetch(settings(tmp_path, index.address))
    assert index.asked == [None, "bytes=100000-", "bytes=150000-"]
    assert index.sent == len(index.wheel)
    assert said[0] == "fetching the embedded model"
    assert said[-1].endswith(" of 93 MB")


@pytest.mark.usefixtures("installer")
def test_fetching_weights_begins_anew_where_a_server_knows_no_ranges(tmp_path: Path) -> None:
    with Index(CONTENT, 100_000, ranges=False) as index:
        fetch(settings(tmp_path, index.address))
    assert index.asked == [None, "bytes=100000-"]
    assert index.sent == 100_000 + len(index.wheel)


@pytest.mark.usefixtures("installer")
def test_fetching_weights_that_was_stopped_goes_on_the_next_time(tmp_path: Path) -> None:
    with Index(CONTENT, -200_000) as index:
        loaded, stopped = settings(tmp_path, index.address), threading.Event()
        part = loaded.cache_dir / "SmolLM2-135M-Instruct.Q4_1.part"

        told: list[str] = []

        def stop_in(said: str) -> None:
            told.append(said)
            if " of " in said:
                stopped.set()

        with pytest.raises(NetworkError, match="stopped") as raised:
            weights.fetch(loaded, stopped, stop_in)
        assert "kept" in raised.value.hint
        assert told[-1].startswith("stopped fetching the embedded model: 0 of 93 MB")
        assert left_over(loaded) == [part.name]
        have = part.stat().st_size
        fetch(loaded)
    assert index.asked == [None, f"bytes={have}-"]


@pytest.mark.usefixtures("installer")
def test_a_whole_wheel_that_was_left_is_not_fetched_again(tmp_path: Path) -> None:
    with Index(CONTENT) as index:
        loaded = settings(tmp_path, index.address)
        loaded.cache_dir.mkdir()
        (loaded.cache_dir / "SmolLM2-135M-Instruct.Q4_1.part").write_bytes(index.wheel)
        (loaded.cache_dir / "fetching-of-one-that-was-killed/package").mkdir(parents=True)
        fetch(loaded)
    assert index.sent == 0


@pytest.mark.usefixtures("installer")
@pytest.mark.parametrize("beginning", [b"", b"no wheel" * 50, LOCKED])
def test_damaged_weights_are_refused_and_leave_nothing(tmp_path: Path, beginning: bytes) -> None:
    with Index(b"GGUF and other weights") as index:
        loaded = settings(tmp_path, index.address)
        loaded.cache_dir.mkdir()
        (loaded.cache_dir / "SmolLM2-135M-Instruct.Q4_1.part").write_bytes(beginning)
        with pytest.raises(NetworkError, match="damaged"):
            fetch(loaded)
        assert left_over(loaded) == []


@pytest.mark.usefixtures("installer")
def test_weights_of_an_index_that_wants_a_login_come_through_the_installer(tmp_path: Path) -> None:
    with Index(CONTENT, login="ann:canary-of-a-login") as index:
        said = fetch(settings(tmp_path, index.address))
        assert index.asked == []
        assert "canary" not in str(said)


@pytest.mark.usefixtures("installer")
def test_an_installer_that_fails_is_quoted(tmp_path: Path) -> None:
    with Index(CONTENT) as index:
        loaded = settings(tmp_path, index.address)
    with pytest.raises(NetworkError, match=r"could not be fetched: .*\w") as raised:
        fetch(loaded)
    assert "CATAGENT_LOCAL_MODEL" in raised.value.hint
    assert left_over(loaded) == []


@pytest.mark.usefixtures("installer")
def test_of_two_processes_one_fetches_the_weights_and_the_other_waits(tmp_path: Path) -> None:
    with Index(CONTENT) as index:
        loaded = settings(tmp_path, index.address)
        said: list[list[str]] = []
        threads = [threading.Thread(target=lambda: said.append(fetch(loaded))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert index.asked == [None]
    assert any("another process" in line for lines in said for line in lines)


def test_a_download_gives_up_after_tries_that_bring_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_PAUSE_S", 0)
    with Index(CONTENT, 1000, status=503) as index, (tmp_path / "part").open("w+b") as file:
        with pytest.raises(SystemExit, match="its server answered 503"):
            download.main(index.address.replace("/simple", "/files/x.whl"), file)
        assert index.asked == [None] + ["bytes=1000-"] * download.TRIES
    assert (tmp_path / "part").stat().st_size == 1000


def test_a_download_that_has_no_end_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_MOST", 1000)
    with Index(CONTENT) as index, (tmp_path / "part").open("w+b") as file:
        download.main(index.address.replace("/simple", "/files/x.whl"), file)
    assert 1000 < (tmp_path / "part").stat().st_size < len(CONTENT)


def test_fetching_weights_where_nothing_installs_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match="no pip or uv"):
        fetch(settings(tmp_path))


def test_fetching_weights_wants_room_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "_NEEDED", 10**18)
    loaded = settings(tmp_path)
    with pytest.raises(UsageError, match="No space left") as raised:
        fetch(loaded)
    assert str(loaded.cache_dir) in raised.value.message
    assert left_over(loaded) == []


def test_a_weights_cache_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(UsageError, match="cannot fetch"):
        fetch(settings(tmp_path))
