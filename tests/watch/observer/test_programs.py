"""Real programs with the observer in them: what it records, and that nothing changes for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.observed import environment, kinds, models, observe, run_python, runs
from tests.support.scripts import cat
from tests.support.server import ScriptedServer

TOKENS = ["j0 ", "j1 ", "j2 "]
FAKE = """
    import asyncio, os, signal, sys, threading
    from langchain_core.language_models.fake_chat_models import FakeListChatModel
    model = FakeListChatModel(responses=["abc"])
"""


def asking(server: ScriptedServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "a-key-of-tests"}


def test_every_way_to_call_a_model_is_recorded_with_every_token_once(tmp_path: Path) -> None:
    program = """
        import asyncio, threading
        from langchain_openai import ChatOpenAI
        from langchain_core.runnables import RunnableLambda
        model = ChatOpenAI(model="stub")
        model.invoke("plain")
        for _ in model.stream("streamed"): pass
        async def one(_):
            async for _ in model.astream("at once"): pass
        async def main():
            await asyncio.gather(*(RunnableLambda(one).ainvoke(i) for i in range(3)))
        asyncio.run(main())
        threads = [threading.Thread(target=lambda: list(model.stream("thread"))) for _ in range(3)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    """
    with ScriptedServer(cat()) as server:
        seen = observe(program, tmp_path, environ=asking(server))
    assert (seen.done.returncode, seen.done.stderr) == (0, "")
    plain, *streamed = models(seen.records)
    assert plain.tokens == []
    assert plain.ends[0][3]["v"]["content"] == "".join(TOKENS)
    assert len(streamed) == 7
    assert all([token for token in run.tokens if token] == TOKENS for run in streamed)
    assert all(len(run.ends) == 1 for run in runs(seen.records))
    at_once = [run for run in streamed if run.about["parent"] is not None]
    assert len({run.about["parent"] for run in at_once}) == 3


GRAPH = """
    from typing import Annotated, TypedDict
    from langchain_core.messages import AIMessage, HumanMessage
    from langchain_core.tools import tool
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.graph import START, StateGraph
    from langgraph.graph.message import add_messages
    from langgraph.prebuilt import ToolNode
    from langgraph.types import Command, interrupt

    class State(TypedDict):
        messages: Annotated[list, add_messages]

    @tool
    def ask() -> str:
        "Ask a person."
        return interrupt("sure?")

    call = {"name": "ask", "args": {}, "id": "call_1"}
    graph = StateGraph(State)
    graph.add_node("decide", lambda state: {"messages": AIMessage("", tool_calls=[call])})
    graph.add_node("act", ToolNode([ask]))
    graph.add_edge(START, "decide")
    graph.add_edge("decide", "act")
    graph = graph.compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    graph.invoke({"messages": [HumanMessage("hello")]}, config)
    graph.invoke(Command(resume="yes"), config)
"""


def test_a_graph_with_a_pause_has_its_nodes_tools_and_interrupt_recorded(tmp_path: Path) -> None:
    found = runs(observe(GRAPH, tmp_path).records)
    first, decide, act, tool, second, *_ = found
    assert [run.about["name"] for run in found[:4]] == ["LangGraph", "decide", "act", "ask"]
    assert first.about["input"]["messages"][0]["v"]["content"] == "hello"
    assert first.about["metadata"]["thread_id"] == "1"
    assert decide.ends[0][3]["messages"]["v"]["tool_calls"][0]["name"] == "ask"
    assert tool.about["tool_call_id"] == "call_1"
    for paused in (act, tool):
        [error] = [end[3] for end in paused.ends]
        assert "langgraph.errors.GraphInterrupt" in error["mro"]
        assert error["interrupts"][0]["v"]["value"] == "sure?"
    assert second.about["input"]["v"]["resume"] == "yes"
    assert found[-1].ends[0][3]["v"]["content"] == "yes" if found[-1] is not second else True


def test_a_forked_and_a_spawned_process_have_files_of_their_own(tmp_path: Path) -> None:
    program = (
        FAKE
        + """
    import multiprocessing
    def work(_):
        return model.invoke("inside").content
    if __name__ == "__main__":
        with model_run():
            pass
        for method in ("fork", "spawn"):
            with multiprocessing.get_context(method).Pool(1) as pool:
                print(pool.map(work, [1]))
    """.replace("with model_run():\n            pass", 'next(model.stream("open while it forks"))')
    )
    seen = observe(program, tmp_path)
    assert seen.done.stdout == "['abc']\n['abc']\n", seen.done.stderr
    assert len(seen.processes) == 3
    inputs = sorted(
        models(each)[0].about["input"][0]["v"]["content"] for each in seen.processes.values()
    )
    assert inputs == ["inside", "inside", "open while it forks"]


ENDS = {
    "exit": "os._exit(3)",
    "kill": "os.kill(os.getpid(), signal.SIGKILL)",
    "segfault": "os.kill(os.getpid(), signal.SIGSEGV)",
    "raise": "1 / 0",
}


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_lost_however_the_program_ends(end: str, tmp_path: Path) -> None:
    program = (
        FAKE
        + f"""
    stream = FakeListChatModel(responses=["x" * 500]).stream("go")
    for _ in range(400): next(stream)
    {ENDS[end]}
    """
    )
    seen = observe(program, tmp_path)
    assert seen.done.returncode != 0
    [model] = models(seen.records)
    assert "".join(model.tokens) == "x" * 400


def test_a_signal_handler_that_calls_a_model_never_waits_for_its_own_thread(tmp_path: Path) -> None:
    """Where it comes in while a record is written its own is given up, and counted."""
    program = (
        FAKE
        + """
    quick, handled = FakeListChatModel(responses=["ab"]), []
    def handle(*_):
        handled.append(list(quick.stream("in a handler")))
        signal.setitimer(signal.ITIMER_REAL, 0.001)
    list(quick.stream("imports what it needs"))
    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    for _ in range(5):
        for _ in FakeListChatModel(responses=["x" * 500]).stream("outside"): pass
    signal.signal(signal.SIGALRM, signal.SIG_IGN)  # a handler that is due sets the timer again
    print(len(handled))
    """
    )
    seen = observe(program, tmp_path)
    assert seen.done.returncode == 0, seen.done.stderr
    assert int(seen.done.stdout) > 0
    outside = [run for run in models(seen.records) if len(run.tokens) > 5]
    assert ["".join(run.tokens) for run in outside] == ["x" * 500] * 5


def test_a_full_disk_stops_the_recording_and_not_the_program(tmp_path: Path) -> None:
    """No file may grow beyond the first segment's size: what does not fit is counted in it."""
    program = (
        FAKE
        + """
    import resource
    model.invoke("before")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    for i in range(12): model.invoke(f"{i}" + "y" * 500_000)
    print("done")
    """
    )
    seen = observe(program, tmp_path)
    assert (seen.done.stdout, seen.done.stderr, seen.done.returncode) == ("done\n", "", 0)
    assert models(seen.records)[0].about["input"][0]["v"]["content"] == "before"
    assert "lost" in kinds(seen.records)


def test_no_space_at_all_leaves_no_file_behind(tmp_path: Path) -> None:
    limit = """
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    """
    seen = observe(f'{limit}{FAKE}\n    print(model.invoke("hello").content)', tmp_path)
    assert (seen.done.stdout, seen.done.stderr) == ("abc\n", "")
    assert seen.processes == {}


def test_a_process_is_recorded_before_its_first_run(tmp_path: Path) -> None:
    looked_for = "from importlib.util import find_spec; find_spec('langchain_core')"
    seen = observe(f"{looked_for}; {looked_for}; import langchain_core", tmp_path)
    assert kinds(seen.records) == ["process", "secrets"]


SAME = """
    from langchain_core.callbacks import UsageMetadataCallbackHandler
    from langchain_openai import ChatOpenAI
    from pydantic import BaseModel
    class Place(BaseModel): place: str
    model, usage = ChatOpenAI(model="stub"), UsageMetadataCallbackHandler()
    answer = model.invoke("hello", config={"callbacks": [usage]})
    print(type(answer).__name__, sorted(answer.response_metadata), usage.usage_metadata)
    try: model.with_structured_output(Place, method="json_schema").invoke("a place")
    except Exception as error: print(type(error).__name__, error)
    print([each.content for each in model.batch(["a", "b"])])
    print([type(each).__name__ for each in model.stream("a")])
"""


def test_a_watched_program_does_what_it_does_otherwise(tmp_path: Path) -> None:
    """The same output, and the same requests: nothing is streamed that was not."""
    with ScriptedServer(cat()) as server:
        seen = observe(SAME, tmp_path, environ=asking(server))
        watched = [request.body for request in server.requests]
        server.requests.clear()
        program = str(tmp_path / "program.py")
        alone = run_python(program, environ=environment(None, **asking(server)))
    assert alone.returncode == 0, alone.stderr
    assert (seen.done.stdout, seen.done.stderr) == (alone.stdout, alone.stderr)
    order = [str(sorted(body.items())) for body in watched]
    assert sorted(order) == sorted(str(sorted(request.body.items())) for request in server.requests)


def test_models_are_made_to_stream_only_where_that_is_asked_for(tmp_path: Path) -> None:
    program = """
        from langchain_openai import ChatOpenAI
        print(ChatOpenAI(model="stub").invoke("hello").content)
    """
    with ScriptedServer(cat()) as server:
        environ = asking(server) | {"CATAGENT_WATCH_TOKENS": "1"}
        seen = observe(program, tmp_path, environ=environ)
        assert [request.streams for request in server.requests] == [True]
    assert seen.done.stdout == "".join(TOKENS) + "\n"
    [model] = models(seen.records)
    assert [token for token in model.tokens if token] == TOKENS


def test_secrets_of_the_program_come_before_the_runs_that_may_show_them(tmp_path: Path) -> None:
    program = (
        FAKE
        + """
    model.invoke("one")
    os.environ["MY_API_KEY"] = "secret-of-later"
    model.invoke("two")
    """
    )
    environ = {"DB_PASSWORD": "secret-of-the-start", "MY_AUTH_TYPE": "no-secret", "N": "plain"}
    records = observe(program, tmp_path, environ=environ).records
    found = [(at, record[2]) for at, record in enumerate(records) if record[0] == "secrets"]
    starts = [at for at, record in enumerate(records) if record[0] == "start"]
    first = {"DB_PASSWORD": "secret-of-the-start"}
    assert [each for _, each in found] == [first, first | {"MY_API_KEY": "secret-of-later"}]
    assert found[0][0] < starts[0] < found[1][0] < starts[1]
