"""Reads of the past equal a model that replays the history, whatever happened to the memories since."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import uuid
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apikeys.services import default_tenant
from core.clock import UTC, iso
from core.ids import MEMORY, parse
from memories.models import Revision
from memories.pipeline import apply, expire
from memories.types import MemoryScope
from tests import build
from tests.build import Caller

API, V1 = "/api/v1/memories", "/v1/memories"
# Hours before a change of clocks in one of ZONES, which a history of some days goes across.
STARTS = [
    dt.datetime(2026, 3, 7, 20, tzinfo=UTC),
    dt.datetime(2026, 3, 28, 20, tzinfo=UTC),
    dt.datetime(2026, 10, 24, 20, tzinfo=UTC),
    dt.datetime(2026, 10, 31, 20, tzinfo=UTC),
]
ZONES = [UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), dt.timezone(dt.timedelta(hours=5, minutes=45))]
WORDS = ["garden", "tea", "oslo", "lake", "violin", "snow", "boat", "market"]
NEAR = [dt.timedelta(0), dt.timedelta(microseconds=1), dt.timedelta(microseconds=-1), dt.timedelta(hours=1)]
SHOWN = ("content", "metadata", "memory_type", "expires_at", "valid_from", "valid_to")


@dataclass(frozen=True)
class Version:
    recorded_at: dt.datetime
    content: str
    metadata: dict[str, Any]
    memory_type: str
    expires_at: dt.datetime | None
    valid_from: dt.datetime
    valid_to: dt.datetime | None = None
    archived: bool = False

    def shown(self) -> dict[str, Any]:
        times = {"expires_at": self.expires_at, "valid_from": self.valid_from, "valid_to": self.valid_to}
        plain = {"content": self.content, "metadata": self.metadata, "memory_type": self.memory_type}
        return plain | {name: iso(value) if value else None for name, value in times.items()}


@dataclass
class History:
    """What happened, played against the service and kept beside it. Times stand still between the steps."""

    owner: Caller
    user: str
    dice: random.Random
    travel: Any
    now: dt.datetime
    memories: dict[str, list[Version]] = field(default_factory=dict)
    moments: list[dt.datetime] = field(default_factory=list)
    number: Any = field(default_factory=itertools.count)

    # --- what happens ------------------------------------------------------------------------------------------------
    def step(self) -> None:
        self.now += dt.timedelta(minutes=self.dice.randint(1, 700), microseconds=self.dice.randint(0, 999_999))
        self.travel.move_to(self.now, tick=False)
        self.moments.append(self.now)
        acts = [self.store, self.store, self.edit, self.edit, self.supersede, self.archive, self.restore]
        act = self.dice.choice([*acts, self.erase, self.expire])
        kept = [memory for memory in self.memories if not self.expired(memory)]
        if act == self.store or not kept:
            self.store()
        else:
            act(self.dice.choice(kept))

    def text(self) -> str:
        return " ".join([*self.dice.choices(WORDS, k=3), f"n{next(self.number)}"])

    def ahead(self) -> dt.datetime | None:
        return self.now + dt.timedelta(minutes=self.dice.randint(1, 2_000)) if self.dice.random() < 0.3 else None

    def live(self, memory: str) -> bool:
        last = self.memories[memory][-1]
        return not last.archived and last.valid_to is None

    def store(self, _: str = "") -> None:
        said = self.now - dt.timedelta(minutes=self.dice.randint(0, 5_000))
        version = Version(
            self.now, self.text(), {"n": self.dice.randint(0, 2)}, self.dice.choice("ab"), self.ahead(), said
        )
        answer = self.owner.store(
            version.content,
            user_id=self.user,
            skip_extraction=True,
            metadata=version.metadata,
            memory_type=version.memory_type,
            timestamp=self.spelt(said),
            expires_at=self.spelt(version.expires_at) if version.expires_at else None,
        )
        self.memories[answer["id"]] = [version]

    def edit(self, memory: str) -> None:
        last = self.memories[memory][-1]
        name = self.dice.choice(["content", "metadata", "memory_type", "expires_at"])
        if name == "content":
            sent: Any = self.text()
            kept: Any = sent
        elif name == "metadata":
            sent = {self.dice.choice("nm"): self.dice.randint(0, 9)}
            kept = {**last.metadata, **sent}
        elif name == "memory_type":
            sent = kept = self.dice.choice("abc")
        else:
            kept = self.ahead()
            sent = self.spelt(kept) if kept else None
        status = 409 if name == "content" and not self.live(memory) else 200
        assert self.owner.patch(f"{API}/{memory}", {name: sent}).status_code == status
        if status == 200:
            self.memories[memory].append(replace(last, recorded_at=self.now, **{name: kept}))

    def supersede(self, memory: str) -> None:
        last = self.memories[memory][-1]
        since = last.valid_from + (self.now - last.valid_from) * self.dice.random()
        asked = {"content": self.text()} | ({"valid_from": self.spelt(since)} if self.dice.random() < 0.5 else {})
        answer = self.owner.post(f"{API}/{memory}/supersede", asked)
        assert answer.status_code == (201 if self.live(memory) else 409), answer.content
        if answer.status_code == 201:
            valid_from = since if "valid_from" in asked else self.now
            self.memories[memory].append(replace(last, recorded_at=self.now, valid_to=valid_from))
            successor = replace(last, recorded_at=self.now, content=asked["content"], valid_from=valid_from)
            self.memories[answer.json()["id"]] = [successor]

    def archive(self, memory: str) -> None:
        key = parse(MEMORY, memory)
        tenant = default_tenant().id
        last = Revision.objects.filter(tenant=tenant, memory_key=key, retired_at=None).values_list("id", flat=True)
        with transaction.atomic():
            done = apply.archive(tenant, list(last), actor="test", reason="decayed")
        assert done == self.live(memory)
        if done:
            self.memories[memory].append(replace(self.memories[memory][-1], recorded_at=self.now, archived=True))

    def restore(self, memory: str) -> None:
        versions = self.memories[memory]
        assert self.owner.post(f"{API}/{memory}/restore", {}).status_code == 200
        if not self.live(memory):
            found = next(v for v in reversed(versions) if not v.archived and v.valid_to is None)
            versions.append(replace(found, recorded_at=self.now, expires_at=versions[-1].expires_at))

    def erase(self, memory: str) -> None:
        assert self.owner.delete(f"{API}/{memory}").status_code == 200
        del self.memories[memory]

    def expire(self, _: str) -> None:
        """The clean-up changes nothing that a reader could see."""
        expire.scope(MemoryScope(default_tenant().id, self.user, None))

    # --- what is read ------------------------------------------------------------------------------------------------
    def spelt(self, moment: dt.datetime) -> str:
        return moment.astimezone(self.dice.choice(ZONES)).isoformat()

    def expired(self, memory: str) -> bool:
        last = self.memories[memory][-1]
        return last.expires_at is not None and last.expires_at <= self.now

    def known(self, memory: str, as_of: dt.datetime | None) -> Version | None:
        versions = [v for v in self.memories[memory] if as_of is None or v.recorded_at <= as_of]
        return versions[-1] if versions and not self.expired(memory) else None

    def seen(self, as_of: dt.datetime | None, valid_at: dt.datetime | None, archived: bool) -> dict[str, Any]:
        found = {}
        for memory in self.memories:
            version = self.known(memory, as_of)
            if version is None or (version.archived and not archived):
                continue
            if version.valid_to is not None and version.valid_to <= (valid_at or as_of or self.now):
                continue
            if valid_at is None or version.valid_from <= valid_at:
                found[memory] = version.shown()
        return found

    def check(self) -> None:
        as_of = min(self.dice.choice(self.moments) + self.dice.choice(NEAR), self.now)
        chosen = self.dice.choice([None, as_of])
        about = [v.valid_from for versions in self.memories.values() for v in versions] or [self.now]
        valid_at = self.dice.choice([None, None, self.dice.choice(about) + self.dice.choice(NEAR)])
        archived = self.dice.choice([True, False])
        asked: dict[str, Any] = {} if chosen is None else {"as_of": self.spelt(chosen)}
        asked |= {} if valid_at is None else {"valid_at": self.spelt(valid_at)}
        expected = self.seen(chosen, valid_at, archived)
        of_user = {"user_id": self.user}
        query = urlencode({**asked, "archived": str(archived).lower()}, quote_via=quote)
        listed = self.owner.get(f"{API}?limit=1000&{query}&{urlencode(of_user)}").json()
        assert (by_id(listed["memories"]), listed["total"]) == (expected, len(expected))
        recalled = self.owner.recall("garden tea n1", limit=50, archived=archived, **of_user, **asked)
        assert by_id(recalled["memories"]) == expected
        searched = self.owner.get(f"{V1}/search?query=oslo+n2&limit=50&{query}&{urlencode(of_user)}").json()["data"]
        assert texts(searched["results"]) == {i: shown["content"] for i, shown in expected.items()}
        user = self.owner.get(f"{V1}/user/{self.user}?{query}").json()["data"]
        assert texts(user["results"]) == {i: shown["content"] for i, shown in expected.items()}
        assert user["stats"]["total_memories"] == len(expected)
        profile = f"/api/v1/users/{self.user}/profile?{urlencode(asked)}"
        assert self.owner.get(profile).json()["total_memories"] == len(self.seen(chosen, valid_at, archived=False))
        for memory in self.memories:
            self.check_one(memory, chosen, valid_at, asked)

    def check_one(
        self, memory: str, as_of: dt.datetime | None, valid_at: dt.datetime | None, asked: dict[str, str]
    ) -> None:
        version = self.known(memory, as_of)
        if (
            version
            and valid_at
            and not version.valid_from <= valid_at < (version.valid_to or dt.datetime.max.replace(tzinfo=UTC))
        ):
            version = None
        answer = self.owner.get(f"{API}/{memory}?{urlencode(asked)}")
        assert answer.status_code == (404 if version is None else 200)
        if version is not None:
            assert by_id([answer.json()]) == {memory: version.shown()}


def by_id(memories: list[dict[str, Any]]) -> dict[str, Any]:
    return {m["id"]: {name: m[name] for name in SHOWN} for m in memories}


def texts(memories: list[dict[str, Any]]) -> dict[str, str]:
    return {m["id"]: m["content"] for m in memories}


@pytest.mark.usefixtures("eager")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 16), start=st.sampled_from(STARTS))
def test_a_read_of_the_past_equals_a_replay(seed: int, steps: int, start: dt.datetime) -> None:
    dice = random.Random(seed)  # fewer steps of one seed are the beginning of the same history
    with time_machine.travel(start, tick=False) as travel:
        history = History(build.caller(), f"user-{uuid.uuid4().hex}", dice, travel, start)
        for _ in range(steps):
            history.step()
        for _ in range(4):
            history.check()
