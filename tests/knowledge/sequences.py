"""Random sequences of writes of two owners, handed over in random ways, and what is kept of them in the end."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from types import SimpleNamespace
from typing import Any

import time_machine
from django.db import OperationalError, connection
from hypothesis import strategies as st

from apikeys.models import Tenant
from entities.models import Alias, EntityRevision, Evidence, Mention, Relation
from memories.models import Embedding, Memory, Outcome, Owner, Passage, Revision, Source, WriteQueue
from memories.pipeline import owner_pass, write_queue
from memories.providers.base import ProviderUnavailable
from memories.services.store import accept
from memories.services.update import source_for
from memories.types import SourceKind, SourceState
from memproject.common.ids import MEMORY, public
from tests import build
from tests.build import Caller

USERS = ("ann", "ben")
LEASE = dt.timedelta(seconds=31)  # longer than a lease
LONG = dt.timedelta(seconds=60)
MOST_ROUNDS = 60  # of passes after which all must be applied
MOST_HISTORIES = 3  # that are read over HTTP; all are compared in the tables
MOST_KILLS = 3  # of one owner: a write whose worker was killed three times is set aside
LIST = "/api/v1/memories?limit=1000&user_id="
ENTITIES = "/api/v1/entities?limit=1000&user_id="
TEXTS = (
    "I live in Gent.",
    "I moved to Namur.",
    "I live in Antwerp now.",
    "I work at Acme.",
    "I now work for Globex.",
    "I no longer work at Acme.",
    "My sister Julia lives in Rome.",
    "Julia moved to Oslo.",
    "I have a dog called Rex.",
    "My favourite colour is green.",
    "My favourite colour is blue.",
    "Tom works at Globex as an engineer. He likes chess.",
    "I live in Gent. I moved to Namur.",
)
FORMS = (*["one"] * 3, *["batch"] * 2, "talk", *["change"] * 2, "erase", "edit", *["pass"] * 4)
SAID_AT = (None, None, None, None, "2024-05-01T10:00:00Z", "2025-05-01T10:00:00Z")


# --- what is sent ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Store:
    label: int
    user: str
    content: str
    verbatim: bool = False
    agent: str | None = None
    said_at: str | None = None

    def body(self) -> dict[str, Any]:
        said = {"content": self.content, "user_id": self.user, "skip_extraction": self.verbatim}
        more = {"agent_id": self.agent, "timestamp": self.said_at}
        return said | {name: value for name, value in more.items() if value is not None}


@dataclass(frozen=True)
class Talk:
    label: int
    user: str
    messages: tuple[tuple[str, str], ...]
    verbatim: bool = False
    agent: str | None = None

    def body(self) -> dict[str, Any]:
        turns = [{"role": role, "content": content} for role, content in self.messages]
        return {"messages": turns, "user_id": self.user, "options": {"infer": not self.verbatim}}


@dataclass(frozen=True)
class Change:
    """An update, supersede or restore of the first memory of the write `target`."""

    label: int
    user: str
    kind: SourceKind
    target: int
    agent: str | None
    content: str = ""


@dataclass(frozen=True)
class Erase:
    """An erasure of the first memory of the write `target`, or of all of the user."""

    user: str
    target: int | None


@dataclass(frozen=True)
class Edit:
    """A change of metadata, which takes effect at once."""

    user: str
    target: int
    value: int


@dataclass(frozen=True)
class Request:
    """Writes in one request: a batch if `together`, else the only one of them."""

    writes: tuple[Store | Talk | Change, ...]
    together: bool = False
    wait: bool = True


@dataclass(frozen=True)
class Pass:
    """A pass of a worker for `user`. `trouble` comes at its statement number `at` (of the model: at a call of it).

    killed: the worker ends there. cut: the connection breaks. away: the embedding model fails. overtaken: the worker
    stops until its lease has passed and another one has applied what was pending. erased: an erasure comes between.
    """

    user: str
    trouble: str = ""
    at: int = 0
    erase: Erase | None = None


Write = Store | Talk | Change
Step = Request | Pass | Erase | Edit
Operation = Write | Erase | Edit


@st.composite
def sequences(draw: st.DrawFn) -> list[Step]:
    """Steps whose targets are writes sent before them."""
    labels = iter(range(1000))
    stored: dict[str, list[Store | Talk]] = {user: [] for user in USERS}
    kills = dict.fromkeys(USERS, 0)
    users, texts = st.sampled_from(USERS), st.sampled_from(TEXTS)

    def store(user: str) -> Store:
        verbatim, agent = (
            draw(st.sampled_from([False, False, False, True])),
            draw(st.sampled_from([None, None, "scribe"])),
        )
        return Store(next(labels), user, draw(texts), verbatim, agent, draw(st.sampled_from(SAID_AT)))

    def talk(user: str) -> Talk:
        turns = st.lists(st.tuples(st.sampled_from(["user", "user", "assistant"]), texts), min_size=2, max_size=4)
        return Talk(next(labels), user, tuple(draw(turns)), draw(st.sampled_from([False, False, True])))

    def change(user: str) -> Change:
        kind = draw(st.sampled_from([SourceKind.UPDATE, SourceKind.SUPERSEDE, SourceKind.RESTORE]))
        target = draw(st.sampled_from(stored[user]))
        content = "" if kind is SourceKind.RESTORE else draw(texts)
        return Change(next(labels), user, kind, target.label, target.agent, content)

    def erase(user: str) -> Erase:
        return Erase(user, draw(st.sampled_from([None, *(one.label for one in stored[user])])))

    def work(user: str) -> Pass:
        trouble = draw(st.sampled_from(["", "", "killed", "killed", "cut", "away", "overtaken", "erased"]))
        if trouble in ("killed", "cut", "overtaken"):
            kills[user] += 1
            if kills[user] > MOST_KILLS:
                trouble = ""
        between = erase(user) if trouble == "erased" else None
        return Pass(user, trouble, draw(st.integers(0, 5) if trouble == "away" else st.integers(0, 80)), between)

    steps: list[Step] = []
    for _ in range(draw(st.integers(5, 14))):
        user, wait = draw(users), draw(st.booleans())
        form = draw(st.sampled_from(FORMS))
        if form in ("change", "erase", "edit") and not stored[user]:
            form = "one"
        made: list[Write] = []
        match form:
            case "one":
                made = [store(user)]
            case "batch":
                made = [store(one) for one in draw(st.lists(users, min_size=2, max_size=5))]
            case "talk":
                made = [talk(user)]
            case "change":
                made = [change(user)]
            case "erase":
                steps.append(erase(user))
            case "edit":
                steps.append(Edit(user, draw(st.sampled_from(stored[user])).label, draw(st.integers(0, 9))))
            case "pass":
                steps.append(work(user))
        if made:
            steps.append(Request(tuple(made), form == "batch", wait))
        for write in made:
            if not isinstance(write, Change):
                stored[write.user].append(write)
    return steps


# --- how it is taken in ----------------------------------------------------------------------------------------------
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
        found = list(new.order_by("accepted_at", "id").values_list("id", "allocated_id", "accepted_at"))
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
        accept([source_for(by, target, change.kind, change.content, {})], wait=wait)

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
        for _ in range(MOST_ROUNDS):
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

    # --- what is kept ---
    def kept(self, user: str) -> dict[str, Any]:
        """All that can be read of a user, with texts in place of ids and writes in place of times."""
        return Kept(self, user).all()


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


def by_text(memories: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(memories, key=lambda memory: (memory["content"], str(memory.get("agent_id"))))


# --- the end state ---------------------------------------------------------------------------------------------------
def grouped(rows: Iterable[Any], name: str) -> dict[uuid.UUID, list[Any]]:
    found: dict[uuid.UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, name), []).append(row)
    return found


@dataclass
class Kept:
    world: World
    user: str

    def __post_init__(self) -> None:
        mine = {"tenant": self.world.tenant, "user_id": self.user}
        self.revisions: dict[uuid.UUID, list[Revision]] = {}
        for row in Revision.objects.filter(**mine).order_by("recorded_at", "id"):
            self.revisions.setdefault(row.memory_key, []).append(row)
        of_tenant = {"tenant": self.world.tenant}
        self.passages = grouped(Passage.objects.filter(**mine).order_by("ordinal").defer("tsv"), "text_key")
        self.current = grouped(Embedding.objects.filter(**mine).defer("vector"), "text_key")
        self.outcomes = grouped(Outcome.objects.filter(**of_tenant).order_by("position"), "source_key")
        self.writes = {row.id: row for row in Source.objects.filter(**mine)}
        self.names = {row.entity_key: row for row in EntityRevision.objects.filter(**mine, retired_at=None)}
        self.aliases = grouped(Alias.objects.filter(**of_tenant), "entity_key")
        self.mentions = grouped(Mention.objects.filter(**of_tenant), "entity_key")
        self.evidence = grouped(Evidence.objects.filter(**of_tenant), "relation_key")
        self.labels = {source: label for label, source in self.world.sources.items()}
        self.mine = mine

    def all(self) -> dict[str, Any]:
        listed = self.world.caller.get(LIST + self.user).json()["memories"]
        entities = self.world.caller.get(ENTITIES + self.user).json()["entities"]
        passages = Owner.objects.filter(**self.mine).values_list("passages", flat=True)
        return {
            "listed": [(memory["content"], memory.get("agent_id")) for memory in by_text(listed)],
            "histories": sorted([self._history(m["id"]) for m in by_text(listed)[:MOST_HISTORIES]], key=repr),
            "memories": sorted((self._memory(row) for row in Memory.objects.filter(**self.mine)), key=repr),
            "passages": sum(passages),
            "writes": {w.label: self._write(w.label) for w in self.world.writes if w.user == self.user},
            "named": sorted((e["name"], e["type"], e["memory_count"]) for e in entities),
            "entities": sorted((self._entity(row) for row in self.names.values()), key=repr),
            "relations": sorted((self._relation(row) for row in Relation.objects.filter(**self.mine)), key=repr),
        }

    def _history(self, memory_id: str) -> list[tuple[Any, ...]]:
        found = self.world.caller.get(f"/api/v1/memories/{memory_id}/history").json()
        rows = found.get("history") or found["revisions"]
        return [tuple(row.get(name) for name in ("content", "action", "event", "old_content")) for row in rows]

    def _text(self, memory: uuid.UUID | None) -> str | None:
        """A memory by its first text and the write that it came of."""
        if memory is None:
            return None
        rows = self.revisions.get(memory)
        return None if rows is None else f"{rows[0].content} ({self._write_of(rows[0].source_key)})"

    def _write_of(self, source: uuid.UUID | None) -> int | None:
        return None if source is None else self.labels.get(source)

    def _when(self, moment: dt.datetime | None) -> Any:
        return self.world.accepted.get(moment, moment) if moment is not None else None

    def _plain(self, said: Any) -> Any:
        """Public ids of memories as texts."""
        known = {public(MEMORY, memory): self._text(memory) for memory in self.revisions}
        return re.sub(r"mem_\w+", lambda match: str(known.get(match[0])), repr(said))

    def _memory(self, row: Memory) -> tuple[Any, ...]:
        return (
            self._text(row.id),
            self._when(row.created_at),
            row.agent_id,
            row.pinned,
            row.importance,
            [self._revision(revision, number) for number, revision in enumerate(self.revisions[row.id])],
        )

    def _revision(self, row: Revision, number: int) -> tuple[Any, ...]:
        ids = [one.id for one in self.revisions[row.memory_key]]
        assert (row.retired_at is None) == (number == len(ids) - 1)
        return (
            *(row.action, row.content, row.agent_id, row.archived, row.memory_type, row.metadata, row.confidence),
            *(self._plain(row.reason), row.evidence, self._write_of(row.source_key), ids.index(row.text_key)),
            *(self._when(row.valid_from), self._when(row.valid_to)),
            [(p.start, p.stop, p.turn, p.role) for p in self.passages.get(row.id, ())],
            [e.current for e in self.current.get(row.id, ())],
        )

    def _write(self, label: int) -> Any:
        row = self.writes.get(self.world.sources[label])
        if row is None:
            return None
        outcomes = self.outcomes.get(row.id, ())
        decided = [(o.position, o.decision, self._text(o.memory_key), self._text(o.replaces_key)) for o in outcomes]
        return row.state, row.failure, row.blanked_at is not None, self._plain(row.result), decided

    def _entity(self, row: EntityRevision) -> tuple[Any, ...]:
        aliases = [(alias.name, alias.normalised) for alias in self.aliases.get(row.entity_key, ())]
        mentions = [(self._text(m.memory_key), m.retired_at is None) for m in self.mentions.get(row.entity_key, ())]
        return row.name, row.type, row.disambiguator, sorted(aliases), sorted(mentions, key=repr)

    def _name(self, entity: uuid.UUID) -> str:
        return str(self.names[entity].name)

    def _relation(self, row: Relation) -> tuple[Any, ...]:
        rows = self.evidence.get(row.id, ())
        evidence = sorted(((self._text(e.memory_key), e.retired_at is None) for e in rows), key=repr)
        return (
            *(self._name(row.source_key), row.type, self._name(row.target_key), row.properties),
            *(self._when(row.valid_from), self._when(row.valid_to), row.retired_at is None, evidence),
        )
