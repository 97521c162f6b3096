"""Asks the evaluation questions end to end: the real server, `create_agent`, the real tools.

Right means: the right tools in the right order, the arguments copied, an end, and an answer
that names what the tools returned. The tools' texts are sampled by the same model, so a run
also tells how often these are in the asked-for form.
"""

import argparse
import asyncio
import json
import re
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain_openai import ChatOpenAI

from . import serve
from .bank import SETS, read_questions
from .paths import SHIPPED, WORK, use_project
from .sample import is_listing
from .world import ITEM

use_project()
from catagent.agents import cat_prompts  # noqa: E402
from catagent.agents.cat import make_tools  # noqa: E402
from catagent.models.embedded.word_runs import CopyingChatOpenAI  # noqa: E402

STEPS = 14  # of the graph: a loop is a failure, not a wait
WHERE, ITEMS, JOKE = "where_cat_is_hiding", "get_items", "tell_me_a_joke_about"
PLAN = {
    "chain": [WHERE, ITEMS],
    "where": [WHERE],
    "items": [ITEMS],
    "joke": [JOKE],
    "wjoke": [WHERE, JOKE],
    "direct": [],
}


@dataclass
class Run:
    """What happened with one question."""

    kind: str
    question: str
    expected: str
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    answer: str = ""
    error: str = ""
    seconds: float = 0.0
    tools_right: bool = False
    arguments_right: bool = False
    answer_right: bool = False
    text_right: bool = True

    @property
    def right(self) -> bool:
        """Everything about the agent's own part is right."""
        return self.tools_right and self.arguments_right and self.answer_right


def squeeze(text: str) -> str:
    """A text without case, spacing and the punctuation around it."""
    return re.sub(r"\s+", " ", text).strip(" .\"'").lower()


def judge(run: Run) -> None:
    """Fill in the verdicts."""
    run.tools_right = [name for name, _ in run.calls] == PLAN[run.kind] and not run.error
    if not run.tools_right:
        return
    given = [next(iter(a.values()), "") for name, a in run.calls if name != WHERE]
    wanted = [run.results[0]] if run.kind in ("chain", "wjoke") else run.expected.split(" / ")
    run.arguments_right = not given or squeeze(given[0]) in map(squeeze, wanted)
    run.answer_right = all(squeeze(part) in squeeze(run.answer) for part in _to_name(run))
    run.answer_right &= 0 < len(run.answer) < 700 and not _invents(run)
    run.text_right = all(map(_well_formed, PLAN[run.kind], run.results))


def _to_name(run: Run) -> list[str]:
    """What a faithful answer has to hold."""
    parts = []
    for name, text in zip(PLAN[run.kind], run.results, strict=True):
        names = [name for name, _ in ITEM.findall(text)] if name == ITEMS else []
        parts += names or [text]
    return parts[1:] if run.kind == "chain" else parts


def _invents(run: Run) -> bool:
    """Whether the answer numbers more items than the tool returned."""
    found = ITEM.findall(run.results[-1]) if run.kind in ("chain", "items") else []
    return bool(found) and len(re.findall(r"(?m)^\d+\. ", run.answer)) > len(found)


def _well_formed(name: str, text: str) -> bool:
    if name == ITEMS:
        return is_listing(text)
    return bool(text) and "\n" not in text and len(text) < (60 if name == WHERE else 300)


async def ask(agent: Any, run: Run) -> None:
    """Run the agent on one question."""
    began = time.monotonic()
    try:
        question = {"messages": [("user", run.question)]}
        state = await agent.ainvoke(question, {"recursion_limit": STEPS})
    except Exception as error:  # whatever it is, the question failed
        run.error = repr(error)[:200]
    else:
        messages = state["messages"]
        calls = [call for m in messages if m.type == "ai" for call in m.tool_calls]
        run.calls = [(call["name"], call["args"]) for call in calls]
        run.results = [m.text for m in messages if m.type == "tool"]
        run.answer = messages[-1].text
    run.seconds = round(time.monotonic() - began, 2)
    judge(run)


def build_agent(address: str) -> Any:
    """The product's own agent, on a candidate's server."""
    options: dict[str, Any] = {"base_url": f"{address}/v1", "api_key": "none", "model": "local"}
    options["max_retries"] = 0
    decides = CopyingChatOpenAI(**options | serve.AGENT_SAMPLING)
    tells = ChatOpenAI(**options, extra_body=serve.TOOL_SAMPLING)
    return create_agent(decides, make_tools(tells), system_prompt=cat_prompts.AGENT_SYSTEM)


def report(runs: list[Run]) -> None:
    """Print accuracy by kind."""
    by_kind = defaultdict(list)
    for run in runs:
        by_kind[run.kind].append(run)
        by_kind["all"].append(run)
    print(f"{'kind':8}{'n':>5}{'tools':>7}{'args':>7}{'answer':>8}{'right':>7}{'text':>6}{'s':>7}")
    for kind, rows in by_kind.items():
        counts = [
            sum(getattr(row, name) for row in rows)
            for name in ("tools_right", "arguments_right", "answer_right", "right", "text_right")
        ]
        seconds = sum(row.seconds for row in rows) / len(rows)
        print(
            f"{kind:8}{len(rows):5}{counts[0]:7}{counts[1]:7}{counts[2]:8}{counts[3]:7}"
            f"{counts[4]:6}{seconds:7.1f}  {counts[3] / len(rows):.1%}"
        )


async def evaluate(address: str, questions: list[tuple[str, str, str]]) -> list[Run]:
    """Ask them all in turn; print every verdict, and the whole of what is not right."""
    agent, runs = build_agent(address), []
    for kind, question, expected in questions:
        run = Run(kind, question, expected)
        await ask(agent, run)
        runs.append(run)
        verdict = "right" if run.right else "WRONG"
        print(
            verdict, "text" if not run.text_right else "", kind, question, run.seconds, flush=True
        )
        if not run.right or not run.text_right:
            print("    ", run.calls, run.results, repr(run.answer), run.error, flush=True)
    return runs


def main() -> None:
    """Run as `python -m catlora.evaluate [SET] [--adapter FILE]`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("questions", nargs="?", default="dev", choices=SETS)
    parser.add_argument("--adapter", type=Path, default=SHIPPED / "adapter.gguf")
    parser.add_argument("--kinds", nargs="*", default=list(PLAN), choices=list(PLAN))
    parser.add_argument("--every", type=int, default=1, help="ask only every n-th question")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--out", type=Path, default=WORK / "runs.json")
    args = parser.parse_args()
    questions = [row for row in read_questions(args.questions) if row[0] in args.kinds]
    server = serve.start(args.adapter, threads=args.threads)
    runs = asyncio.run(evaluate(server.listening_address, questions[:: args.every]))
    report(runs)
    args.out.parent.mkdir(exist_ok=True)
    args.out.write_text(json.dumps([asdict(run) for run in runs], ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
