"""Two agents of one run: a researcher writes notes, an author reads them. `agent_id` and `run_id` separate them.

pip install mem0ai openai
MEM0_HOST=http://127.0.0.1:8080 MEM0_API_KEY=mp_… OPENAI_API_KEY=… python two_agents.py "a trip to Lisbon"
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from mem0 import MemoryClient

ChatModel = Callable[[Sequence[dict[str, str]]], str]


def research(memory: MemoryClient, model: ChatModel, topic: str, run_id: str) -> list[str]:
    """Notes about a topic, each kept word for word."""
    said = model([{"role": "system", "content": "Write notes, one on each line."}, {"role": "user", "content": topic}])
    notes = [line.strip() for line in said.splitlines() if line.strip()]
    for note in notes:
        memory.add(note, agent_id="researcher", run_id=run_id, infer=False)
    return notes


def write(memory: MemoryClient, model: ChatModel, topic: str, run_id: str) -> str:
    """Write a text from the notes that all agents of this run added. The text is stored as a memory of the author."""
    found = memory.search(topic, filters={"run_id": run_id}, top_k=20, threshold=0.0)
    notes = "\n".join(sorted(one["memory"] for one in found["results"]))
    text = model(
        [{"role": "system", "content": f"Write a text of these notes:\n{notes}"}, {"role": "user", "content": topic}]
    )
    memory.add(text, agent_id="author", run_id=run_id, infer=False)
    return text


def openai_model(messages: Sequence[dict[str, str]]) -> str:
    from openai import OpenAI

    made: Any = OpenAI().chat.completions.create(model="gpt-4.1-mini", messages=list(messages))
    return str(made.choices[0].message.content)


def main(model: ChatModel = openai_model) -> None:
    memory, topic, run_id = MemoryClient(host=os.environ["MEM0_HOST"]), sys.argv[1], "run-1"
    research(memory, model, topic, run_id)
    print(write(memory, model, topic, run_id))
    for entity in memory.users()["results"]:
        print(entity["type"], entity["name"], entity["total_memories"])


if __name__ == "__main__":
    main()
