"""What docs/scale.md says of the files in examples/scale. The cluster itself is tried by hand."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "scale"
TEXT = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
SCRIPT = (EXAMPLE / "start.sh").read_text(encoding="utf-8")
ADDRESSES = dict(re.findall(r"\b(FRONT|ONE|TWO)=(127\.0\.0\.1:\d+)", SCRIPT))


@pytest.fixture
def example_agent(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("scale_example_agent", EXAMPLE / "agent.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LETTER_SECONDS", 0)
    return module


def test_the_scale_example_answers_each_question_with_its_own_words(
    example_agent: ModuleType,
) -> None:
    given = {"messages": [("user", "Where is cat number 7?")]}
    state = asyncio.run(example_agent.graph.ainvoke(given))
    assert state["messages"][-1].text == "An answer to: Where is cat number 7?"


def test_every_file_that_scale_md_names_is_in_the_example() -> None:
    named = set(re.findall(r"[\w.-]+\.(?:sh|py|txt|yml|env|json|cfg)\b", TEXT))
    assert {"start.sh", "stop.sh", "agent.py", "aegra.env", "compose.yml"} <= named
    for name in named - {"questions.txt"}:
        assert (EXAMPLE / name).is_file(), name


@pytest.mark.parametrize("script", ["start.sh", "stop.sh"])
def test_the_scale_example_has_scripts_that_bash_reads(script: str) -> None:
    assert os.access(EXAMPLE / script, os.X_OK)
    subprocess.run(["bash", "-n", EXAMPLE / script], check=True)


def test_the_scale_example_has_one_address_in_all_its_files() -> None:
    front = ADDRESSES["FRONT"]
    assert set(re.findall(r"http://([\w.:]+)", TEXT)) == {front}
    services = msgspec.yaml.decode((EXAMPLE / "compose.yml").read_bytes())["services"]
    assert services["front"]["ports"] == [f"{front}:{front.rpartition(':')[2]}"]
    assert services["one"]["env_file"] == services["two"]["env_file"] == "aegra.env"


def test_the_scale_example_names_images_alone_and_pins_every_package() -> None:
    services = msgspec.yaml.decode((EXAMPLE / "compose.yml").read_bytes())["services"]
    images = [service["image"] for service in services.values() if "image" in service]
    assert all(re.fullmatch(r"[a-z]+:[\d.]+", image) for image in images), images
    pinned = (EXAMPLE / "requirements.txt").read_text(encoding="utf-8").split()
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in pinned), pinned


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")
def test_haproxy_reads_the_configuration_of_the_scale_example() -> None:
    command = ["haproxy", "-c", "-q", "-f", str(EXAMPLE / "haproxy.cfg")]
    done = subprocess.run(command, env=os.environ | ADDRESSES, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
