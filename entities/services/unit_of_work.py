"""The changes of one transaction to an owner's entities, collected by row and written in a few statements.

Rows are never overwritten: one is retired and another is added. The outbox entries follow from the rows.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from core.ids import new_id
from entities.graph import outbox
from entities.models import Alias, Entity, EntityRevision, Evidence, Mention, Relation
from entities.types import SELF, GraphKind, GraphScope

BATCH_SIZE = 500
Versioned = EntityRevision | Alias | Mention | Relation | Evidence
R = TypeVar("R", bound=Versioned)
ORDER: tuple[type[Any], ...] = (Entity, EntityRevision, Alias, Mention, Relation, Evidence)


class UnitOfWork:
    """Created under the owner's lock; `moment` is the time of recording and retirement."""

    def __init__(self, scope: GraphScope, moment: dt.datetime, actor: str) -> None:
        self.scope, self.moment, self.actor = scope, moment, actor
        self.added: dict[type[Any], dict[uuid.UUID, Any]] = defaultdict(dict)
        self.retired: dict[type[Any], dict[uuid.UUID, Any]] = defaultdict(dict)

    @property
    def owned(self) -> dict[str, Any]:
        """The columns of a row in the owner's scope."""
        return {"tenant_id": self.scope.tenant_id, "project": self.scope.project, "user_id": self.scope.user_id}

    def add(self, row: Any) -> None:
        self.added[type(row)][row.id] = row

    def retire(self, row: Versioned) -> None:
        """Retire a row; a row that was added in this unit is removed."""
        if self.added[type(row)].pop(row.id, None) is None:
            row.retired_at = self.moment
            self.retired[type(row)][row.id] = row

    def copy(self, row: R, **changes: Any) -> R:
        """Add a copy of this row, known from now on, with these changes."""
        kept = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}
        new = type(row)(**{**kept, "id": new_id(), "recorded_at": self.moment, "retired_at": None, **changes})
        self.add(new)
        return new

    def replace(self, row: R, **changes: Any) -> R:
        new = self.copy(row, **changes)
        self.retire(row)
        return new

    def write(self) -> None:
        """Write all changes, retired rows first, because of unique constraints on live rows."""
        tenant_id = self.scope.tenant_id
        mark_user(tenant_id, self.added[Alias].values(), self.added[Entity])
        for model in ORDER:
            if ids := list(self.retired[model]):
                model._base_manager.filter(tenant=tenant_id, id__in=ids).update(retired_at=self.moment)
        for model in ORDER:
            if rows := list(self.added[model].values()):
                model._base_manager.bulk_create(rows, batch_size=BATCH_SIZE)
        revisions = self._changed(EntityRevision)
        outbox.note(tenant_id, GraphKind.ENTITY, {*self.added[Entity], *(row.entity_key for row in revisions)})
        outbox.note(tenant_id, GraphKind.RELATION, {row.id for row in self._changed(Relation)})
        outbox.note(tenant_id, GraphKind.MEMORY, {row.memory_key for row in self._changed(Mention)})

    def _changed(self, model: type[Any]) -> Iterable[Any]:
        return [*self.added[model].values(), *self.retired[model].values()]


def mark_user(tenant_id: uuid.UUID, aliases: Iterable[Alias], new: Mapping[uuid.UUID, Entity]) -> None:
    """Mark the entities that get the alias SELF: the unsaved ones in `new`, and stored ones."""
    keys = {alias.entity_key for alias in aliases if alias.normalised == SELF}
    for key in keys & set(new):
        new[key].is_user = True
    if stored := keys - set(new):
        Entity.objects.filter(tenant=tenant_id, id__in=stored).update(is_user=True)
