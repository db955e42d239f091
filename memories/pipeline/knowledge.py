"""What a memory's text teaches of entities, kept in step with the memory. Inside the transactions of `apply`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from entities.services import knowledge
from entities.types import GraphScope, Knowledge, Learned, Lesson
from memories.models import Revision


def scope_of(revision: Revision) -> GraphScope:
    return GraphScope(revision.tenant_id, revision.project, revision.user_id)


def learn(taught: Sequence[tuple[Revision, Knowledge]], moment: dt.datetime, actor: str) -> list[Learned]:
    """What these live texts of one owner say of entities; the memories exist already."""
    if not taught:
        return []
    lessons = [Lesson(r.memory_key, known, r.valid_from) for r, known in taught]
    return knowledge.learn(scope_of(taught[0][0]), lessons, moment=moment, actor=actor)


def retire(ended: Sequence[Revision], moment: dt.datetime) -> None:
    """Memories of one owner that hold no longer. What takes their place is taught first."""
    if ended:
        knowledge.retire(scope_of(ended[0]), [revision.memory_key for revision in ended], moment=moment)


def revive(revision: Revision, period: tuple[dt.datetime | None, dt.datetime], moment: dt.datetime) -> None:
    """A memory has its text of `period` again, and states what that text stated when it was retired."""
    knowledge.revive(scope_of(revision), [revision.memory_key], moment=moment, period=period)


def together(parts: Iterable[Knowledge]) -> Knowledge:
    """What several facts of one text say, as one."""
    parts = list(parts)
    return Knowledge(
        tuple(dict.fromkeys(named for part in parts for named in part.named)),
        tuple(stated for part in parts for stated in part.stated),
        next((part.user_name for part in parts if part.user_name), None),
    )
