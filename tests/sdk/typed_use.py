"""What a type checker sees of the Python client: mypy reads this file, nothing runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from mem0_client import AsyncMemoryClient, MemoryClient
from mem0_client import types as t


def sync(client: MemoryClient) -> None:
    assert_type(client.add("I like tea", user_id="ada"), t.AddResult)
    assert_type(client.add([{"role": "user", "content": "I like tea"}], infer=False), t.AddResult)
    assert_type(client.search("tea", limit=5, filters={"source": "chat"})["results"][0]["score"], float)
    assert_type(client.get("mem_1", include=["history"])["expires_at"], str | None)
    assert_type(client.iterate("ada"), Iterator[t.Memory])
    changed = client.update("mem_1", "I like coffee", expires_at=None)
    if "content" in changed:
        assert_type(changed, t.Memory)
    else:
        assert_type(changed, t.PendingUpdate)
    client.search("tea", user="ada")  # type: ignore[call-arg]
    client.search("tea", limit="5")  # type: ignore[arg-type]


async def awaited(client: AsyncMemoryClient) -> None:
    assert_type(await client.add("I like tea", user_id="ada"), t.AddResult)
    assert_type(await client.delete_user("ada"), t.ErasureReceipt)
    assert_type(await client.wait_for_event("evt_1"), t.Event)
    assert_type(client.iterate("ada"), AsyncIterator[t.Memory])
    await client.delete(1)  # type: ignore[arg-type]
