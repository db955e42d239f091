"""Named people and what they say: the smallest things that tests are made of."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from apikeys import services
from apikeys.models import ApiKey, Tenant
from apikeys.scopes import Role
from core.ids import MEMORY, REVIEW, parse, public
from core.tenancy import across_tenants
from memories.models import Memory, Review, Source, WriteQueue
from memories.pipeline import apply, owner_pass
from tests import leaks


@dataclass
class Caller:
    """An API client with a key, as a program has it."""

    secret: str
    row: ApiKey | None = None

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        leaks.net.remember(self.secret, path, body)
        raw = body if isinstance(body, bytes | str) else json.dumps(body) if body is not None else ""
        sent = {"Authorization": f"Bearer {self.secret}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        return Client(raise_request_exception=False).generic(
            method, path, raw, content_type="application/json", headers=sent
        )

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.request("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.request("POST", path, body, **headers)

    def put(self, path: str, body: Any) -> HttpResponse:
        return self.request("PUT", path, body)

    def patch(self, path: str, body: Any) -> HttpResponse:
        return self.request("PATCH", path, body)

    def delete(self, path: str, body: Any = None) -> HttpResponse:
        return self.request("DELETE", path, body)

    def store(self, content: str, **fields: Any) -> dict[str, Any]:
        """Store through `/api/v1` and give the answer of a store that succeeded."""
        response = self.post("/api/v1/memories", {"content": content, **fields})
        assert response.status_code == 201, response.content
        return response.json()

    def accept(self, content: str, **fields: Any) -> dict[str, Any]:
        """Store through `/api/v1` while no worker runs, and give the answer: the write is pending."""
        response = self.post("/api/v1/memories", {"content": content, **fields})
        body = response.json()
        assert (response.status_code, body["status"]) == (202, "pending"), body
        assert response["Location"] == f"/api/v1/events/{body['event_id']}"
        return body

    def recall(self, query: str, **fields: Any) -> dict[str, Any]:
        response = self.post("/api/v1/memories/recall", {"query": query, "threshold": 0, **fields})
        assert response.status_code == 200, response.content
        return response.json()

    def recalled(self, query: str, **fields: Any) -> list[str]:
        """The texts that a recall finds, best first."""
        return [m["content"] for m in self.recall(query, **fields)["memories"]]


def one_time_token(page: HttpResponse) -> str:
    """The token in a form of the admin that makes a key."""
    (token,) = re.findall(r'name="one_time_token" value="([^"]+)"', page.content.decode())
    return token


def tenant(slug: str | None = None) -> Tenant:
    slug = slug or f"t{uuid.uuid4().hex[:12]}"
    return Tenant.objects.get_or_create(slug=slug, erased_at=None)[0]


def caller(of: Tenant | None = None, role: Role = Role.EDITOR, **fields: Any) -> Caller:
    """A caller with a fresh key: an editor of the default tenant, unless said otherwise."""
    new = services.create(tenant=of or tenant("default"), name="test", role=role, created_by="test", **fields)
    return Caller(new.secret, new.row)


def review(
    old: str, new: str, proposal: str = "supersede", *, probability: float = 0.6, reason: str = "another value"
) -> str:
    """Put a pair of memories into the review queue, as a pass does; → the id of the review."""
    keys = [parse(MEMORY, memory) for memory in (old, new)]
    with across_tenants("a test"):
        memory = Memory.objects.get(id=keys[0])
    row = Review(
        tenant_id=memory.tenant_id,
        project=memory.project,
        user_id=memory.user_id,
        old_key=keys[0],
        new_key=keys[1],
        proposal=proposal,
        probability=probability,
        reason=reason,
    )
    with transaction.atomic():
        apply.add_reviews(memory.tenant_id, [row])
    return public(REVIEW, row.id)


def source_of(body: dict[str, Any]) -> Source:
    """The write that an answer names by its event."""
    with across_tenants("a test"):
        return Source.objects.get(id=parse("evt", body["event_id"]))


def queue(source: Source) -> WriteQueue:
    """The queue that an accepted write waits in."""
    return WriteQueue.objects.get(tenant=source.tenant_id, project=source.project, user_id=source.user_id)


def one_pass(source: Source) -> None:
    """One pass of a worker over what waits for the owner of a write. A slow one leaves writes to the next."""
    owner_pass.run(source.tenant_id, queue(source).id)


def work(source: Source) -> None:
    """Apply what waits for the owner of a write, as workers do: each pass that leaves writes asks for the next one."""
    asked = WriteQueue.objects.filter(tenant=source.tenant_id, id=queue(source).id, lease_until=None, enqueued__gt=0)
    one_pass(source)
    while asked.exists():
        one_pass(source)
