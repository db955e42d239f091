"""A person edits the name, type and aliases of an entity."""

from __future__ import annotations

from django.db import transaction

from apikeys.types import Principal
from core.clock import now
from core.errors import InvalidRequest
from entities.models import Alias, EntityRevision, Evidence
from entities.names import normal
from entities.services import entity_access
from entities.services.disambiguation import next_disambiguator
from entities.services.entity_detail import detail
from entities.services.unit_of_work import UnitOfWork
from entities.types import SELF, EditEntity, EntityDetail


def edit(principal: Principal, command: EditEntity) -> EntityDetail:
    """Change name, type and aliases; a name that is taken gets the next free disambiguator. → the entity.

    An earlier name becomes an alias unless `aliases` is given; the alias that identifies the user is never removed.
    Raises NotFound, Conflict (merged into another one) and InvalidRequest.
    """
    for field, names in (("name", [command.name]), ("aliases", command.aliases or ())):
        if any(name is not None and not normal(name) for name in names):
            raise InvalidRequest(f"{field}: must have a character that shows", field=field)
    with transaction.atomic():
        row = entity_access.locked(principal, command.entity_id)
        work = UnitOfWork(entity_access.scope_of(row), now(), principal.caller)
        new = _revised(work, row, command)
        _set_aliases(work, row, new, command.aliases)
        work.write()
        return detail(new)


def _revised(work: UnitOfWork, row: EntityRevision, command: EditEntity) -> EntityRevision:
    name, of_type = command.name or row.name, command.type or row.type
    if (name, of_type) == (row.name, row.type):
        return row
    return work.replace(
        row,
        name=name,
        normalised=normal(name),
        type=of_type,
        disambiguator=next_disambiguator(row, name=name, of_type=of_type),
        candidates=[],
        confidence=1.0,
        actor=work.actor,
    )


def _set_aliases(work: UnitOfWork, old: EntityRevision, new: EntityRevision, aliases: tuple[str, ...] | None) -> None:
    """Retire aliases that are not in the new list, and add missing ones."""
    live = Alias.objects.filter(tenant=old.tenant_id, entity_key=old.entity_key, retired_at=None)
    there = {alias.normalised: alias for alias in live}
    wanted = {normal(name): name for name in aliases or ()}
    if aliases is None and old.normalised != new.normalised:
        wanted[old.normalised] = old.name
    if aliases is not None:
        for form in sorted(set(there) - set(wanted) - {SELF, new.normalised}):
            work.retire(there[form])
            for evidence in Evidence.objects.filter(tenant=old.tenant_id, alias_key=there[form].id, retired_at=None):
                work.retire(evidence)
    for form in sorted(set(wanted) - set(there) - {new.normalised}):
        work.add(
            Alias(
                tenant_id=old.tenant_id,
                entity_key=old.entity_key,
                name=wanted[form],
                normalised=form,
                recorded_at=work.moment,
            )
        )
