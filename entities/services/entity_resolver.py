"""Resolve the entities of a write: found by their names, or created."""

from __future__ import annotations

import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Count, Q

from core.ids import new_id
from entities.models import Alias, Entity, EntityRevision, Mention
from entities.names import MAX_LENGTH, normal, parts
from entities.resolve import EntityCandidate, is_fuller, resolve
from entities.services.unit_of_work import UnitOfWork
from entities.types import ENTITY_TYPES, SELF, EntityMention

MAX_CANDIDATES = 200  # entities that one name is compared with
HINT_LENGTH = 3  # first letters of a word that candidates must share


@dataclass
class LoadedEntity:
    """The current revision of an entity, and its aliases by normalised name. Every name in texts is an alias."""

    revision: EntityRevision
    aliases: dict[str, Alias] = field(default_factory=dict)
    votes: Counter[str] = field(default_factory=Counter)  # votes for its type, one from each memory that mentions it
    qualifiers: set[str] = field(default_factory=set)

    @property
    def candidate(self) -> EntityCandidate:
        said = tuple(alias.name for alias in self.aliases.values())
        revision = self.revision
        qualifiers = frozenset(self.qualifiers)
        return EntityCandidate(
            revision.entity_key, revision.name, revision.type, said, bool(revision.candidates), qualifiers
        )


class EntityResolver:
    """The candidate entities, with the changes of the unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self.work = work
        self.known: dict[uuid.UUID, LoadedEntity] = {}
        self._by_hint: dict[str, set[uuid.UUID]] = defaultdict(set)
        self._by_form: dict[str, set[uuid.UUID]] = defaultdict(set)  # by normalised name, earlier names included
        self._user: uuid.UUID | None = None

    def load(self, named: Iterable[EntityMention]) -> None:
        """Load all live entities of the owner with a similar name, by the first letters of its words."""
        wanted, tenant_id = _like(named), self.work.scope.tenant_id
        aliases = Alias.objects.filter(tenant=tenant_id, retired_at=None)
        ours = {f"entity__{column}": value for column, value in self.work.owned.items()}
        called = aliases.filter(wanted, **ours).values("entity_key")
        live = EntityRevision.objects.filter(**self.work.owned, retired_at=None, merged_into_key=None)
        found = live.filter(wanted | Q(entity_key__in=called))
        for revision in found.order_by("entity_key"):
            self._register(LoadedEntity(revision))
        for alias in aliases.filter(entity_key__in=found.values("entity_key")).order_by("id"):
            if alias.entity_key in self.known:
                self.known[alias.entity_key].aliases[alias.normalised] = alias
                self._hint(alias.entity_key, alias.name)

        mentions = Mention.objects.filter(tenant=tenant_id, entity_key__in=list(self.known), retired_at=None)
        said = mentions.values_list("entity_key", "type", "qualifier").annotate(number=Count("id"))
        for key, of_type, qualifier, number in said if self.known else ():
            self.known[key].votes[of_type] += number
            self.known[key].qualifiers |= {qualifier} - {""}

    def find(self, named: EntityMention, contexts: Sequence[Collection[uuid.UUID]]) -> uuid.UUID:
        """The entity that the name means; a new one if there is none, or if it is ambiguous.

        Where more than MAX_CANDIDATES entities have a similar name, only those with exactly this name are compared.
        """
        alike = [self._by_hint[hint] for hint in hints(named.name, named.type)]
        if sum(map(len, alike)) > MAX_CANDIDATES:
            alike = [self._by_form[normal(named.name)]]
        near = {key for keys in alike for key in keys}
        verdict = resolve(named, [self.known[key].candidate for key in sorted(near)], contexts=contexts)
        return verdict.id or self._create(named, verdict.candidates)

    def user(self, name: str | None) -> uuid.UUID:
        """The entity of the user, or the one with the name that the user gives."""
        if self._user is None:
            self._user = self._find_user(name)
        return self._user

    def _find_user(self, name: str | None) -> uuid.UUID:
        for key, known in self.known.items():
            if known.revision.type == "PERSON" and SELF in (known.revision.normalised, *known.aliases):
                return key
        for key, known in self.known.items():
            if name and known.revision.type == "PERSON" and known.revision.normalised == normal(name):
                return key
        return self._create(EntityMention(SELF, "PERSON"), ())

    def record_name(self, key: uuid.UUID, named: EntityMention) -> Alias:
        """Record an alias. A longer form becomes the name of the entity; the user's real name replaces SELF."""
        known, form = self.known[key], normal(named.name)
        revision = known.revision
        known.qualifiers |= {named.qualifier} - {""}
        if form != SELF and (revision.normalised == SELF or is_fuller(named.name, revision.name, revision.type)):
            self._revise(known, name=named.name, normalised=form)
        return self._alias(known, named.name)

    def count_type(self, key: uuid.UUID, of_type: str) -> None:
        """Count a memory's type for the entity. Its type follows the votes, unless a person has set another."""
        known = self.known[key]
        before, current = known.votes.copy(), known.revision.type
        known.votes[of_type] += 1
        winner = elected(known.votes, current)
        if winner != current == elected(before, current) and SELF not in (known.revision.normalised, *known.aliases):
            self._revise(known, type=winner)

    def _alias(self, known: LoadedEntity, name: str) -> Alias:
        form, revision = normal(name), known.revision
        if form not in known.aliases:
            known.aliases[form] = Alias(
                tenant_id=revision.tenant_id,
                entity_key=revision.entity_key,
                name=name,
                normalised=form,
                recorded_at=self.work.moment,
            )
            self.work.add(known.aliases[form])
            self._hint(revision.entity_key, name)
        return known.aliases[form]

    def _create(self, named: EntityMention, candidates: Sequence[uuid.UUID]) -> uuid.UUID:
        key, moment, form = new_id(), self.work.moment, normal(named.name)
        self.work.add(Entity(id=key, created_at=moment, **self.work.owned))
        revision = EntityRevision(
            entity_key=key,
            name=named.name,
            type=named.type,
            normalised=form,
            disambiguator=self._next_disambiguator(named.type, form),
            confidence=named.confidence,
            candidates=list(candidates),
            actor=self.work.actor,
            recorded_at=moment,
            **self.work.owned,
        )
        self.work.add(revision)
        self._register(LoadedEntity(revision))
        return key

    def _register(self, known: LoadedEntity) -> None:
        self.known[known.revision.entity_key] = known
        self._hint(known.revision.entity_key, known.revision.name)

    def _hint(self, key: uuid.UUID, name: str) -> None:
        self._by_form[normal(name)].add(key)
        for hint in hints(name, self.known[key].revision.type):
            self._by_hint[hint].add(key)

    def _revise(self, known: LoadedEntity, **changes: str) -> None:
        old = known.revision
        self._alias(known, old.name)
        form, of_type = changes.get("normalised", old.normalised), changes.get("type", old.type)
        free = self._next_disambiguator(of_type, form, but=old.entity_key)
        known.revision = self.work.replace(old, disambiguator=free, actor=self.work.actor, **changes)

    def _next_disambiguator(self, of_type: str, form: str, *, but: uuid.UUID | None = None) -> int:
        """The smallest disambiguator that no candidate with this name has."""
        alike = [self.known[key].revision for key in self._by_form[form] if key != but]
        taken = {r.disambiguator for r in alike if r.normalised == form and r.type == of_type}
        return min(set(range(len(taken) + 1)) - taken)


def elected(votes: Mapping[str, int], current: str) -> str:
    """The type with most votes, `current` in a tie; CONCEPT means unknown."""
    told = {of_type: number for of_type, number in votes.items() if of_type not in ("", "CONCEPT")}
    best = max(told.values(), default=0)
    return current if not told or told.get(current) == best else next(t for t in sorted(told) if told[t] == best)


def readable(named: EntityMention) -> EntityMention | None:
    """The name in its stored form; None if nothing of it is left."""
    of_type = named.type if named.type in ENTITY_TYPES else "CONCEPT"
    name = " ".join(named.name.split())[:MAX_LENGTH].strip()
    confidence = min(1.0, max(0.0, named.confidence))
    return replace(named, name=name, type=of_type, confidence=confidence) if normal(name) else None


def hints(name: str, of_type: str) -> set[str]:
    """Prefixes that two names with the same meaning share: of a word, or all of a date or a single letter."""
    words = parts(name, of_type)
    begun = {word[:HINT_LENGTH] for word in words.words + words.within if len(word) > 1} if of_type != "DATE" else set()
    return begun or {normal(name)}


def _like(named: Iterable[EntityMention]) -> Q:
    """Rows with a similar name: one of their words has the same first letters. `resolve` decides about them."""
    exact, begun = {SELF}, set()
    for name in named:
        exact.add(normal(name.name))
        if name.type != "DATE":
            begun |= {hint for hint in hints(name.name, name.type) if len(hint) > 1}
    found = Q(normalised__in=sorted(exact))
    return found | Q(normalised__regex=rf"(^|\W)({'|'.join(map(re.escape, sorted(begun)))})") if begun else found
