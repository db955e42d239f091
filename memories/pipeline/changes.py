"""The changes of a pass: built by `plan`, written by `apply` in one transaction."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from entities.types import ExtractedGraph
from memories.models import Outcome, Review, Revision, Source
from memories.pipeline.rows import Batch


@dataclass(slots=True)
class AppliedWrite:
    """The result of one write. `failure` empty: it is applied. `is_last` False: the next part continues it, and
    reserves `reserved_id` if this part has used the id that the write had reserved."""

    source: Source
    result: dict[str, object]
    failure: str = ""
    is_last: bool = True
    reserved_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class GraphChange:
    """The graph changes of one write, in this order: `retired`, then `additions`, then `outdated` (memories that
    another memory of the same write replaces), and `reinstated`."""

    write: AppliedWrite
    moment: dt.datetime
    retired: Sequence[Revision] = ()
    additions: Sequence[tuple[Revision, ExtractedGraph]] = ()
    outdated: Sequence[Revision] = ()
    reinstated: Sequence[Revision] = ()


@dataclass(slots=True)
class ChangeSet:
    """`retired`: stored revisions with the time of their end. `texts`: new current revisions of memories that had
    another text. `columns`: changes of memory rows. `reviews`: proposals for the review queue, without text keys:
    `apply` sets these, and skips pairs with a memory that is not live after the change."""

    batch: Batch = field(default_factory=Batch)
    retired: list[Revision] = field(default_factory=list)
    texts: list[Revision] = field(default_factory=list)
    columns: list[tuple[uuid.UUID, Mapping[str, object]]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    graph: list[GraphChange] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    writes: list[AppliedWrite] = field(default_factory=list)

    @property
    def changes_memories(self) -> bool:
        return bool(self.batch.revisions or self.columns)
