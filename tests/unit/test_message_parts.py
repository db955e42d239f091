"""Properties of the reader of messages: one declared error, no lost or joined words, linear time."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.serializers import ValidationError

from core.clock import iso
from core.http.fields import FORBIDDEN
from memories.api.messages import ClientTimestampField, ContentField, MessageIn, transcript
from memories.message_parts import ROLES, TEXT_TYPES, ContentError, read_body, read_content, read_role
from tests.growth import superlinear
from tests.message_shapes import MALFORMED, SHAPES

LIMIT = 1_000_000
MESSAGE = MessageIn()
KEYS = ["role", "type", "content", "parts", "text", "value", "name", "timestamp", "tool_calls", "images", "thought"]
WORDS = [
    "user",
    "model",
    "TOOL",
    "human",
    "text",
    "input_text",
    "image_url",
    "function_call",
    "",
    " ",
    "2026-03-01",
    "x",
]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(WORDS)
# Any JSON, with the keys and words that the reader looks at more often than by chance.
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner),
    max_leaves=12,
)
messages = st.dictionaries(st.sampled_from(KEYS), anything, max_size=6)
text_parts = st.text(max_size=20).flatmap(
    lambda text: st.sampled_from([text, {"text": text}, *({"type": kind, "text": text} for kind in sorted(TEXT_TYPES))])
)
other_parts = st.sampled_from([None, {}, {"type": "image_url"}, {"type": "tool_use", "text": "x"}, {"inlineData": {}}])


@given(anything)
def test_a_content_is_read_or_refused(data: Any) -> None:
    with contextlib.suppress(ContentError):
        found = read_content(data)
        assert isinstance(found.text, str)
        assert 0 <= found.skipped_parts <= (len(data) if isinstance(data, list) else 1)


def test_a_refusal_names_the_part() -> None:
    with pytest.raises(ContentError, match=r"^1\.text: must be a string$") as refused:
        read_content(["a", {"text": 5}])
    assert (refused.value.path, refused.value.expected) == (("1", "text"), "must be a string")


@given(messages)
def test_a_message_is_read_or_refused(data: dict[str, Any]) -> None:
    role = read_role(data)
    assert role is None or role is data.get("role") or role in ROLES
    with contextlib.suppress(ContentError):
        found = read_body(data)
        assert found is not None or not {"content", "parts"} & set(data)


@given(messages | anything)
def test_a_message_of_a_request_is_valid_or_refused(data: Any) -> None:
    items = ()
    with contextlib.suppress(ValidationError):
        items = transcript([MESSAGE.run_validation(data)]).items
    for item in items:
        assert item.content.strip()
        assert not FORBIDDEN.search(item.content)
        assert isinstance(item.role, str)
        assert item.said_at is None or item.client_timestamp


@given(st.lists(text_parts | other_parts, max_size=8))
def test_every_part_is_kept_or_counted(parts: list[Any]) -> None:
    found = read_content(parts)
    texts = [part if isinstance(part, str) else part["text"] for part in parts if _has_text(part)]
    assert found.skipped_parts == len(parts) - len(texts)
    assert found.text.split() == " ".join(texts).split()
    assert found.text.replace("\n", "") == "".join(texts).replace("\n", "")


def _has_text(part: Any) -> bool:
    if not isinstance(part, dict):
        return part is not None
    return "text" in part and part.get("type", "text") in TEXT_TYPES


@given(st.text())
def test_a_string_stays_as_it_was_sent(text: str) -> None:
    for content in (text, [text], {"text": text}, [{"type": "text", "text": text}]):
        assert read_content(content).text == text


@given(st.integers(200_000_000, 30_000_000_000))
def test_a_unix_time_means_the_same_in_seconds_and_milliseconds(seconds: int) -> None:
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    for sent in (seconds, float(seconds), str(seconds), seconds * 1000, str(seconds * 1000), f"{seconds}.0"):
        assert ClientTimestampField().run_validation(sent) == iso(moment)


@pytest.mark.parametrize("sent", ["2026-03-01", "2026-03-01T10:30:00+02:00", "20260301", "2026-03-01 10:30"])
def test_a_time_in_iso_8601_stays_as_it_was_sent(sent: str) -> None:
    assert ClientTimestampField().run_validation(sent) == sent


def test_there_are_enough_shapes() -> None:
    assert len(SHAPES) == len({shape.name for shape in SHAPES}) >= 40
    assert len(MALFORMED) >= 30


LONG: dict[str, Callable[[int], Any]] = {
    "text parts": lambda n: [{"type": "text", "text": "a"}] * n,
    "blank parts": lambda n: [{"type": "text", "text": " "}] * n,
    "strings": lambda n: ["a"] * n,
    "images": lambda n: [{"type": "image_url", "image_url": {"url": "x"}}] * n,
    "nulls": lambda n: [None] * n,
    "one long part": lambda n: [{"type": "text", "text": "a\n" * n}],
    "one long string": lambda n: "a " * n,
    "a wrong last part": lambda n: [*["a"] * n, 5],
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("make", LONG.values(), ids=LONG)
def test_reading_a_content_is_linear(make: Callable[[int], Any]) -> None:
    field = ContentField(max_length=LIMIT * 4, allow_empty=True)

    def read(data: Any) -> None:
        with contextlib.suppress(ValidationError):
            field.run_validation(data)

    assert not superlinear(read, make, LIMIT)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("content", ["I ski.", None, [], [{"type": "text", "text": "I ski."}]], ids=repr)
def test_reading_a_transcript_is_linear(content: Any) -> None:
    field = MessageIn(many=True)
    make: Callable[[int], Any] = lambda n: [{"role": "user", "content": content, "timestamp": 1_700_000_000}] * n  # noqa: E731
    assert not superlinear(lambda data: transcript(field.run_validation(data)), make, 50_000)
