"""A customer-support bot: it knows the customer from earlier conversations, and lists what it knows.

pip install mem0ai openai
MEM0_HOST=http://127.0.0.1:8080 MEM0_API_KEY=mp_… OPENAI_API_KEY=… python support_bot.py
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from mem0 import MemoryClient

ChatModel = Callable[[Sequence[dict[str, str]]], str]
PROMPT = "You are the support of an online shop. Be brief and polite.\nKnown about the customer:\n{}"


class SupportBot:
    def __init__(self, memory: MemoryClient, model: ChatModel, app_id: str = "shop-support") -> None:
        self.memory, self.model, self.app_id = memory, model, app_id

    def handle(self, customer_id: str, question: str) -> str:
        """Answer a question, and keep the conversation with its customer."""
        owners = {"AND": [{"user_id": customer_id}, {"app_id": self.app_id}]}
        known = [one["memory"] for one in self.memory.search(question, filters=owners, top_k=5)["results"]]
        answer = self.model(
            [
                {"role": "system", "content": PROMPT.format("\n".join(known) or "nothing yet")},
                {"role": "user", "content": question},
            ]
        )
        said = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        self.memory.add(said, user_id=customer_id, app_id=self.app_id, metadata={"channel": "chat"})
        return answer

    def known(self, customer_id: str) -> list[str]:
        """Everything that the bot knows of a customer, newest first."""
        found = self.memory.get_all(filters={"AND": [{"user_id": customer_id}, {"app_id": self.app_id}]})
        return [one["memory"] for one in found["results"]]

    def forget(self, customer_id: str) -> None:
        self.memory.delete_all(user_id=customer_id, app_id=self.app_id)


def openai_model(messages: Sequence[dict[str, str]]) -> str:
    from openai import OpenAI

    made: Any = OpenAI().chat.completions.create(model="gpt-4.1-mini", messages=list(messages))
    return str(made.choices[0].message.content)


def main(model: ChatModel = openai_model) -> None:
    bot = SupportBot(MemoryClient(host=os.environ["MEM0_HOST"]), model)
    for line in sys.stdin:
        match line.strip():
            case "/known":
                print("\n".join(bot.known("customer-1")) or "nothing", flush=True)
            case "/forget":
                bot.forget("customer-1")
                print("forgotten", flush=True)
            case question:
                print("Support:", bot.handle("customer-1", question), flush=True)


if __name__ == "__main__":
    main()
