"""Keys, peppers, ids and spellings of addresses."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apikeys import secrets
from core import ids
from memproject.settings import broker, database


@given(st.text(min_size=1).filter(lambda s: s.encode("utf-8", "ignore").decode() == s), st.text("abc", min_size=1))
def test_a_key_proves_itself_and_no_other_does(key: str, pepper: str) -> None:
    stored = secrets.digest(key, pepper)
    assert secrets.proves(key, stored, pepper)
    assert not secrets.proves(key + "x", stored, pepper)
    assert not secrets.proves(key, stored, pepper + "x")
    assert len(secrets.lookup_part(key)) == 16


def test_previews_show_nothing_of_a_short_key() -> None:
    assert secrets.preview("mp_abcdefghijklmnopqrstuvwxyz") == "mp_abcd…wxyz"
    assert secrets.preview("hunter2") == "…"
    assert secrets.generate() != secrets.generate()


@pytest.mark.parametrize("text", ["", "abc", "1:", ":abc", "one:abc", "1:a,2"])
def test_peppers_are_numbered(text: str) -> None:
    with pytest.raises(ValueError, match="KEY_PEPPERS"):
        secrets.parse_peppers(text)
    assert secrets.parse_peppers("1:a, 2:b:c") == {1: "a", 2: "b:c"}


@given(st.uuids())
def test_public_ids_come_back(row: uuid.UUID) -> None:
    assert ids.parse("mem", ids.public("mem", row)) == row
    assert ids.parse("ent", ids.public("mem", row)) is None


def test_ids_sort_by_time_and_are_version_seven() -> None:
    made = [ids.new_id() for _ in range(1000)]
    assert made == sorted(made)
    assert {i.version for i in made} == {7}


def test_addresses_in_their_spellings() -> None:
    assert broker("redis://h:1/2") == "redis://h:1/2"
    assert broker("unix:///a/b.sock?db=3") == "redis+socket:///a/b.sock?virtual_host=3"
    socket = database("postgresql://postgres@/mem%2Fproject?host=%2Ftmp%2Fpg&sslmode=disable")
    assert (socket["HOST"], socket["NAME"], socket["OPTIONS"]["sslmode"]) == ("/tmp/pg", "mem/project", "disable")
    remote = database("postgres://u%40x:p%3Aw@db.example:5433/name")
    assert (remote["USER"], remote["PASSWORD"], remote["HOST"], remote["PORT"]) == ("u@x", "p:w", "db.example", "5433")
