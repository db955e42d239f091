"""Fifty texts at once about the same ten people: everybody is found or made once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from memories.models import Source
from memories.types import SourceState
from tests.build import Caller
from tests.db.test_concurrency import accepted, work

PEOPLE = (
    "Maria Lopez", "Peter Novak", "Hannah Weiss", "Tom Becker", "Sara Lindqvist",
    "Omar Haddad", "Julia Rossi", "Kenji Tanaka", "Nora Dahl", "Felix Braun",
)  # fmt: skip
DOING = ("plays the cello", "likes chess", "collects stamps", "visited Lisbon", "lives in Vienna")


def test_fifty_stores_about_ten_people_make_ten_people(reader: Caller) -> None:
    assert reader.row is not None
    tenant = reader.row.tenant_id
    sources = [accepted(tenant, f"{name} {what}.", "default") for what in DOING for name in PEOPLE]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(work, sources))
    assert set(Source.objects.filter(tenant=tenant).values_list("state", flat=True)) == {SourceState.APPLIED}
    found = reader.get("/api/v1/entities?type=PERSON").json()["entities"]
    assert {e["name"]: e["memory_count"] for e in found} == dict.fromkeys(PEOPLE, len(DOING))
