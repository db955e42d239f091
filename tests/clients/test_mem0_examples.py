"""The example programs of docs/examples, with mem0's published client and a scripted chat model."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests import leaks
from tests.clients import environment
from tests.e2e.running import Service

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "docs" / "examples"
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


def run(
    python: Path, service: Service, key: str, home: Path, name: str, answers: list[str], said: str = "", *args: str
) -> tuple[str, list[str]]:
    """The output of an example, and the system prompts that its model got."""
    leaks.net.remember(key, answers, said)
    done = subprocess.run(
        [python, "-I", "-c", RUN, EXAMPLES / name, json.dumps(answers), *args],
        input=said,
        env={
            "MEM0_HOST": service.url,
            "MEM0_API_KEY": key,
            "MEM0_TELEMETRY": "False",
            "MEM0_DIR": str(home),
            "HOME": str(home),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
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
