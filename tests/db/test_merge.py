"""Two entities become one, and two again: exactly what they were."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from apikeys.scopes import Role
from apikeys.types import Principal
from core.clock import now
from core.errors import Conflict, InvalidRequest, NotFound
from core.ids import ENTITY, MERGE, new_id, public
from core.tenancy import across_tenants
from entities.models import Alias, EntityRevision, Evidence, GraphOutbox, Mention, Merge, Relation
from entities.services import graph_updates
from entities.services.edit import edit
from entities.services.entity_detail import get_entity
from entities.services.merge import merge, split
from entities.types import EditEntity, EntityMention, ExtractedGraph, GraphUpdate, RelationMention
from tests import build
from tests.db.test_knowledge import Owner, works
from tests.graph_data import day

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_is_enqueued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entities.graph.outbox.enqueue_on_commit", lambda *_, **__: None)


UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def operator(owner: Owner, **fields: Any) -> Principal:
    return Principal(owner.tenant.id, "test", Role.ADMIN, **fields)


def ent(key: uuid.UUID) -> str:
    return public(ENTITY, key)


def state(owner: Owner) -> Counter[tuple[Any, ...]]:
    """All live rows without their ids and times of recording, and without who wrote them down: a split has a writer."""
    live = {"tenant": owner.tenant, "retired_at": None}
    found: list[tuple[Any, ...]] = []
    for r in EntityRevision.objects.filter(**live):
        named = (r.entity_key, r.name, r.type, r.normalised, r.disambiguator, r.confidence, tuple(r.candidates))
        found.append((*named, r.merged_into_key, r.merge_key))
    for m in Mention.objects.filter(**live):
        found.append((m.entity_key, m.memory_key, m.confidence, m.merge_key))
    stated: dict[uuid.UUID | None, tuple[Any, ...]] = {}
    for a in Alias.objects.filter(**live):
        stated[a.id] = (a.entity_key, a.name, a.normalised, a.merge_key)
    for r in Relation.objects.filter(**live):
        said = (r.source_key, r.type, r.target_key, str(r.properties), r.confidence, r.valid_from, r.valid_to)
        stated[r.id] = (*said, r.merge_key)
    for e in Evidence.objects.filter(**live):
        found.append((*stated[e.alias_key or e.relation_key], e.memory_key, str(e.properties), e.merge_key))
    return Counter([*found, *stated.values()])


def anonymous(rows: Counter[tuple[Any, ...]]) -> Counter[str]:
    """Merges are told apart by nothing but their ids."""
    with across_tenants("a test"):
        merges = {str(key) for key in Merge.objects.values_list("id", flat=True)}
    return Counter(UUID.sub(lambda m: "*" if m[0] in merges else m[0], str(row)) for row in rows.elements())


def noted(owner: Owner) -> None:
    """The graph knows nothing yet of what comes."""
    GraphOutbox.objects.filter(tenant=owner.tenant).delete()


# --- by name ---------------------------------------------------------------------------------------------------------
def test_what_is_merged_is_one_and_what_is_split_is_two() -> None:
    owner = Owner()
    memory = owner.states(*works("Bob Miller", "Google"), at=day(1))
    owner.states(*works("Robert", "Google"), "Ann", RelationMention("Robert", "FRIEND_OF", "Ann"), at=day(2))
    bob, robert = owner.key("Bob Miller"), owner.key("Robert")
    before = state(owner)
    merged = merge(operator(owner), [ent(bob)], ent(robert))
    assert merged.detail.entity.name == "Robert"
    assert merged.detail.entity.aliases == ("Bob Miller",)
    assert merged.detail.entity.memory_count == 2
    assert owner.relations() == [("Robert", "FRIEND_OF", "Ann", 2, None), ("Robert", "WORKS_AT", "Google", 1, None)]
    assert owner.mentioned(memory) == {robert, owner.key("Google", "ORG")}
    later = owner.states("Bob Miller")
    assert owner.mentioned(later) == {robert}
    owner.erase(later)
    noted(owner)
    assert split(operator(owner), ent(robert)).entity.aliases == ()
    assert state(owner) == before
    kinds = Counter(GraphOutbox.objects.filter(tenant=owner.tenant).values_list("kind", flat=True))
    assert kinds["entity"] == 1
    assert kinds["memory"] >= 1
    assert kinds["relation"] >= 2


def test_what_was_said_of_both_since_stays() -> None:
    owner = Owner()
    owner.states(*works("Bob", "Google"), at=day(1))
    owner.states("Robert")
    bob, robert = owner.key("Bob"), owner.key("Robert")
    merge(operator(owner), [ent(bob)], ent(robert))
    since = owner.states(*works("Bob", "Google"), at=day(3))
    split(operator(owner), ent(robert))
    assert owner.mentioned(since) == {robert, owner.key("Google", "ORG")}
    assert owner.relations() == [("Bob", "WORKS_AT", "Google", 1, None), ("Robert", "WORKS_AT", "Google", 1, None)]


def test_what_was_withdrawn_or_erased_meanwhile_does_not_come_back() -> None:
    owner = Owner()
    withdrawn = owner.states(*works("Bob", "Google"))
    erased = owner.states("Bob", ("tea", "CONCEPT"), RelationMention("Bob", "LIKES", "tea"))
    kept = owner.states("Bob", "Robert")
    bob, robert = owner.key("Bob"), owner.key("Robert")
    merge(operator(owner), [ent(bob)], ent(robert))
    owner.retire(withdrawn)
    owner.erase(erased)
    split(operator(owner), ent(robert))
    assert owner.relations() == []
    assert owner.mentioned(withdrawn) == set()
    assert owner.mentioned(kept) == {bob, robert}
    owner.erase(withdrawn, kept)
    assert set(owner.counts().values()) == {0}


def test_a_split_whose_name_was_taken_takes_the_next_one() -> None:
    owner = Owner()
    owner.states("Bob")
    owner.states("Robert")
    bob, robert = owner.key("Bob"), owner.key("Robert")
    merge(operator(owner), [ent(bob)], ent(robert))
    edit(operator(owner), EditEntity(ent(robert), name="Bob"))
    split(operator(owner), ent(robert))
    numbers = EntityRevision.objects.filter(tenant=owner.tenant, name="Bob", retired_at=None)
    assert dict(numbers.values_list("entity_key", "disambiguator")) == {robert: 0, bob: 1}


def test_an_earlier_merge_is_undone_and_a_later_one_stays() -> None:
    owner = Owner()
    for name in ("Ann", "Bea", "Cid"):
        owner.states(*works(name, "Google"), "Zoe")
    ann, bea, cid = (owner.key(name) for name in ("Ann", "Bea", "Cid"))
    nothing = state(owner)
    merge(operator(owner), [ent(cid)], ent(ann))
    only_cid = anonymous(state(owner))
    split(operator(owner), ent(ann))
    first, second = merge(operator(owner), [ent(bea), ent(cid)], ent(ann)).merge_ids
    split(operator(owner), ent(ann), public(MERGE, first))
    assert anonymous(state(owner)) == only_cid
    with pytest.raises(NotFound):
        split(operator(owner), ent(ann), public(MERGE, first))
    split(operator(owner), ent(ann), public(MERGE, second))
    assert state(owner) == nothing


def test_what_cannot_be_merged() -> None:
    owner, other, stranger = Owner(), None, Owner()
    other = Owner(owner.tenant, "bob")
    owner.states("Ann", "Bea", "Cid")
    other.states("Dan")
    stranger.states("Eve")
    ann, bea, cid = (ent(owner.key(name)) for name in ("Ann", "Bea", "Cid"))
    merge(operator(owner), [bea], ann)
    before = state(owner), state(stranger)
    mine = operator(owner, user_id="ann")
    refused: list[tuple[Principal, list[str], str, type[Exception]]] = [
        (mine, [cid], cid, InvalidRequest),
        (mine, [cid, cid], ann, InvalidRequest),
        (mine, [bea], cid, Conflict),
        (mine, [cid], bea, Conflict),
        (mine, [ent(new_id())], cid, NotFound),
        (mine, ["nobody"], cid, NotFound),
        (mine, [ent(stranger.key("Eve"))], cid, NotFound),
        (mine, [ent(other.key("Dan"))], cid, NotFound),
        (operator(owner), [ent(other.key("Dan"))], cid, InvalidRequest),
        (operator(stranger), [cid], ent(stranger.key("Eve")), NotFound),
        (operator(owner, projects=frozenset({"else"})), [cid], ann, NotFound),
    ]
    for who, sources, target, error in refused:
        with pytest.raises(error):
            merge(who, sources, target)
    for who, target, error in ((mine, cid, Conflict), (mine, bea, Conflict), (operator(stranger), ann, NotFound)):
        with pytest.raises(error):
            split(who, target)
    assert ent(get_entity(mine, bea).entity.id) == ann
    assert (state(owner), state(stranger)) == before


# --- edit ------------------------------------------------------------------------------------------------------------
def test_an_edit_changes_what_it_says_and_keeps_the_past() -> None:
    owner = Owner()
    owner.states("Jon")
    jon, then = ent(owner.key("Jon")), now()
    changed = edit(operator(owner), EditEntity(jon, name="John"))
    assert (changed.entity.name, changed.entity.aliases) == ("John", ("Jon",))
    changed = edit(operator(owner), EditEntity(jon, type="ORG", aliases=("Johnny", "JJ")))
    assert (changed.entity.type, changed.entity.aliases) == ("ORG", ("JJ", "Johnny"))
    assert get_entity(operator(owner), jon, then).entity.name == "Jon"
    before = owner.counts()
    assert edit(operator(owner), EditEntity(jon, name="John", type="ORG", aliases=("JJ", "Johnny"))) == changed
    assert owner.counts() == before


def test_an_edit_never_takes_off_what_makes_an_entity_the_user() -> None:
    owner = Owner()
    owner.states("user", user_name="Ann")
    assert edit(operator(owner), EditEntity(ent(owner.key("Ann")), aliases=())).entity.aliases == ("user",)
    assert owner.entities() == {"PERSON Ann": ("Ann", "user")}
    owner.states("user", ("tea", "CONCEPT"))
    assert set(owner.entities()) == {"PERSON Ann", "CONCEPT tea"}


def test_an_ambiguous_one_names_its_candidates_until_it_is_renamed() -> None:
    owner = Owner()
    for name in ("John Smith", "John Doe", "John"):
        owner.states(name)
    john = ent(owner.key("John"))
    either = {owner.key("John Smith"), owner.key("John Doe")}
    assert set(get_entity(operator(owner), john).ambiguous_with) == either
    assert edit(operator(owner), EditEntity(john, name="John Roe")).ambiguous_with == ()
    with pytest.raises(InvalidRequest):
        edit(operator(owner), EditEntity(john, name="\u200a"))


# --- merge and split are inverse -------------------------------------------------------------------------------------
PEOPLE = ("Ann Lee", "Bea Kay", "Cid Orr", "Dan Fox", "Eve Poe")
TYPES = ("WORKS_AT", "LIKES", "FRIEND_OF", "MARRIED_TO", "MANAGES")
STATED = st.builds(
    RelationMention,
    source=st.sampled_from(PEOPLE),
    type=st.sampled_from(TYPES),
    target=st.sampled_from(PEOPLE),
    properties=st.dictionaries(st.sampled_from(("role", "since")), st.sampled_from(("a", "b")), max_size=1),
    ended=st.booleans(),
)
SAID = st.tuples(
    st.lists(st.sampled_from((*PEOPLE, "Ann", "Bea", "Mr. Orr", "Danny")), max_size=3),
    st.lists(STATED, max_size=3),
    st.integers(0, 5),
)


@settings(
    max_examples=40,
    phases=(Phase.explicit, Phase.generate),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    said=st.lists(SAID, min_size=2, max_size=8),
    retired=st.sets(st.integers(0, 7), max_size=2),
    pairs=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=4),
)
def test_splitting_gives_what_was_before_merging(
    said: list[tuple[list[str], list[RelationMention], int]], retired: set[int], pairs: list[tuple[int, int]]
) -> None:
    owner = Owner(build.tenant())
    memories = []
    for names, stated, when in said:
        people = {name for s in stated for name in (s.source, s.target)} | set(names)
        known = ExtractedGraph(tuple(EntityMention(name, "PERSON") for name in sorted(people)), tuple(stated))
        lesson = GraphUpdate(owner.memory(), known, day(when))
        with transaction.atomic():
            graph_updates.apply_updates(owner.scope, [lesson], moment=now(), actor="test")
        memories.append(lesson.memory_id)
    owner.retire(*(memories[n] for n in retired if n < len(memories)))
    who, undo = operator(owner), []
    for source, target in pairs:
        live = EntityRevision.objects.filter(tenant=owner.tenant, retired_at=None, merged_into_key=None)
        keys = list(live.order_by("entity_key").values_list("entity_key", flat=True))
        if len(keys) < 2:
            break
        source, target = keys[source % len(keys)], keys[target % len(keys)]
        if source != target:
            before = state(owner)
            merged = merge(who, [ent(source)], ent(target))
            undo.append((target, merged.merge_ids[0], before))
    for target, made, before in reversed(undo):
        split(who, ent(target), public(MERGE, made))
        assert state(owner) == before
