"""Import the lines of an export as rows, all of a file or nothing.

The file is read three times: everything is checked, then the texts are embedded into a temporary file, then all is
written in one transaction, so that no model is called while it is open. An owner (project and user) with existing
memories is never changed.
"""

from __future__ import annotations

import json
import pickle
import tempfile
import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

from django.db import DataError, IntegrityError, transaction

from apikeys import tenants
from core import disk
from core.errors import Conflict, InvalidRequest
from core.ids import new_id
from core.serialization import IdRemapper, Line, LineError, RowFormat, batches
from core.tenancy import TenantRow, across_tenants
from entities.services import entity_transfer
from memories.embeddings import registry
from memories.pipeline import memory_transfer, owner_locks
from memories.pipeline.embed import embedded
from memories.pipeline.rows import Embedded
from memories.services.export import FORMAT, VERSION

ROW_FORMATS: dict[str, RowFormat] = {
    kind.name: kind
    for kind in (memory_transfer.SOURCE, memory_transfer.MEMORY, memory_transfer.REVIEW, *entity_transfer.ROW_FORMATS)
}
BATCH_SIZE = 100  # lines embedded, or written, together
ID_BATCH_SIZE = 1000
MAX_NAME_LENGTH = 128  # characters of a project or user

ProjectUser = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Imported:
    """The result: `lines` by their kind, `owners` that were written, `skipped` ones with existing memories; `renamed`:
    whether all rows got new ids, since some ids existed."""

    lines: dict[str, int]
    owners: int
    skipped: int
    renamed: bool


@dataclass(slots=True)
class _Checked:
    """The result of the first reading."""

    wanted: set[ProjectUser] = field(default_factory=set)
    skipped: set[ProjectUser] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ROW_FORMATS, 0))
    taken: bool = False


def import_file(slug: str, file: IO[bytes], *, user_id: str | None = None, skip_existing: bool = False) -> Imported:
    """Import the lines of a seekable file into a tenant, only of one user if `user_id` is given.

    Ids are kept unless one of them exists anywhere in the service; then all rows get new ones. Raises InvalidRequest
    (the line and the field), Conflict (an owner has memories; with `skip_existing` that owner is skipped instead),
    Unavailable (the disk is nearly full), or the embedder's errors; then nothing was written.
    """
    tenant_id = tenants.by_slug(slug).id
    disk.require_space()
    checked = _check(tenant_id, file, user_id)
    if checked.skipped and not skip_existing:
        raise Conflict(
            f"{len(checked.skipped)} of {len(checked.skipped) + len(checked.wanted)} owners have memories in this "
            "tenant already; nothing was imported.",
            owners=len(checked.skipped),
        )
    remapper = IdRemapper(new_id().int & 0xFFFFFFFF or 1) if checked.taken else IdRemapper()
    with tempfile.TemporaryFile() as vectors:
        _embed(tenant_id, file, checked.wanted, remapper, vectors)
        vectors.seek(0)
        _write(tenant_id, file, checked.wanted, remapper, vectors)
    return Imported(checked.counts, len(checked.wanted), len(checked.skipped), checked.taken)


# --- reading ---------------------------------------------------------------------------------------------------------
@contextmanager
def line_errors(number: int) -> Iterator[None]:
    """Add the line number to an error."""
    try:
        yield
    except LineError as error:
        where = f"line {number}: {error.path}: " if error.path else f"line {number}: "
        raise InvalidRequest(where + error.expected, line=number, field=error.path or None) from None


def _read(file: IO[bytes]) -> Iterator[tuple[int, ProjectUser, Line]]:
    """(number, owner, line) of each line of rows, and of the owner's own; header and end are checked."""
    file.seek(0)
    owner: ProjectUser | None = None
    ended = False
    number = 0
    for number, raw in enumerate(file, 1):
        with line_errors(number):
            if ended:
                raise LineError("", "stands after the end")
            line = _parsed(raw)
            if number == 1:
                _check_header(line)
            elif line.get("line") == "end":
                if line != {"line": "end", "lines": number - 1}:
                    raise LineError("lines", f"must be {number - 1}: lines are missing, or too many")
                ended = True
            else:
                if line.get("line") == "owner":
                    owner = _owner(line)
                elif line.get("line") not in ROW_FORMATS:
                    raise LineError("line", f"must be one of owner, {', '.join(ROW_FORMATS)}, end")
                if owner is None:
                    raise LineError("line", "must be owner before any other")
                yield number, owner, line
    if not ended:
        raise InvalidRequest(f"line {number + 1}: the end is missing: this is not the whole file", line=number + 1)


def _parsed(raw: bytes) -> Line:
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        line = None
    if not isinstance(line, dict):
        raise LineError("", "must be a JSON object in UTF-8")
    return line


def _check_header(line: Line) -> None:
    if line.get("format") != FORMAT:
        raise LineError("format", f"must be {FORMAT}")
    if line.get("version") != VERSION:
        raise LineError("version", f"must be {VERSION}: files of another version have other keys and are not read")


def _owner(line: Line) -> ProjectUser:
    if line.keys() != {"line", "project", "user_id"}:
        raise LineError("", "must have line, project and user_id")
    for name in ("project", "user_id"):
        value = line[name]
        if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME_LENGTH or "\0" in value:
            raise LineError(name, f"must be text of 1 to {MAX_NAME_LENGTH} characters")
    return line["project"], line["user_id"]


# --- the first reading: is it right? ---------------------------------------------------------------------------------
class _Links:
    """The ids of one owner's lines, and their links: a link may precede its target."""

    def __init__(self) -> None:
        self.ids: dict[str, set[str]] = {}
        self.current: dict[tuple[str, str], tuple[int, str]] = {}

    def add(self, number: int, kind: RowFormat, said: Line, path: str = "") -> None:
        """Raises LineError for a duplicate id."""
        if not kind.is_nested:
            mine = self.ids.setdefault(kind.name, set())
            if said["id"] in mine:
                raise LineError(f"{path}id", "stands in an earlier line")
            mine.add(said["id"])
            self.current.pop((kind.name, said["id"]), None)
        for name, of in kind.links.items():
            if (row_id := said[name]) is not None and row_id not in self.ids.get(of, ()):
                self.current.setdefault((of, row_id), (number, path + name))

    def check(self) -> None:
        """Raises InvalidRequest for the first link without a target."""
        for (of, _), (number, path) in self.current.items():
            with line_errors(number):
                raise LineError(path, f"must be the id of a {of} of the same owner")


def _check(tenant_id: uuid.UUID, file: IO[bytes], user_id: str | None) -> _Checked:
    checked = _Checked()
    seen: set[ProjectUser] = set()
    links, ids = _Links(), _Ids()
    for number, owner, line in _read(file):
        owner_key = memory_transfer.OwnerKey(tenant_id, *owner)
        with line_errors(number):
            if line["line"] == "owner":
                links.check()
                links = _Links()
                if owner in seen:
                    raise LineError("user_id", "this owner stands in an earlier line")
                seen.add(owner)
                if user_id in (None, owner[1]):
                    full = _has_some(tenant_id, owner)
                    (checked.skipped if full else checked.wanted).add(owner)
                continue
            rows = _rows(line, owner_key, IdRemapper())
            _link(links, number, line)
        if owner in checked.wanted:
            checked.counts[line["line"]] += 1
            ids.add(rows)
    links.check()
    checked.taken = ids.some_taken()
    return checked


def _rows(line: Line, owner_key: memory_transfer.OwnerKey, remapper: IdRemapper) -> list[TenantRow]:
    """The rows with ids of their own in a line. Raises LineError."""
    if line["line"] not in memory_transfer.LINE_NAMES:
        return [entity_transfer.row(line, owner_key.tenant_id, owner_key.project, owner_key.user_id, remapper)]
    imported = memory_transfer.ImportBatch()
    imported.add(line, owner_key, remapper)
    return [*imported.sources, *imported.memories, *imported.revisions, *imported.reviews]


def _link(links: _Links, number: int, line: Line) -> None:
    links.add(number, ROW_FORMATS[line["line"]], line)
    for name, kind in (("outcomes", memory_transfer.OUTCOME), ("revisions", memory_transfer.REVISION)):
        for place, part in enumerate(line.get(name, ())):
            links.add(number, kind, part, f"{name}.{place}.")


class _Ids:
    """Checks many ids at once for existing rows."""

    def __init__(self) -> None:
        self._taken = False
        self._waiting: dict[type[TenantRow], list[uuid.UUID]] = {}

    def add(self, rows: list[TenantRow]) -> None:
        for row in rows:
            ids = self._waiting.setdefault(type(row), [])
            ids.append(row.id)
            if len(ids) == ID_BATCH_SIZE:
                self._ask()

    def some_taken(self) -> bool:
        """Whether a row of any tenant has one of them."""
        self._ask()
        return self._taken

    def _ask(self) -> None:
        with across_tenants("an import asks whether ids are free everywhere"):
            for model, ids in self._waiting.items():
                self._taken = self._taken or model._base_manager.filter(id__in=ids).exists()
        self._waiting.clear()


# --- the second: embed; the third: write -----------------------------------------------------------------------------
LineBatch = list[tuple[int, ProjectUser, Line]]


def _wanted(file: IO[bytes], wanted: Collection[ProjectUser]) -> Iterator[LineBatch]:
    rows = (found for found in _read(file) if found[1] in wanted and found[2]["line"] != "owner")
    return batches(rows, BATCH_SIZE)


def _embed(
    tenant_id: uuid.UUID, file: IO[bytes], wanted: Collection[ProjectUser], remapper: IdRemapper, out: IO[bytes]
) -> None:
    """Write the vectors of each batch of lines to `out`, in their order."""
    encoder = registry.encoder()
    for batch in _wanted(file, wanted):
        texts = {revision.id: revision.content for revision, _ in _import_batch(tenant_id, batch, remapper)[0].texts}
        pickle.dump(dict(zip(texts, embedded(encoder, list(texts.values())), strict=True)), out)


def _write(
    tenant_id: uuid.UUID, file: IO[bytes], wanted: Collection[ProjectUser], remapper: IdRemapper, vectors: IO[bytes]
) -> None:
    passages: Counter[ProjectUser] = Counter()
    with transaction.atomic():
        locked = memory_transfer.lock(tenant_id, list(wanted))
        if any(_has_some(tenant_id, owner) for owner in wanted):
            raise Conflict("An owner got memories in this tenant meanwhile; nothing was imported.")
        for batch in _wanted(file, wanted):
            disk.require_space()
            imported, known = _import_batch(tenant_id, batch, remapper)
            texts: dict[uuid.UUID, Embedded] = pickle.load(vectors)  # noqa: S301  our own file, which has no name
            with line_range_errors(batch[0][0], batch[-1][0]):
                passages += memory_transfer.write(imported, texts)
                entity_transfer.write(tenant_id, known)
        for owner, row in locked.items():
            owner_locks.changed(row, passages[owner])


def _has_some(tenant_id: uuid.UUID, owner: ProjectUser) -> bool:
    return memory_transfer.has_memories(memory_transfer.OwnerKey(tenant_id, *owner)) or entity_transfer.has_entities(
        tenant_id, *owner
    )


def _import_batch(
    tenant_id: uuid.UUID, batch: LineBatch, remapper: IdRemapper
) -> tuple[memory_transfer.ImportBatch, list[TenantRow]]:
    imported, known = memory_transfer.ImportBatch(), []
    for _, owner, line in batch:
        if line["line"] in memory_transfer.LINE_NAMES:
            imported.add(line, memory_transfer.OwnerKey(tenant_id, *owner), remapper)
        else:
            known.append(entity_transfer.row(line, tenant_id, *owner, remapper))
    return imported, known


@contextmanager
def line_range_errors(first: int, last: int) -> Iterator[None]:
    """Errors that only the database detects (two live memories of one text, an end before its beginning), without
    texts."""
    try:
        yield
    except (IntegrityError, DataError) as error:
        rule = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or type(error).__name__
        raise InvalidRequest(f"lines {first} to {last}: against the rule {rule}", line=first) from None
