"""Asks the evaluation questions end to end: the real server, `create_agent`, the real tools.

Right means: the right tools in the right order, the arguments copied, an end, and an answer
that names what the tools returned. The tools' texts are sampled by the same model, so a run
also tells how often these are in the asked-for form. In a conversation of several turns, what a
question points back to is what was said in it: the place found, the topic joked about.
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
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI

from . import serve
from .bank import POINTING, SETS, THREADS, Turn, read_questions, read_threads
from .paths import SHIPPED, WORK, use_project
from .sample import is_listing
from .threads import ERRORS
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
    "there": [ITEMS],
    "there_joke": [JOKE],
    "another": [JOKE],
    "also_items": [ITEMS],
    "also_joke": [JOKE],
    "joke_1": [JOKE],
    "joke_2": [JOKE],
    "still": [WHERE],
    "recall_place": [],
    "recall_joke": [],
    "recall_items": [],
}


@dataclass
class Run:
    """What happened with one question."""

    kind: str
    question: str
    expected: str
    turn: str = "first"  # or "later", of its own; or "pointing" back
    recalled: list[str] = field(default_factory=list)  # what to say again without a tool
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
    run.tools_right = run.turn != "pointing" or _is_known(run)
    if not run.tools_right:
        return
    run.arguments_right = not given or squeeze(given[0]) in map(squeeze, wanted)
    run.answer_right = all(squeeze(part) in squeeze(run.answer) for part in _to_name(run))
    run.answer_right &= 0 < len(run.answer) < 700 and not _invents(run)
    run.text_right = all(map(_well_formed, PLAN[run.kind], run.results))


def _to_name(run: Run) -> list[str]:
    """What a faithful answer has to hold."""
    parts = list(run.recalled)
    for name, text in zip(PLAN[run.kind], run.results, strict=True):
        names = [name for name, _ in ITEM.findall(text)] if name == ITEMS else []
        parts += names or [text]
    return parts[1:] if run.kind == "chain" else parts


def _invents(run: Run) -> bool:
    """Whether the answer numbers more items than the tool returned."""
    found = ITEM.findall(run.results[-1]) if PLAN[run.kind][-1:] == [ITEMS] else []
    return bool(found) and len(re.findall(r"(?m)^\d+\. ", run.answer)) > len(found)


def _well_formed(name: str, text: str) -> bool:
    if name == ITEMS:
        return is_listing(text)
    return bool(text) and "\n" not in text and len(text) < (60 if name == WHERE else 300)


def _is_known(run: Run) -> bool:
    """Whether there is what this question points back to: an earlier turn may have failed."""
    return bool(run.recalled or run.expected or run.kind == "still")


@dataclass
class Said:
    """A conversation as it goes: its messages, and what was said in it last."""

    messages: list[AnyMessage] = field(default_factory=list)
    place: str = ""
    topic: str = ""
    joke: str = ""
    names: list[str] = field(default_factory=list)

    def run(self, turn: Turn) -> Run:
        """What is expected of the next turn, now that the conversation has come this far."""
        at = "pointing" if turn.kind in POINTING else "later" if self.messages else "first"
        run = Run(turn.kind, turn.question, turn.argument or self._meant(turn.kind), at)
        again = {"recall_place": [self.place], "recall_joke": [self.joke]}
        again["recall_items"] = self.names
        run.recalled = [text for text in again.get(turn.kind, []) if text]
        return run

    def _meant(self, kind: str) -> str:
        if kind.startswith("joke_"):
            at = int(kind[-1])
            return self.names[at - 1] if len(self.names) >= at else ""
        return {"there": self.place, "there_joke": self.place, "another": self.topic}.get(kind, "")

    def note(self, run: Run) -> None:
        """Remember what a turn was about."""
        for (name, arguments), text in zip(run.calls, run.results, strict=False):
            given = next(iter(arguments.values()), "")
            if name == JOKE:
                self.topic, self.joke = given, text
                continue
            self.place = given or text
            self.names = [name for name, _ in ITEM.findall(text)] if name == ITEMS else self.names

    def stop(self, turn: Turn) -> None:
        """A turn whose first call never returned, closed as the product closes it."""
        name = PLAN[turn.kind.removeprefix("stopped ")][0]
        arguments = {"place" if name == ITEMS else "topic": turn.argument} if turn.argument else {}
        made = {"name": name, "args": arguments, "id": "stopped", "type": "tool_call"}
        self.messages += [
            HumanMessage(turn.question),
            AIMessage("", tool_calls=[made]),
            ToolMessage(ERRORS[0], tool_call_id="stopped", status="error"),
        ]


async def ask(agent: Any, said: Said, run: Run) -> None:
    """Run the agent on one question of a conversation."""
    began, before = time.monotonic(), len(said.messages)
    try:
        question = {"messages": [*said.messages, HumanMessage(run.question)]}
        state = await agent.ainvoke(question, {"recursion_limit": STEPS})
    except Exception as error:  # whatever it is, the question failed
        run.error = repr(error)[:200]
    else:
        said.messages = state["messages"]
        new = said.messages[before:]
        calls = [call for m in new if isinstance(m, AIMessage) for call in m.tool_calls]
        run.calls = [(call["name"], call["args"]) for call in calls]
        run.results = [m.text for m in new if m.type == "tool"]
        run.answer = new[-1].text
        said.note(run)
    run.seconds = round(time.monotonic() - began, 2)
    judge(run)


def build_agent(address: str) -> Any:
    """The product's own agent, on a candidate's server."""
    options: dict[str, Any] = {"base_url": f"{address}/v1", "api_key": "none", "model": "local"}
    options |= {"max_retries": 0, "model_kwargs": {"extra_headers": {"Connection": "close"}}}
    decides = CopyingChatOpenAI(**options | serve.AGENT_SAMPLING)
    tells = ChatOpenAI(**options, extra_body=serve.TOOL_SAMPLING)
    return create_agent(decides, make_tools(tells), system_prompt=cat_prompts.AGENT_SYSTEM)


def report(runs: list[Run]) -> None:
    """Print accuracy by kind, and by where in a conversation a question stood."""
    groups = defaultdict(list)
    for run in runs:
        groups[run.turn, run.kind].append(run)
        groups[run.turn, "all"].append(run)
    print(
        f"{'turn':9}{'kind':13}{'n':>5}{'tools':>7}{'args':>7}{'answer':>8}{'right':>7}{'text':>6}"
    )
    for (turn, kind), rows in sorted(groups.items()):
        counts = [
            sum(getattr(row, name) for row in rows)
            for name in ("tools_right", "arguments_right", "answer_right", "right", "text_right")
        ]
        seconds = sum(row.seconds for row in rows) / len(rows)
        print(
            f"{turn:9}{kind:13}{len(rows):5}{counts[0]:7}{counts[1]:7}{counts[2]:8}{counts[3]:7}"
            f"{counts[4]:6}  {counts[3] / len(rows):.1%}, {seconds:.1f} s"
        )


async def evaluate(address: str, threads: list[list[Turn]]) -> list[Run]:
    """Hold all conversations; print every verdict, and the whole of what is not right."""
    agent, runs = build_agent(address), []
    for thread in threads:
        said = Said()
        for turn in thread:
            if turn.kind.startswith("stopped "):
                said.stop(turn)
                continue
            run = said.run(turn)
            await ask(agent, said, run)
            runs.append(run)
            _print(run)
    return runs


def _print(run: Run) -> None:
    verdict = "right" if run.right else "WRONG"
    text = "" if run.text_right else "text"
    print(verdict, text, run.turn, run.kind, run.question, run.seconds, flush=True)
    if not run.right or not run.text_right:
        wanted = run.recalled or run.expected
        print("    ", wanted, run.calls, run.results, repr(run.answer), run.error, flush=True)


def read(name: str) -> list[list[Turn]]:
    """A set of questions: each is a conversation of one turn where it is on its own."""
    if name in THREADS:
        return read_threads(name)
    return [[Turn(*row)] for row in read_questions(name)]


def main() -> None:
    """Run as `python -m catlora.evaluate [SET] [--adapter FILE]`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("questions", nargs="?", default="dev", choices=(*SETS, *THREADS))
    parser.add_argument("--adapter", type=Path, default=SHIPPED / "adapter.gguf")
    parser.add_argument("--every", type=int, default=1, help="hold only every n-th conversation")
    parser.add_argument("--threads", type=int, default=0, help="of the processor")
    parser.add_argument("--out", type=Path, default=WORK / "runs.json")
    args = parser.parse_args()
    server = serve.start(args.adapter, threads=args.threads)
    asked = read(args.questions)[:: args.every]
    runs = asyncio.run(evaluate(server.listening_address, asked))
    report(runs)
    args.out.parent.mkdir(exist_ok=True)
    args.out.write_text(json.dumps([asdict(run) for run in runs], ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
