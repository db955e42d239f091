"""A chat loop with memory: the client of mem0, unmodified, and any chat model.

pip install mem0ai openai
MEM0_HOST=http://127.0.0.1:8080 MEM0_API_KEY=mp_… OPENAI_API_KEY=… python chat_with_memory.py
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from mem0 import MemoryClient

ChatModel = Callable[[Sequence[dict[str, str]]], str]
SYSTEM = "You are a helpful assistant. Answer the question with the help of these memories of the user:\n{}"


def chat(memory: MemoryClient, model: ChatModel, message: str, user_id: str) -> str:
    """One turn: search, answer, remember."""
    found = memory.search(message, filters={"user_id": user_id}, top_k=3)
    memories = "\n".join(f"- {one['memory']}" for one in found["results"])
    messages = [
        {"role": "system", "content": SYSTEM.format(memories or "- none")},
        {"role": "user", "content": message},
    ]
    answer = model(messages)
    memory.add([*messages[1:], {"role": "assistant", "content": answer}], user_id=user_id)
    return answer


def openai_model(messages: Sequence[dict[str, str]]) -> str:
    from openai import OpenAI

    made: Any = OpenAI().chat.completions.create(model="gpt-4.1-mini", messages=list(messages))
    return str(made.choices[0].message.content)


def main(model: ChatModel = openai_model) -> None:
    memory = MemoryClient(host=os.environ["MEM0_HOST"])  # the key is read from MEM0_API_KEY
    for line in sys.stdin:
        print("AI:", chat(memory, model, line.strip(), user_id="alice"), flush=True)


if __name__ == "__main__":
    main()
