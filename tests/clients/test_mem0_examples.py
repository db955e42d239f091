"""The example programs of docs/examples, with mem0's published client and a scripted chat model."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import uuid
from pathlib import Path

import pytest

from tests import leaks
from tests.clients import environment
from tests.clients.api_keys import create_key
from tests.clients.mem0_clients import Mem0, Mem0Process
from tests.e2e.running import Service

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
EXAMPLES = DOCS / "examples"
GUIDE = (DOCS / "guides" / "from-mem0.md").read_text()
ALL = {"filters": {"user_id": "*"}}
# Runs an example with a chat model that answers from a script, and writes its prompts to stderr.
RUN = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("example", sys.argv[1])
example = importlib.util.module_from_spec(spec)
spec.loader.exec_module(example)
answers = iter(json.loads(sys.argv[2]))
sys.argv = sys.argv[2:]
def model(messages):
    print(json.dumps(messages), file=sys.stderr)
    return next(answers)
example.main(model)
"""


@pytest.fixture(scope="session")
def mem0_python() -> Path:
    return environment.made(Path(__file__).parent / "mem0_requirements.txt")


def execute(
    python: Path, home: Path, program: str, *arguments: str | Path, said: str = "", host: str = "", key: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a program with the client in an environment of its own."""
    folders = {"MEM0_DIR": str(home), "HOME": str(home)}
    done = subprocess.run(
        [python, "-I", "-c", program, *arguments],
        input=said,
        env={"MEM0_HOST": host, "MEM0_API_KEY": key, "MEM0_TELEMETRY": "False"} | folders,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def run(
    python: Path, service: Service, key: str, home: Path, name: str, answers: list[str], said: str = "", *args: str
) -> tuple[str, list[str]]:
    """The output of an example, and the system prompts that its model got."""
    leaks.net.remember(key, answers, said)
    done = execute(python, home, RUN, EXAMPLES / name, json.dumps(answers), *args, said=said, host=service.url, key=key)
    prompts = [json.loads(line)[0]["content"] for line in done.stderr.splitlines() if line.startswith("[{")]
    return done.stdout, prompts


def test_a_chat_with_memory(mem0_python: Path, service: Service, project_key: str, tmp_path: Path) -> None:
    said = ["Nice city!", "You live in Lisbon."]
    first, _ = run(mem0_python, service, project_key, tmp_path, "chat_with_memory.py", said[:1], "I live in Lisbon\n")
    assert first == "AI: Nice city!\n"
    asked = "Which city do I live in?\n"
    second, prompts = run(mem0_python, service, project_key, tmp_path, "chat_with_memory.py", said[1:], asked)
    assert second == "AI: You live in Lisbon.\n"
    assert "- User lives in Lisbon" in prompts[0]


def test_a_support_bot(mem0_python: Path, service: Service, project_key: str, tmp_path: Path) -> None:
    answers = ["I am sorry. We will send a new one.", "Your printer, as you told us."]
    said = "My printer P200 is broken\nWhich device did I report?\n/known\n/forget\n/known\n"
    told, prompts = run(mem0_python, service, project_key, tmp_path, "support_bot.py", answers, said)
    assert prompts[0].endswith("nothing yet")
    assert "printer P200 is broken" in prompts[1]
    lines = told.splitlines()
    assert lines[:2] == [f"Support: {answer}" for answer in answers]
    assert any("P200" in line for line in lines[2:-2])
    assert lines[-2:] == ["forgotten", "nothing"]


def test_two_agents_of_a_run(mem0_python: Path, service: Service, project_key: str, tmp_path: Path) -> None:
    answers = ["Trams are old\nThe river is the Tagus", "A city of old trams at the Tagus."]
    told, prompts = run(
        mem0_python, service, project_key, tmp_path, "two_agents.py", answers, "", "a trip to Lisbon: trams and river"
    )
    assert prompts[1] == "Write a text of these notes:\nThe river is the Tagus\nTrams are old"
    assert told.splitlines() == [
        "A city of old trams at the Tagus.",
        "user default 3",
        "agent author 1",
        "agent researcher 2",
        "run run-1 3",
    ]


def test_the_program_that_moves_memories(
    mem0_python: Path, mem0_processes: dict[str, Mem0Process], service: Service, admin_key: str, tmp_path: Path
) -> None:
    keys = [create_key(service, admin_key, role="admin", project_ids=[f"project-{uuid.uuid4().hex}"]) for _ in range(2)]
    old, new = (Mem0(mem0_processes["sync"], key) for key in keys)
    said = dt.datetime(2026, 3, 1, 10, 30, tzinfo=dt.UTC)
    old.add("Green tea at five", user_id="alice", infer=False, metadata={"source": "chat", "categories": ["food"]})
    old.add("The ship sails at noon", user_id="alice", agent_id="pilot", run_id="r1", infer=False)
    old.add(
        "Soup of the day", app_id="shop", expiration_date="2999-12-31", infer=False, timestamp=int(said.timestamp())
    )
    *_, program = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    program = program.replace('api_key="m0-…"', f'host="{service.url}", api_key="{keys[0]}"')
    program = program.replace(
        'host="http://127.0.0.1:8080", api_key="mp_…"', f'host="{service.url}", api_key="{keys[1]}"'
    )
    program = program.replace("page_size=100", "page_size=2")
    for _ in range(2):
        execute(mem0_python, tmp_path, program)
    changed = {"id", "created_at", "updated_at"}
    before, after = (
        [
            {name: value for name, value in one.items() if name not in changed}
            for one in client.get_all(**ALL)["results"]
        ]
        for client in (old, new)
    )
    assert len(after) == 3
    for one in before:
        one["metadata"] = {**one["metadata"], "categories": one["categories"]}
    assert sorted(after, key=str) == sorted(before, key=str)
