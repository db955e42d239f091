"""Webhooks through real processes: the worker sends after its fork, side by side, and the clock brings the next try."""

from __future__ import annotations

from dataclasses import replace

from tests.e2e.running import Service, eventually
from tests.receiver import receiving

WANTED = ["memory.created", "memory.deleted"]


def test_a_memory_is_told_of_when_it_comes_and_when_it_goes(service: Service, admin_key: str) -> None:
    admin = replace(service, key=admin_key)
    with receiving([503]) as receiver:
        asked = {"url": receiver.url, "events": WANTED, "user_id": "told"}
        status, hook, _ = admin.call("POST", "/api/v1/webhooks", asked)
        assert status == 201, hook
        _, stored, _ = service.call("POST", "/api/v1/memories", {"content": "The vault opens at 9", "user_id": "told"})
        service.store("Nobody is told of this", "another")
        eventually(lambda: len(receiver.messages) == 2)
        first, second = receiver.messages
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        created = second.verified(hook["secret"])
        assert (created["type"], created["user_id"], created["data"]["id"], created["data"]["content"]) == (
            "memory.created",
            "told",
            stored["memories"][0]["id"],
            stored["memories"][0]["content"],
        )
        service.call("DELETE", f"/api/v1/memories/{created['data']['id']}")
        eventually(lambda: len(receiver.messages) == 3)
        assert receiver.messages[2].verified(hook["secret"])["type"] == "memory.deleted"
        path = f"/api/v1/webhooks/{hook['id']}"

        def tries() -> list[list[int]]:
            log = admin.call("GET", path + "/deliveries")[1]["deliveries"]
            return [[a["status_code"] for a in d["attempts"]] for d in log]

        eventually(lambda: tries() == [[200], [503, 200]])
        admin.call("DELETE", path)
