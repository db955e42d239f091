"""What is exported comes in again: the same file from an empty database, the same content beside what is there."""

from __future__ import annotations

import json
import re
import stat
import uuid
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from apikeys.models import Tenant
from core.serialization import RowFormat
from core.tenancy import across_tenants, tenant_tables
from entities.models import Entity, GraphOutbox, Mention, Relation
from entities.services.entity_transfer import ROW_FORMATS
from memories.models import Embedding, Memory, Owner, Passage, Revision, Source
from memories.pipeline.memory_transfer import MEMORY, OUTCOME, REVIEW, REVISION, SOURCE, USAGE
from memories.services import imports
from memories.services.export import export_tenant
from tests import build, history
from tests.api.samples import _all_rows
from tests.build import Caller
from webhooks.models import Delivery

ID = re.compile(r"(?:\b|(?<=mem_)|(?<=rvw_))[0-9a-f]{32}\b")
DERIVED = (Passage, Embedding)


def exported(folder: Path, tenant: str = "default", **options: Any) -> bytes:
    file = folder / f"{uuid.uuid4().hex}.jsonl"
    call_command("export_memories", tenant=tenant, output=file, **options)
    return file.read_bytes()


def imported(folder: Path, lines: bytes, tenant: str = "default", **options: Any) -> str:
    file = folder / "in.jsonl"
    file.write_bytes(lines)
    out = StringIO()
    call_command("import_memories", str(file), tenant=tenant, stdout=out, **options)
    return out.getvalue()


def rows(tenant: Tenant) -> set[tuple[str, str]]:
    """Every row of a tenant, as it stands in the database."""
    with connection.cursor() as cursor:
        cursor.execute(_all_rows(), {"tenant": tenant.pk})
        return set(cursor.fetchall())


def empty() -> Tenant:
    call_command("flush", verbosity=0, interactive=False)
    with across_tenants("a test looks whether all is empty"):
        assert not any(model._base_manager.exists() for model in tenant_tables())
    return build.tenant("default")


@pytest.fixture
def world(owner: Caller) -> Caller:
    """Two users in two projects, with all that may be kept of them; of Bob, what his texts state of entities."""
    tenant = build.tenant("default")
    for project in ("default", "work"):
        history.known(tenant, "ann", history.lived(owner, "ann", project), project)
    history.lived(owner, "bob@example.com")
    return owner


def test_into_an_empty_database_and_out_again_is_the_same_file(world: Caller, tmp_path: Path) -> None:
    before = exported(tmp_path)
    kinds = [json.loads(line).get("line") for line in before.splitlines()]
    assert (kinds[0], kinds[-1], kinds.count("owner")) == (None, "end", 3)
    assert {kind: kinds.count(kind) for kind in sorted({*kinds[1:-1]})} == {
        "alias": 8,
        "entity": 12,
        "evidence": 10,
        "memory": 33,
        "mention": 12,
        "merge": 2,
        "name": 16,
        "owner": 3,
        "relation": 2,
        "review": 9,
        "source": 42,
    }
    assert b"kept a parrot" not in before
    tenant = empty()
    assert imported(tmp_path, before).startswith("Imported of 3 owners: 42 source, 33 memory, 9 review, 12 entity,")
    assert exported(tmp_path) == before
    assert Memory.objects.filter(tenant=tenant).count() == 33


def test_what_is_derived_is_made_anew_and_alike(world: Caller, tmp_path: Path) -> None:
    tenant = build.tenant("default")

    def found() -> list[Any]:
        passages = Passage.objects.filter(tenant=tenant).order_by("text_key", "ordinal")
        said = (
            "text_key",
            "memory_key",
            "start",
            "stop",
            "tsv",
            "length",
            "session",
            "batch",
            "turn",
            "speaker",
            "said_at",
        )
        vectors = Embedding.objects.filter(tenant=tenant).order_by("text_key", "passage__ordinal")
        owned = Owner.objects.filter(tenant=tenant).order_by("project", "user_id")
        return [
            list(passages.values_list(*said)),
            [(v.text_key, v.current, v.model, v.speaker, list(v.vector)) for v in vectors],
            list(owned.values_list("project", "user_id", "passages")),
        ]

    before, asked = found(), {"user_id": "ann", "limit": 5}
    answered = world.recall("Where does ann live?", **asked)["memories"]
    lines = exported(tmp_path)
    empty()
    caller = build.caller()
    imported(tmp_path, lines)
    tenant = build.tenant("default")
    assert found() == before
    again = caller.recall("Where does ann live?", **asked)["memories"]
    assert [(m["id"], m["content"]) for m in again] == [(m["id"], m["content"]) for m in answered]
    noted = GraphOutbox.objects.filter(tenant=tenant, state="pending").values_list("kind", flat=True)
    assert {kind: list(noted).count(kind) for kind in ("entity", "relation", "memory")} == {
        "entity": Entity.objects.filter(tenant=tenant).count(),
        "relation": Relation.objects.filter(tenant=tenant).count(),
        "memory": Mention.objects.filter(tenant=tenant).values("memory_key").distinct().count(),
    }


def test_beside_others_it_gets_new_ids_and_the_same_content(world: Caller, tmp_path: Path) -> None:
    other = build.tenant("other")
    build.caller(other).store("Somebody else was here before", user_id="zoe")
    there, here = rows(other), rows(build.tenant("default"))
    before = exported(tmp_path)
    said = imported(tmp_path, before, "other")
    assert "All ids are new" in said
    after = exported(tmp_path, "other")
    old, new = ({*ID.findall(lines.decode())} for lines in (before, after))
    assert not old & new
    mapping: dict[str, str] = {}
    mine = [line for line in after.decode().splitlines() if "zoe" not in line and "Somebody else" not in line]
    for was, line in zip(before.decode().splitlines()[:-1], mine[:-1], strict=True):
        for a, b in zip(ID.findall(was), ID.findall(line), strict=True):
            assert mapping.setdefault(a, b) == b  # one id for one id, in every link
        assert ID.sub("#", was) == ID.sub("#", line)
    assert len({*mapping.values()}) == len(mapping)
    assert rows(build.tenant("default")) == here
    assert there - rows(other) == set()
    mapped = build.caller(other)
    first = json.loads(next(line for line in before.splitlines() if b'"line":"memory"' in line))["id"]
    old_answer = world.get(f"/api/v1/memories/mem_{first}/history").json()["revisions"]
    new_answer = mapped.get(f"/api/v1/memories/mem_{mapping[first]}/history").json()["revisions"]
    assert [r["content"] for r in new_answer] == [r["content"] for r in old_answer]


def test_one_user_and_one_project(world: Caller, tmp_path: Path) -> None:
    lines = exported(tmp_path, user="ann", project="work")
    heads = [json.loads(line) for line in lines.splitlines() if b'"line":"owner"' in line]
    assert heads == [{"line": "owner", "project": "work", "user_id": "ann"}]
    assert b"bob" not in lines
    everything = exported(tmp_path)
    empty()
    imported(tmp_path, everything, user="ann")
    assert exported(tmp_path) == b"".join(export_tenant("default", "ann"))
    assert set(Memory.objects.filter(tenant=build.tenant("default")).values_list("user_id", flat=True)) == {"ann"}


def test_a_second_time_is_refused_and_may_be_skipped(world: Caller, tmp_path: Path) -> None:
    tenant = build.tenant("default")
    lines = exported(tmp_path)
    before = rows(tenant)
    with pytest.raises(CommandError, match="3 of 3 owners have memories in this tenant already; nothing was imported"):
        imported(tmp_path, lines)
    assert rows(tenant) == before
    assert "3 owners were skipped" in imported(tmp_path, lines, skip_existing=True)
    assert rows(tenant) == before
    assert world.delete("/api/v1/memories", {"user_id": "bob@example.com", "all": True}).status_code == 200
    said = imported(tmp_path, lines, skip_existing=True)
    assert "Imported of 1 owners" in said
    assert "2 owners were skipped" in said
    again = exported(tmp_path, user="bob@example.com").splitlines()
    assert again[1:-1] == [line for line in lines.splitlines() if line in set(again[1:-1])]


def test_a_write_that_waits_is_worked_on_where_it_comes_in(no_worker: None, tmp_path: Path) -> None:
    owner = build.caller()
    asked = {"content": "The kettle is in the attic", "user_id": "ann"}
    waiting = owner.post("/api/v1/memories", asked).json()["id"]
    lines = exported(tmp_path)
    empty()
    imported(tmp_path, lines)
    assert exported(tmp_path) == lines
    source = Source.objects.get(tenant=build.tenant("default"))
    assert source.sequence == 1
    assert build.queue(source).due_at is not None
    caller = build.caller()
    assert [m["id"] for m in caller.recall("kettle", user_id="ann")["memories"]] == [waiting]


def test_no_webhook_is_told_of_what_comes_in(world: Caller, tmp_path: Path) -> None:
    other = build.tenant("other")
    admin = build.caller(other, role=build.Role.ADMIN)
    hook = {"url": "https://hooks.example/", "events": ["memory.created", "memory.updated"]}
    assert admin.post("/api/v1/webhooks", hook).status_code == 201
    imported(tmp_path, exported(tmp_path), "other")
    assert Delivery.objects.filter(tenant=other).count() == 0


def test_the_file_is_its_owners_alone(world: Caller, tmp_path: Path) -> None:
    call_command("export_memories", output=tmp_path / "out.jsonl")
    assert stat.S_IMODE((tmp_path / "out.jsonl").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


# --- what is wrong ---------------------------------------------------------------------------------------------------
def change(lines: bytes, kind: str, fields: dict[str, Any]) -> tuple[bytes, int]:
    """The file with other fields in its first line of a kind; → also that line's number."""
    all_lines = [json.loads(line) for line in lines.splitlines()]
    number = next(n for n, line in enumerate(all_lines) if line.get("line") == kind)
    for path, value in fields.items():
        *way, last = path.split("__")
        inner = all_lines[number]
        for step in way:
            inner = inner[int(step[1:])] if step[0] == "i" and step[1:].isdigit() else inner[step]
        if value is ...:
            del inner[last]
        else:
            inner[last] = value
    return b"".join(json.dumps(line).encode() + b"\n" for line in all_lines), number + 1


NOBODYS = "1edebfefea6545efb47be55d8cfd5eab"  # fixed: it stands in the names of tests
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("memory", {"id": "mem_5"}, "id: must be an id: 32 hex digits"),
    ("memory", {"importance": "high"}, "importance: must be a number"),
    ("memory", {"created_at": "2026-01-01"}, "created_at: must be an ISO 8601 time with an offset"),
    ("memory", {"pinned": ...}, "pinned: is missing"),
    ("memory", {"owner": 1}, "owner: is not known here"),
    ("memory", {"revisions": {}}, "revisions: must be a list"),
    ("memory", {"revisions": []}, "revisions: must have one that is not retired; 0 are not"),
    ("memory", {"revisions__i0__content": 5}, "revisions.0.content: must be text"),
    ("memory", {"revisions__i0__content": "a\0b"}, "revisions.0.content: must be text"),
    ("memory", {"revisions__i0__metadata": []}, "revisions.0.metadata: must be an object"),
    ("memory", {"revisions__i0__digest": "ff"}, "revisions.0.digest: must be 32 bytes in hex"),
    ("memory", {"revisions__i0__action": "FORGET"}, "revisions.0.action: must be one of ADD, UPDATE,"),
    (
        "memory",
        {"revisions__i0__attribution__turn": -1},
        "revisions.0.attribution.turn: must be a whole number, 0 or more",
    ),
    ("memory", {"revisions__i0__attribution": None}, "revisions.0.attribution: must stand where the text is new"),
    ("memory", {"revisions__i2__text": NOBODYS}, "revisions.2.text: must name a revision of this memory"),
    ("memory", {"revisions__i0__source": NOBODYS}, "revisions.0.source: must be the id of a source of the same owner"),
    ("memory", {"usage__uses": 1.5}, "usage.uses: must be a whole number, 0 or more"),
    ("source", {"outcomes__i0__memory": NOBODYS}, "outcomes.0.memory: must be the id of a memory of the same owner"),
    ("source", {"outcomes__i0__decision": "MAYBE"}, "outcomes.0.decision: must be one of ADD, NOOP"),
    ("source", {"state": "pending"}, "finished_at: must be null while the write is pending"),
    ("mention", {"memory": None}, "memory: must not be null"),
    ("mention", {"entity": NOBODYS}, "entity: must be the id of a entity of the same owner"),
    ("evidence", {"alias": NOBODYS}, "relation: must be null where alias is not"),
    ("owner", {"user_id": ""}, "user_id: must be text of 1 to 128 characters"),
    ("owner", {"line": "landlord"}, "line: must be one of owner, source, memory,"),
    ("end", {"lines": 3}, "lines: must be "),
]


@pytest.fixture
def one(owner: Caller, tmp_path: Path) -> bytes:
    """An export of one user, who is gone since."""
    history.known(build.tenant("default"), "ann", history.lived(owner, "ann"))
    lines = exported(tmp_path)
    empty()
    return lines


@pytest.mark.parametrize(("kind", "fields", "said"), WRONG, ids=[f"{k} {f}"[:60] for k, f, _ in WRONG])
def test_a_wrong_line_is_named_and_nothing_is_written(
    one: bytes, tmp_path: Path, kind: str, fields: dict[str, Any], said: str
) -> None:
    lines, number = change(one, kind, fields)
    with pytest.raises(CommandError) as refused:
        imported(tmp_path, lines)
    assert str(refused.value).startswith(f"line {number}: {said}")
    assert rows(build.tenant("default")) == rows_of_nobody()


def rows_of_nobody() -> set[tuple[str, str]]:
    """The tenants and keys alone: rows of nobody's data."""
    return {(table, row) for table, row in rows(build.tenant("default")) if table.startswith("apikeys_")}


ONLY_VERSION_3 = "must be 3: files of another version have other keys and are not read"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda lines: b"", "line 1: the end is missing: this is not the whole file"),
        (lambda lines: b"".join(lines[:-1]), "the end is missing: this is not the whole file"),
        (lambda lines: b"".join([*lines, b"{}\n"]), "stands after the end"),
        (lambda lines: b"".join([lines[0], *lines[2:]]), "line 2: line: must be owner before any other"),
        (lambda lines: b"".join([lines[0], b"{\n", *lines[1:]]), "line 2: must be a JSON object in UTF-8"),
        (lambda lines: b"".join([lines[0].replace(b":3", b":2"), *lines[1:]]), f"line 1: version: {ONLY_VERSION_3}"),
        (lambda lines: b'{"format":"memproject","version":4}\n', f"line 1: version: {ONLY_VERSION_3}"),
        (lambda lines: b'{"format":"else","version":3}\n', "line 1: format: must be memproject"),
        (lambda lines: b"".join([*lines[:3], lines[2], *lines[3:]]), "line 4: id: stands in an earlier line"),
        (lambda lines: b"".join([*lines[:-1], lines[1], lines[-1]]), "user_id: this owner stands in an earlier line"),
    ],
)
def test_a_file_that_is_none_is_refused(one: bytes, tmp_path: Path, broken: Any, said: str) -> None:
    with pytest.raises(CommandError, match=re.escape(said)):
        imported(tmp_path, broken(one.splitlines(keepends=True)))
    assert rows(build.tenant("default")) == rows_of_nobody()


def test_what_only_the_database_sees_undoes_all_before_it(
    one: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two live memories of one text, in the last of many batches."""
    monkeypatch.setattr(imports, "BATCH_SIZE", 2)
    found = [json.loads(line) for line in one.splitlines()]
    first, *_, last = (line for line in found if line.get("line") == "memory")
    live = next(r for r in first["revisions"] if r["retired_at"] is None)
    next(r for r in last["revisions"] if r["retired_at"] is None)["digest"] = live["digest"]
    lines = b"".join(json.dumps(line).encode() + b"\n" for line in found)
    with pytest.raises(CommandError, match=r"lines \d+ to \d+: against the rule memories_live_text"):
        imported(tmp_path, lines)
    assert rows(build.tenant("default")) == rows_of_nobody()
    assert Revision.objects.filter(tenant=build.tenant("default")).count() == 0


def test_a_tenant_that_is_not_there(eager: None, tmp_path: Path) -> None:
    for command in (lambda: exported(tmp_path, "nowhere"), lambda: imported(tmp_path, b"", "nowhere")):
        with pytest.raises(CommandError, match="no tenant has this slug"):
            command()


# Columns of exported tables that stay behind: whose a row is (the line around it says), what is made anew from what is
# exported, and what only means something while a worker is at it.
LEFT = {
    "*": {"id", "tenant_id", "project", "user_id"},
    "Source": {"tsv", "vector", "model", "sequence", "next_attempt_at", "attempts"},
    "Outcome": {"source_key"},
    "Revision": {"memory_key"},
    "Usage": {"memory_key"},
    "Entity": {"is_user"},
    "EntityRevision": {"normalised"},
    "Alias": {"normalised"},
}


@pytest.mark.parametrize(
    "kind", [SOURCE, OUTCOME, MEMORY, USAGE, REVISION, REVIEW, *ROW_FORMATS], ids=lambda kind: kind.name
)
def test_every_column_is_carried_or_left_behind_on_purpose(kind: RowFormat) -> None:
    columns = {field.attname for field in kind.model._meta.concrete_fields}
    assert columns - set(kind.columns) == (LEFT["*"] | LEFT.get(kind.model.__name__, set())) & columns
