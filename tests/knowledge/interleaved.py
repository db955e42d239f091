"""A sequence of writes, taken in as it comes with passes in between, or one by one."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from types import SimpleNamespace
from typing import Any

import time_machine
from django.db import OperationalError, connection

from apikeys.models import Tenant
from core.ids import MEMORY, public
from memories.errors import ProviderUnavailable
from memories.models import Memory, Source, WriteQueue
from memories.pipeline import owner_pass, write_queue
from memories.services.store import enqueue_writes
from memories.services.update import source_for
from memories.types import SourceState
from tests import build
from tests.build import Caller
from tests.knowledge.sequences import USERS, Change, Edit, Erase, Operation, Pass, Request, Step, Store, Talk, Write

LEASE = dt.timedelta(seconds=31)  # longer than a lease
LONG = dt.timedelta(seconds=60)
MAX_ROUNDS = 60  # of passes after which all must be applied


class Killed(BaseException):
    """The worker was killed."""


@dataclass
class World:
    """A tenant with two users. `taken`: what has taken effect so far, in this order, by user. `erased`: writes that
    were erased before they were applied."""

    clock: time_machine.Traveller
    tenant: Tenant = field(default_factory=build.tenant)
    writes: list[Write] = field(default_factory=list)
    sources: dict[int, uuid.UUID] = field(default_factory=dict)
    memories: dict[int, uuid.UUID] = field(default_factory=dict)
    accepted: dict[dt.datetime, int] = field(default_factory=dict)
    taken: dict[str, list[Operation]] = field(default_factory=lambda: {user: [] for user in USERS})
    erased: set[int] = field(default_factory=set)
    away_at: int | None = None  # the call of the embedding model that fails

    def __post_init__(self) -> None:
        self.caller: Caller = build.caller(self.tenant)

    # --- requests ---
    def send(self, request: Request) -> None:
        headers = {} if request.wait else {"Prefer": "respond-async"}
        first = request.writes[0]
        if isinstance(first, Change):
            if not Memory.objects.filter(tenant=self.tenant, id=self.memories[first.target]).exists():
                return  # refused, as long as its target is not stored
            self._change(first, wait=request.wait)
        elif isinstance(first, Talk):
            assert self.caller.post("/api/v1/ingest/conversation", first.body(), **headers).status_code == 202
        elif request.together:
            items = [write.body() for write in request.writes if isinstance(write, Store)]
            answer = self.caller.post("/api/v1/memories/batch", {"items": items}, **headers)
            assert (answer.status_code, answer.json()["failed"]) == (202, 0)
        else:
            assert self.caller.post("/api/v1/memories", first.body(), **headers).status_code == 202
        new = Source.objects.filter(tenant=self.tenant).exclude(id__in=self.sources.values())
        found = list(new.order_by("accepted_at", "id").values_list("id", "reserved_id", "accepted_at"))
        for write, (source, memory, moment) in zip(request.writes, found, strict=True):
            self.writes.append(write)
            self.sources[write.label] = source
            self.accepted[moment] = write.label
            if memory is not None:
                self.memories[write.label] = memory

    def _change(self, change: Change, *, wait: bool) -> None:
        """Accepted whatever the state of its target, since earlier writes that are pending may change that."""
        target: Any = SimpleNamespace(
            id=self.memories[change.target], project="default", user_id=change.user, agent_id=change.agent, run_id=None
        )
        by: Any = SimpleNamespace(tenant_id=self.tenant.id, caller="test")
        enqueue_writes([source_for(by, target, change.kind, change.content, {})], wait=wait)

    def edit(self, edit: Edit) -> None:
        body = {"metadata": {"edited": edit.value}}
        self._settle(edit.user)
        answer = self.caller.patch(f"/api/v1/memories/{public(MEMORY, self.memories[edit.target])}", body)
        assert answer.status_code in (200, 404, 409), answer.content
        if answer.status_code == 200:
            self.taken[edit.user].append(edit)

    def erase(self, erase: Erase) -> None:
        pending = self._settle(erase.user)
        if erase.target is None:
            answer = self.caller.delete(f"/v1/memories/user/{erase.user}")
            assert answer.status_code == 200, answer.content
        else:
            answer = self.caller.delete(f"/api/v1/memories/{public(MEMORY, self.memories[erase.target])}")
            assert answer.status_code in (200, 404), answer.content
        still = self._pending(erase.user)
        self.erased |= {label for label in pending if label not in still}
        if erase.target not in self.erased:
            self.taken[erase.user].append(erase)

    def _pending(self, user: str) -> set[int]:
        rows = Source.objects.filter(tenant=self.tenant, user_id=user, state=SourceState.PENDING)
        waiting = set(rows.values_list("id", flat=True))
        return {label for label, source in self.sources.items() if source in waiting}

    def _settle(self, user: str) -> set[int]:
        """Note what has been applied by now; → what has not."""
        pending, taken = self._pending(user), self.taken[user]
        done = {one.label for one in taken if isinstance(one, Write)} | self.erased | pending
        taken += [write for write in self.writes if write.user == user and write.label not in done]
        return pending

    # --- passes ---
    def work(self, step: Pass) -> None:
        row = WriteQueue.objects.filter(tenant=self.tenant, user_id=step.user).first()
        if row is None:
            return
        self.away_at = step.at if step.trouble == "away" else None
        try:
            with self._disturbed(step, row.id):
                owner_pass.run(self.tenant.id, row.id)
        except (Killed, OperationalError):
            self.clock.shift(LEASE)
        finally:
            self.away_at = None

    @contextmanager
    def _disturbed(self, step: Pass, queue: uuid.UUID) -> Iterator[None]:
        number, over = -1, False

        def disturb(execute: Callable[..., Any], *args: Any) -> Any:
            nonlocal number, over
            number += 1
            if number >= step.at and not over and (step.trouble in ("killed", "cut") or not connection.in_atomic_block):
                over = True
                match step.trouble:
                    case "killed":
                        raise Killed
                    case "cut":
                        raise OperationalError("the connection is lost")
                    case "overtaken":
                        self.clock.shift(LEASE)
                        aside(lambda: owner_pass.run(self.tenant.id, queue))
                    case "erased":
                        assert step.erase is not None
                        aside(lambda: self.erase(step.erase))
            return execute(*args)

        if not step.trouble or step.trouble == "away":
            yield
            return
        with connection.execute_wrapper(disturb):
            yield

    def model_called(self) -> None:
        """Raises ProviderUnavailable at the call that is to fail."""
        if self.away_at is not None:
            self.away_at -= 1
            if self.away_at < 0:
                self.away_at = None
                raise ProviderUnavailable

    def drain(self) -> None:
        """Passes without trouble until nothing is pending."""
        for _ in range(MAX_ROUNDS):
            if not any(self._pending(user) for user in USERS):
                break
            self.clock.shift(LONG)
            write_queue.sweep()
            for user in USERS:
                self.work(Pass(user))
        self.clock.shift(LEASE)  # a lease that a killed worker left behind
        write_queue.sweep()
        for user in USERS:
            self.work(Pass(user))
            assert not self._settle(user)
        queues = WriteQueue.objects.filter(tenant=self.tenant)
        assert set(queues.values_list("due_at", "lease_until", "lease_token")) <= {(None, None, None)}

    def do(self, step: Step) -> None:
        match step:
            case Request():
                self.send(step)
            case Pass():
                self.work(step)
            case Erase():
                self.erase(step)
            case Edit():
                self.edit(step)


def aside(act: Callable[[], None]) -> None:
    """Do it on a connection of its own, and wait for it."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def one_by_one(operations: list[Operation], clock: time_machine.Traveller) -> World:
    """Each write is applied by a pass of its own before the next is sent."""
    world = World(clock)
    for operation in operations:
        if isinstance(operation, Write):
            world.send(Request((operation,)))
            world.work(Pass(operation.user))
            assert not world._pending(operation.user)
        else:
            world.do(operation)
    world.drain()
    return world
