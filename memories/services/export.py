"""Export all data of one user, or of a tenant, with its history, as JSON Lines.

Equal rows give equal bytes: the output contains no current time, and is sorted by owner and id. It ends with a count of
its lines, so that a truncated file is recognised. Vectors and words are derived again by an import.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.db import connection, transaction

from apikeys import tenants
from apikeys.types import Principal
from core.clock import now
from core.serialization import Line
from entities.services import entity_transfer
from memories.pipeline import memory_transfer
from memories.services import access
from memories.types import MemoryScope

# Raise VERSION when a key is added, removed or renamed: an import reads no other version.
FORMAT, VERSION = "memproject", 3

# A consistent snapshot, independent of concurrent writes.
SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
# A stalled reader must not hold the snapshot, which blocks vacuum, without a limit. The first rows of a large user's
# cursor may take longer than the statement timeout of a web connection.
TIMEOUTS = "SET LOCAL idle_in_transaction_session_timeout = '60s'; SET LOCAL statement_timeout = 0"


def export(principal: Principal, user_id: str | None, project: str | None) -> Iterator[bytes]:
    """The lines of one user, in the named project or in all projects of the caller."""
    return lines(access.reading(principal, user_id, project))


def export_tenant(slug: str, user_id: str | None = None, project: str | None = None) -> Iterator[bytes]:
    """The lines of a tenant, or of one user or project of it. Raises InvalidRequest if there is no such tenant."""
    return lines(MemoryScope(tenants.by_slug(slug).id, user_id, None if project is None else (project,)))


def lines(where: MemoryScope) -> Iterator[bytes]:
    """The lines, each with its newline, read while they are consumed. Expired data is left out; the clean-up erases it
    later."""
    yield _line({"format": FORMAT, "version": VERSION})
    count = 1
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(SNAPSHOT)
            cursor.execute(TIMEOUTS)
        for line in _rows(where):
            yield _line(line)
            count += 1
    yield _line({"line": "end", "lines": count})


def _rows(where: MemoryScope) -> Iterator[Line]:
    moment = now()
    for project, user_id in memory_transfer.list_owners(where):
        head: Line | None = {"line": "owner", "project": project, "user_id": user_id}
        owner_key = memory_transfer.OwnerKey(where.tenant_id, project, user_id)
        gone = memory_transfer.expired(owner_key, moment)
        for of in (
            memory_transfer.lines(owner_key, gone, moment),
            entity_transfer.lines(where.tenant_id, project, user_id, list(gone)),
        ):
            for line in of:
                if head is not None:  # an owner without data is not named
                    yield head
                    head = None
                yield line


def _line(said: Line) -> bytes:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
