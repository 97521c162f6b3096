"""The benchmarks measure what they say: real processes, and counts that are checked."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.measure import (
    Cost,
    FailedError,
    environment,
    least,
    middle,
    on_terminal,
    piped,
    ratio,
    rounds_of,
    until_request,
)
from benchmarks.tokens import MiscountError, check, slope

BUSY = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass\n"
ASK = """
import os, urllib.request
{}
urllib.request.urlopen(os.environ["OPENAI_BASE_URL"] + "/chat/completions")
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


@pytest.mark.parametrize("open_to", [piped, on_terminal])
def test_a_cost_is_what_the_process_used_and_wrote(
    tmp_path: Path, open_to: Callable[..., Callable[[], Cost]]
) -> None:
    code = BUSY.format(0.2) + "print('x' * 100_000, flush=True)\nprint('there')"
    cost = open_to(python(code), environment(tmp_path), b"there")()
    assert 0.2 <= cost.cpu_s < 2.0
    assert b"there" in cost.output
    assert len(cost.output) == cost.written > 100_000
    assert 0.2 <= cost.first_s <= cost.wall_s + 0.1
    assert cost.rss_mb > 1


def test_the_cpu_up_to_a_marker_is_measured_apart(tmp_path: Path) -> None:
    code = BUSY.format(0.2) + "print('there', flush=True)\n" + BUSY.format(0.2)
    cost = piped(python(code), environment(tmp_path), b"there")()
    assert 0.2 <= cost.first_cpu_s < cost.cpu_s


def test_a_command_that_fails_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(FailedError, match="ended with 3: no such thing"):
        piped(
            python("import sys; sys.stderr.write('no such thing'); sys.exit(3)"),
            environment(tmp_path),
        )()


@pytest.mark.skipif(sys.platform != "linux", reason="reads another process's CPU clock")
def test_the_first_request_ends_the_measurement(tmp_path: Path) -> None:
    """Threads that have ended by then are counted too."""
    busy = "import threading\ndef work():\n  " + BUSY.format(0.2).replace("\n", "\n  ")
    code = ASK.format(
        busy + "\nthread = threading.Thread(target=work)\nthread.start()\nthread.join()"
    )
    cost = until_request(python(code), environment(tmp_path))()
    assert 0.2 <= cost.cpu_s < 5.0


def test_rounds_take_turns() -> None:
    """What slows the machine for a while slows all cases, not one."""
    order: list[str] = []

    def case(name: str, cpu: float) -> Callable[[], Cost]:
        def run() -> Cost:
            order.append(name)
            return Cost(cpu_s=cpu)

        return run

    costs = rounds_of({"a": case("a", 1.0), "b": case("b", 2.0)}, 2)
    assert order == ["a", "b"] * 3
    assert (least(costs["a"]), middle(costs["b"]), ratio(costs, "a", "b")) == (1.0, 2.0, 0.5)


def test_ratios_pair_what_ran_side_by_side() -> None:
    costs = {"a": [Cost(1), Cost(10), Cost(2)], "b": [Cost(2), Cost(20), Cost(4)]}
    assert ratio(costs, "a", "b") == 0.5


def test_the_slope_leaves_out_the_start_up() -> None:
    (cost,) = slope([Cost(cpu_s=3.0)], [Cost(cpu_s=1.0)], 1000)
    assert cost.cpu_s == pytest.approx(2000)


def test_a_lost_token_fails_the_benchmark() -> None:
    costs = {"loop events": [Cost(1, output=b"9\n")]}
    with pytest.raises(MiscountError, match="loop events"):
        check(costs, tokens=2)
