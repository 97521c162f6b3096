"""What help ends with: examples, of which a command has its first three, variables, exit codes."""

EXAMPLES = """\
catagent "what items are located where the cat is hiding?"
catagent --mode steps where is the cat hiding
catagent watch -- python my_program.py
catagent ask "what items are located where the cat is hiding?"
catagent ask --agent my_graph.py:graph --input '{"topic": "cats", "depth": 2}'
git diff | catagent ask -o answer "what changed?" > answer.txt
catagent tool
catagent tool get_items place="on a table"
catagent tool my_package.my_module:my_tool query=cats -o plain
catagent watch -- python my_program.py
catagent watch my_program.py --focus researcher
eval "$(catagent watch --env)"
catagent agents
catagent agents my_agent.py:agent
catagent agents cat --json
catagent replay last
catagent replay run.jsonl --speed 0 -o plain
cat run.jsonl | catagent replay - --include-types tool
catagent show
catagent show 3f2a9c1d --prompts
catagent show run.jsonl
catagent runs --failed --limit 5
catagent runs --search "under the sofa"
catagent runs rm 3f2a9c1d
catagent runs show 3f2a9c1d
catagent runs show last --json
catagent runs rm 3f2a9c1d 77ab02e4
catagent runs path last
cp "$(catagent runs path 3f2a9c1d)" run.jsonl
catagent export run.html --open
catagent export 3f2a9c1d run.cast --title "Where the cat hides"
catagent export --structure-only run.jsonl - --format jsonl > shared.jsonl
catagent schema
catagent schema > events.schema.json
catagent schema | python -m json.tool
"""
_RUNNING = ("catagent", "ask", "tool", "agents")
# By the last word of a command; "" for all others.
VARIABLES = dict.fromkeys(_RUNNING, "OPENAI_API_KEY, OPENAI_BASE_URL, CATAGENT_MODEL and so on")
VARIABLES[""] = "CATAGENT_HOME, CATAGENT_COLOR and other settings; NO_COLOR"
CODES = {
    **dict.fromkeys(
        _RUNNING,
        "0 done, 1 failed, 2 usage, 3 a limit, 4 no API key, 5 waits for an answer, "
        "124 timeout, 130 Ctrl-C, 141 pipe closed",
    ),
    "": "0 done, 1 no such run or a damaged one, 2 usage",
    "watch": "the program's own, 2 usage, 126 not executable, 127 not found",
    "schema": "0 done, 2 usage",
}
