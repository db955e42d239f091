"""Response serializers: what they render, what they leave out, and that nothing else describes a response."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from dataclasses import dataclass, fields, replace
from typing import Any

import pytest
from rest_framework import serializers

from core.errors import InvalidRequest, MemoryNotFound
from core.http import mem0, remembra
from core.http.fields import TimestampField
from core.http.responses import NullIfBlankField, PublicIdField, ResponseSerializer, RoundedField, answer, example_id
from core.unset import UNSET, Unset
from memories.api.mem0.responses import Mem0MemoryOut
from memories.api.remembra.responses import MemoryOut, RecallResultOut
from memories.types import MemoryRecord

ROW = uuid.UUID("01890a5dac967b2e8b7c3f0a9d1e2f30")


@dataclass(frozen=True)
class Part:
    name: str


@dataclass(frozen=True)
class Record:
    id: uuid.UUID | None
    part: Part
    parts: tuple[Part, ...] = ()
    score: float = 0.123456789
    note: str = ""
    at: dt.datetime | None = None
    extra: str | None = None
    vector: list[float] | Unset | None = UNSET


class PartOut(ResponseSerializer):
    name = serializers.CharField()


class RecordOut(ResponseSerializer):
    id = PublicIdField("mem", allow_null=True)
    name = serializers.CharField(source="part.name")
    upper = serializers.CharField()
    parts = PartOut(many=True)
    itself = PartOut(source="part")
    score = RoundedField()
    note = NullIfBlankField()
    at = TimestampField(allow_null=True)
    extra = serializers.CharField(required=False)
    vector = serializers.ListField(child=serializers.FloatField(), required=False, allow_null=True)

    def get_upper(self, record: Record) -> str:
        return record.part.name.upper()


class WrapperOut(RecordOut):
    inherited_source = "record"

    rank = serializers.IntegerField()


class OuterOut(WrapperOut):
    inherited_source = "wrapper"

    last = serializers.BooleanField()


@dataclass(frozen=True)
class Wrapper:
    record: Record
    rank: int


@dataclass(frozen=True)
class Outer:
    wrapper: Wrapper
    last: bool


SHORT = {
    "id": f"mem_{ROW.hex}",
    "name": "a",
    "upper": "A",
    "parts": [],
    "itself": {"name": "a"},
    "score": 0.123457,
    "note": None,
    "at": None,
}


def test_a_record_is_rendered_by_name_source_and_method_in_the_order_of_the_fields() -> None:
    body = RecordOut.render(Record(ROW, Part("a")))
    assert body == SHORT
    assert list(body) == list(SHORT)


def test_a_field_that_is_not_required_is_left_out_without_a_value() -> None:
    record = Record(None, Part("a"), (Part("b"),), extra="x", note="n", vector=[1.0])
    assert RecordOut.render(record) == SHORT | {
        "id": None,
        "parts": [{"name": "b"}],
        "note": "n",
        "extra": "x",
        "vector": [1.0],
    }
    assert RecordOut.render(replace(record, extra=None, vector=None)).items() >= {"vector": None}.items()
    assert "extra" not in RecordOut.render(replace(record, extra=None))
    assert "vector" not in RecordOut.render(replace(record, vector=UNSET))


def test_inherited_fields_show_a_part_of_the_record() -> None:
    wrapper = Wrapper(Record(ROW, Part("a")), 3)
    assert WrapperOut.render(wrapper) == SHORT | {"rank": 3}
    assert OuterOut.render(Outer(wrapper, True)) == SHORT | {"rank": 3, "last": True}


def test_an_answer_has_the_rendered_example() -> None:
    documented = answer(RecordOut, "One", Record(ROW, Part("a")))
    assert (documented.response, documented.description) == (RecordOut, "One")
    assert [(one.name, one.value) for one in documented.examples] == [("One", SHORT)]


def test_the_error_of_each_dialect() -> None:
    error = InvalidRequest("content: must not be empty", field="content")
    assert remembra.failure(error) == {
        "detail": "content: must not be empty",
        "error": {
            "code": "validation_error",
            "message": "content: must not be empty",
            "details": {"field": "content"},
        },
    }
    missing = MemoryNotFound("mem_1")
    body = mem0.failure(missing)
    assert list(body) == ["success", "error", "timestamp"]
    assert body["success"] is False
    assert body["error"] == {"code": "MEMORY_NOT_FOUND", "message": missing.message, "details": missing.data}


def test_the_envelope() -> None:
    at = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    body = mem0.envelope(RecordOut).render(mem0.Success(Record(ROW, Part("a")), "Done", at))
    assert json.dumps(body) == json.dumps(
        {"success": True, "data": SHORT, "message": "Done", "timestamp": "2026-03-01T00:00:00Z"}
    )


# A field that a caller can't see has its reason here. The context of a recall shows the dates.
HIDDEN = {
    "/v1": {
        *(
            "said_at",
            "speaker",
            "valid_from",
            "valid_to",
            "uses",
            "last_used_at",
            "superseded_by",
            "utc_offset",
            "dates",
        )
    },
    "/api/v1": {"said_at", "utc_offset", "dates"},
}


@pytest.mark.parametrize(("dialect", "serializer"), [("/v1", Mem0MemoryOut), ("/api/v1", MemoryOut)])
def test_every_field_of_a_memory_is_shown_or_hidden_on_purpose(dialect: str, serializer: Any) -> None:
    sources = {field.source.partition(".")[0] for field in serializer().fields.values()}
    assert {field.name for field in fields(MemoryRecord)} - sources == HIDDEN[dialect]


def test_one_instance_renders_all_records_of_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """To make a serializer takes longer than to render a memory."""
    RecallResultOut.render(RecallResultOut.example)
    made: list[Any] = []
    monkeypatch.setattr(serializers.Serializer, "get_fields", lambda self: made.append(self) or {})
    assert RecallResultOut.render(RecallResultOut.example)["total"] == 1
    assert made == []
    assert example_id(f"mem_{ROW.hex}") == ROW
