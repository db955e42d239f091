"""What memories state of entities: found or made, told apart, related in time, withdrawn, brought back, erased."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection, transaction

from apikeys.models import Tenant
from core.clock import now
from core.tenancy import TenantRow
from entities.models import (
    Alias,
    Entity,
    EntityRevision,
    Evidence,
    GraphOutbox,
    Mention,
    Merge,
    Relation,
)
from entities.services import entity_erasure, graph_updates
from entities.types import EntityMention, ExtractedGraph, GraphScope, GraphUpdate, GraphUpdateResult, RelationMention
from memories.models import Memory
from tests import build
from tests.graph_data import day

pytestmark = pytest.mark.django_db(transaction=True)

TABLES: tuple[type[TenantRow], ...] = (Entity, EntityRevision, Alias, Mention, Relation, Evidence, Merge)


@pytest.fixture(autouse=True)
def nothing_is_enqueued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entities.graph.outbox.enqueue_on_commit", lambda *_, **__: None)


@dataclass
class Owner:
    """Somebody whose memories update the graph."""

    tenant: Tenant = field(default_factory=build.tenant)
    user_id: str = "ann"

    @property
    def scope(self) -> GraphScope:
        return GraphScope(self.tenant.id, "default", self.user_id)

    def memory(self) -> uuid.UUID:
        row = Memory(tenant=self.tenant, project="default", user_id=self.user_id)
        Memory.objects.bulk_create([row])
        return row.id

    def learn(self, *lessons: GraphUpdate) -> list[GraphUpdateResult]:
        with transaction.atomic():
            return graph_updates.apply_updates(self.scope, lessons, moment=now(), actor="test")

    def lesson(self, *said: Any, at: dt.datetime | None = None, user_name: str | None = None) -> GraphUpdate:
        """Of names (people, unless `(name, type)`) and statements."""
        named = [
            EntityMention(s, "PERSON") if isinstance(s, str) else EntityMention(*s)
            for s in said
            if not isinstance(s, RelationMention)
        ]
        stated = [s for s in said if isinstance(s, RelationMention)]
        return GraphUpdate(self.memory(), ExtractedGraph(tuple(named), tuple(stated), user_name), at or day(0))

    def states(self, *said: Any, at: dt.datetime | None = None, user_name: str | None = None) -> uuid.UUID:
        """One memory that says this; → its id."""
        lesson = self.lesson(*said, at=at, user_name=user_name)
        self.learn(lesson)
        return lesson.memory_id

    def retire(self, *memories: uuid.UUID) -> None:
        with transaction.atomic():
            graph_updates.retract(self.scope, memories, moment=now())

    def reinstate(self, *memories: uuid.UUID) -> None:
        with transaction.atomic():
            graph_updates.reinstate(self.scope, memories, moment=now())

    def erase(self, *memories: uuid.UUID) -> dict[str, int]:
        with transaction.atomic():
            counts = dict(entity_erasure.erase(self.tenant.id, memories))
            Memory.objects.filter(tenant=self.tenant, id__in=memories).delete()
            return counts

    def entities(self) -> dict[str, tuple[str, ...]]:
        """Live ones with their types, and all that they are called."""
        rows = EntityRevision.objects.filter(
            tenant=self.tenant, user_id=self.user_id, retired_at=None, merged_into_key=None
        )
        found = {}
        for row in rows:
            aliases = Alias.objects.filter(tenant=self.tenant, entity_key=row.entity_key, retired_at=None)
            mark = f"{row.type} {row.name}" + (f" #{row.disambiguator}" if row.disambiguator else "")
            found[mark] = tuple(sorted(aliases.values_list("name", flat=True)))
        return found

    def key(self, name: str, type: str = "PERSON", number: int = 0) -> uuid.UUID:
        live = EntityRevision.objects.filter(tenant=self.tenant, user_id=self.user_id, retired_at=None)
        return live.values_list("entity_key", flat=True).get(name=name, type=type, disambiguator=number)

    def relations(self, at: dt.datetime | None = None) -> list[tuple[Any, ...]]:
        """(source, type, target, from, to) as they are known, or were at a moment; times in days."""
        rows = Relation.objects.filter(tenant=self.tenant, user_id=self.user_id)
        live = [r for r in rows if (r.retired_at is None if at is None else r.recorded_at <= at)]
        live = [r for r in live if at is None or r.retired_at is None or r.retired_at > at]
        names = dict(
            EntityRevision.objects.filter(tenant=self.tenant, retired_at=None).values_list("entity_key", "name")
        )
        told = [
            (names[r.source_key], r.type, names[r.target_key], number(r.valid_from), number(r.valid_to)) for r in live
        ]
        return sorted(told, key=str)

    def mentioned(self, memory: uuid.UUID) -> set[uuid.UUID]:
        rows = Mention.objects.filter(tenant=self.tenant, memory_key=memory, retired_at=None)
        return set(rows.values_list("entity_key", flat=True))

    def counts(self) -> dict[str, int]:
        return {t.__name__: t._base_manager.filter(tenant=self.tenant).count() for t in TABLES}


def number(moment: dt.datetime | None) -> int | None:
    return None if moment is None else (moment - day(0)).days


def works(who: str, where: str, **fields: Any) -> tuple[Any, ...]:
    return who, (where, "ORG"), RelationMention(who, "WORKS_AT", where, **fields)


# --- who is meant ----------------------------------------------------------------------------------------------------
def test_ann_and_joanna() -> None:
    owner = Owner()
    owner.states("Joanna")
    owner.states("Ann")
    owner.states("Ann", "Joanna")
    assert owner.entities() == {"PERSON Ann": ("Ann",), "PERSON Joanna": ("Joanna",)}


def test_apple_and_apple() -> None:
    owner = Owner()
    owner.states(("Apple", "ORG"))
    owner.states(("apple", "CONCEPT"))
    owner.states(("Apple Inc.", "ORG"), ("apples", "CONCEPT"))
    assert owner.entities() == {"ORG Apple": ("Apple", "Apple Inc."), "CONCEPT apple": ("apple", "apples")}


def test_john_john_smith_and_mr_smith() -> None:
    owner = Owner()
    memories = [owner.states(name) for name in ("John", "John Smith", "Mr. Smith", "Smith, John", "john")]
    assert owner.entities() == {"PERSON John Smith": ("John", "John Smith", "Mr. Smith", "Smith, John")}
    assert {frozenset(owner.mentioned(m)) for m in memories} == {frozenset({owner.key("John Smith")})}


def test_two_johns_with_different_surnames_and_one_who_may_be_either() -> None:
    owner = Owner()
    owner.states("John Smith")
    owner.states("John Doe")
    either = owner.states("John")
    again = owner.states("John")
    assert owner.entities() == {
        "PERSON John Smith": ("John Smith",),
        "PERSON John Doe": ("John Doe",),
        "PERSON John": ("John",),
    }
    john = owner.key("John")
    assert owner.mentioned(either) == owner.mentioned(again) == {john}
    revision = EntityRevision.objects.get(tenant=owner.tenant, entity_key=john)
    assert set(revision.candidates) == {owner.key("John Smith"), owner.key("John Doe")}


def test_the_same_text_or_write_says_which_john() -> None:
    owner = Owner()
    owner.states("John Smith")
    owner.states("John Doe")
    here = owner.states("John", "John Doe")
    assert owner.mentioned(here) == {owner.key("John Doe")}
    one, other = owner.lesson("John"), owner.lesson("John Smith")
    owner.learn(one, other)
    assert owner.mentioned(one.memory_id) == {owner.key("John Smith")}


def test_the_user_has_a_name_once_it_is_known() -> None:
    owner = Owner()
    owner.states("user", ("tea", "CONCEPT"), RelationMention("user", "LIKES", "tea"))
    assert owner.entities() == {"PERSON user": ("user",), "CONCEPT tea": ("tea",)}
    named = owner.lesson("John", user_name="John")
    (learned,) = owner.learn(named)
    assert [(ref.name, ref.type) for ref in learned.entities] == [("John", "PERSON")]
    owner.states("user", user_name="John Smith")
    owner.states("user", "John", user_name="Johnny")
    assert owner.entities() == {
        "PERSON John Smith": ("John", "John Smith", "Johnny", "user"),
        "CONCEPT tea": ("tea",),
    }
    assert owner.relations() == [("John Smith", "LIKES", "tea", 0, None)]


def test_someone_known_by_the_name_that_the_user_gives_is_the_user() -> None:
    owner = Owner()
    owner.states(*works("John", "Google"))
    owner.states("user", user_name="John")
    assert owner.entities()["PERSON John"] == ("John", "user")


@pytest.mark.parametrize(
    "name", ["Ян", "田中さん", "🎸", "x", "a" * 600, "🎸" * 512, "ﷺ" * 500, "%_\\", "'; DROP", "a\tb"]
)
def test_every_name_can_be_kept(name: str) -> None:
    owner = Owner(user_id="🎸" * 128)
    first, second = owner.states((name, "PRODUCT")), owner.states((name, "PRODUCT"))
    assert len(owner.entities()) == 1
    assert owner.mentioned(first) == owner.mentioned(second) != set()


def test_a_concept_becomes_what_a_later_text_says_it_is() -> None:
    owner = Owner()
    owner.states(("GitHub", "CONCEPT"))
    owner.states(("GitHub", "ORG"))
    owner.states(("GitHub", "CONCEPT"))
    assert owner.entities() == {"ORG GitHub": ("GitHub",)}


def test_what_is_learned_is_told_to_the_graph() -> None:
    owner = Owner()
    memory = owner.states(*works("John", "Google"))
    rows = GraphOutbox.objects.filter(tenant=owner.tenant)
    relation = Relation.objects.values_list("id", flat=True).get(tenant=owner.tenant)
    told = {("entity", owner.key("John")), ("entity", owner.key("Google", "ORG")), ("relation", relation)}
    assert set(rows.values_list("kind", "object_id")) == told | {("memory", memory)}


def test_learning_twice_changes_nothing() -> None:
    owner = Owner()
    lessons = [
        owner.lesson("John Smith", "John Doe", user_name="Ann"),
        owner.lesson("John"),
        owner.lesson(*works("user", "Google", properties={"role": "engineer"}), at=day(1)),
        owner.lesson(*works("user", "Apple"), at=day(2)),
        owner.lesson(*works("user", "Apple", ended=True), at=day(3)),
        owner.lesson(*works("user", "Initech", ended=True), at=day(4)),
        owner.lesson("Eve", RelationMention("user", "MARRIED_TO", "Eve"), RelationMention("Eve", "MARRIED_TO", "user")),
    ]
    first = owner.learn(*lessons)
    before = owner.counts(), owner.entities(), owner.relations()
    assert sum(each.relations for each in first) == 4
    again = owner.learn(*lessons)
    for lesson in lessons:
        owner.learn(lesson)
    assert (owner.counts(), owner.entities(), owner.relations()) == before
    assert [each.entities for each in again] == [each.entities for each in first]
    assert sum(each.relations for each in again) == 0


def test_tenants_and_users_know_nothing_of_each_other() -> None:
    one = Owner()
    others = [Owner(), Owner(one.tenant, "bob")]
    one.states(*works("John", "Google"))
    before = one.entities(), one.relations()
    for other in others:
        memory = other.states(*works("John", "Google"))
        assert other.mentioned(memory).isdisjoint({one.key("John"), one.key("Google", "ORG")})
        assert other.entities() == one.entities()
        other.erase(memory)
        assert other.entities() == {}
    assert (one.entities(), one.relations()) == before


def test_fifty_threads_that_learn_of_ten_people_make_ten_entities() -> None:
    owner = Owner()
    people = [f"Person{chr(97 + n)} Surname{chr(97 + n)}" for n in range(10)]
    lessons = [owner.lesson(*people[n % 10 :], *people[: n % 10]) for n in range(50)]

    def learn(lesson: GraphUpdate) -> None:
        try:
            owner.learn(lesson)
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(learn, lessons))
    assert len(owner.entities()) == 10
    assert Entity.objects.filter(tenant=owner.tenant).count() == 10
    assert Mention.objects.filter(tenant=owner.tenant).count() == 500


# --- relations in time -----------------------------------------------------------------------------------------------
def test_a_new_job_ends_the_old_one_and_the_past_stays_as_it_was_known() -> None:
    owner = Owner()
    owner.states(*works("John", "Google"), at=day(1))
    then = now()
    owner.states(*works("John", "Apple"), at=day(5))
    assert owner.relations() == [("John", "WORKS_AT", "Apple", 5, None), ("John", "WORKS_AT", "Google", 1, 5)]
    assert owner.relations(then) == [("John", "WORKS_AT", "Google", 1, None)]


def test_the_order_in_which_jobs_are_told_does_not_matter() -> None:
    jobs = [("Google", 1), ("Apple", 5), ("Acme", 9)]
    meant = [
        ("John", "WORKS_AT", "Acme", 9, None),
        ("John", "WORKS_AT", "Apple", 5, 9),
        ("John", "WORKS_AT", "Google", 1, 5),
    ]
    for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
        owner = Owner()
        for job, when in [jobs[i] for i in order]:
            owner.states(*works("John", job), at=day(when))
        assert owner.relations() == meant, order


def test_two_jobs_in_one_text_are_two_jobs() -> None:
    owner = Owner()
    owner.states(*works("John", "Google"), *works("John", "Apple")[1:])
    assert [r[3:] for r in owner.relations()] == [(0, None), (0, None)]


def test_a_job_that_ended_and_one_that_nobody_knew_of() -> None:
    owner = Owner()
    owner.states(*works("John", "Google"), at=day(1))
    owner.states(*works("John", "Google", ended=True), at=day(4))
    owner.states(*works("John", "Acme", ended=True, valid_to=day(2)), at=day(4))
    assert owner.relations() == [("John", "WORKS_AT", "Acme", None, 2), ("John", "WORKS_AT", "Google", 1, 4)]
    owner.states(*works("John", "Google"), at=day(8))
    assert owner.relations()[1:] == [("John", "WORKS_AT", "Google", 1, 4), ("John", "WORKS_AT", "Google", 8, None)]


def test_what_is_mutual_is_one_relation_and_ends_for_both() -> None:
    owner = Owner()
    owner.states("Ann", "Bob", RelationMention("Ann", "MARRIED_TO", "Bob"), at=day(1))
    owner.states("Ann", "Bob", RelationMention("Bob", "MARRIED_TO", "Ann"), at=day(2))
    assert owner.relations() == [("Ann", "MARRIED_TO", "Bob", 1, None)]
    owner.states("Bob", "Eve", RelationMention("Eve", "MARRIED_TO", "Bob"), at=day(3))
    assert owner.relations() == [("Ann", "MARRIED_TO", "Bob", 1, 3), ("Eve", "MARRIED_TO", "Bob", 3, None)]


def test_one_who_likes_two_things_likes_both() -> None:
    owner = Owner()
    for n, what in enumerate(("tea", "jazz")):
        owner.states("Ann", (what, "CONCEPT"), RelationMention("Ann", "LIKES", what), at=day(n))
    assert [r[2:] for r in owner.relations()] == [("jazz", 1, None), ("tea", 0, None)]


def test_a_memory_that_steps_back_takes_what_only_it_states() -> None:
    owner = Owner()
    both = owner.states(*works("John", "Google", properties={"role": "engineer"}))
    alone = owner.states(*works("John", "Google"), ("tea", "CONCEPT"), RelationMention("John", "LIKES", "tea"))
    owner.retire(alone)
    assert owner.mentioned(alone) == set()
    assert owner.relations() == [("John", "WORKS_AT", "Google", 0, None)]
    owner.retire(both)
    assert owner.relations() == []
    job = Relation.objects.filter(tenant=owner.tenant, type="WORKS_AT", retired_at=None)
    owner.reinstate(alone)
    assert len(owner.mentioned(alone)) == 3
    assert owner.relations() == [("John", "LIKES", "tea", 0, None), ("John", "WORKS_AT", "Google", 0, None)]
    assert job.get().properties == {}
    owner.reinstate(both)
    assert job.get().properties == {"role": "engineer"}
    before = owner.counts()
    owner.reinstate(both, alone)
    assert owner.counts() == before


def test_an_outdated_job_stays_as_past_and_is_open_again_when_its_successor_is_taken_back() -> None:
    owner = Owner()
    old = owner.states(*works("John", "Google"), at=day(1))
    new = owner.states(*works("John", "Apple"), at=day(5))
    owner.retire(old)
    assert owner.relations() == [("John", "WORKS_AT", "Apple", 5, None), ("John", "WORKS_AT", "Google", 1, 5)]
    owner.retire(new)
    owner.reinstate(old)
    assert owner.relations() == [("John", "WORKS_AT", "Google", 1, None)]
    owner.reinstate(new)
    assert owner.relations() == [("John", "WORKS_AT", "Apple", 5, None), ("John", "WORKS_AT", "Google", 1, 5)]


# --- erasing ---------------------------------------------------------------------------------------------------------
def test_erasing_takes_only_what_nobody_else_states() -> None:
    owner = Owner()
    stays = owner.states(*works("John", "Google"))
    before = owner.counts()
    goes = owner.states(
        *works("John Smith", "Google", properties={"role": "spy"}),
        ("tea", "CONCEPT"),
        RelationMention("John Smith", "LIKES", "tea"),
    )
    assert owner.entities()["PERSON John Smith"] == ("John", "John Smith")
    assert owner.erase(goes) == {"mentions": 3, "evidence": 5, "relations": 1, "aliases": 2, "entities": 1}
    assert owner.entities() == {"PERSON John": ("John",), "ORG Google": ("Google",)}
    assert owner.relations() == [("John", "WORKS_AT", "Google", 0, None)]
    assert "Smith" not in str(list(EntityRevision.objects.filter(tenant=owner.tenant).values()))
    assert "spy" not in str(list(Relation.objects.filter(tenant=owner.tenant).values()))
    owner.erase(stays)
    assert set(owner.counts().values()) == {0}
    assert set(before.values()) != {0}


def test_erasing_takes_every_version() -> None:
    owner = Owner()
    memories = [
        owner.states(*works("user", job), at=day(n), user_name="Ann")
        for n, job in enumerate(("Google", "Apple", "Acme"))
    ]
    owner.retire(memories[0])
    owner.erase(*memories[:2])
    assert owner.entities() == {"PERSON Ann": ("Ann", "user"), "ORG Acme": ("Acme",)}
    assert owner.relations() == [("Ann", "WORKS_AT", "Acme", 2, None)]
    owner.erase(memories[2])
    assert set(owner.counts().values()) == {0}


def test_erasing_what_states_nothing_says_so(django_assert_num_queries: Callable[..., Any]) -> None:
    owner = Owner()
    memory = owner.memory()
    with transaction.atomic(), django_assert_num_queries(2):
        assert entity_erasure.erase(owner.tenant.id, [memory]) == {}
