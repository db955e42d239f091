"""Strict serializer fields: a number is not a text, `"yes"` is not a boolean.

Query parameters are always text, so they use the tolerant fields of DRF, with the same limits.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.clock import UTC, iso
from core.metadata_keys import RESERVED, without_reserved

# Control characters except tab, line feed and carriage return; lone surrogates; characters that PostgreSQL refuses.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
METADATA_BYTES = 16 * 1024
METADATA_DEPTH = 32


def check_text(value: str) -> None:
    if FORBIDDEN.search(value):
        raise serializers.ValidationError("must not hold NUL or other control characters, nor broken Unicode")


class TextField(serializers.CharField):
    """A string without changes: not trimmed, not blank, without control characters."""

    default_error_messages = {
        "invalid": "must be a string",
        "blank": "must not be empty",
        "null": "must not be null",
        "required": "is required",
        "max_length": "must have at most {max_length} characters",
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("trim_whitespace", False)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        check_text(data)
        return super().to_internal_value(data)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str) and not data.strip() and not self.allow_blank:
            self.fail("blank")
        return super().run_validation(data)


class IdentifierField(TextField):
    """An id or a project: 1 to 128 characters, on one line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=128, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        value = super().to_internal_value(data)
        if "\n" in value or "\r" in value:
            raise serializers.ValidationError("must be on one line")
        return value


class StrictChoiceField(serializers.ChoiceField):
    """One of a few words; the error lists them."""

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        super().__init__(choices, **kwargs)
        self.error_messages |= {
            "invalid_choice": f"must be one of {', '.join(choices)}",
            "null": "must not be null",
            "required": "is required",
        }


class StrictListField(serializers.ListField):
    default_error_messages = {
        "not_a_list": "must be a list",
        "empty": "must not be empty",
        "min_length": "must have at least {min_length} item",
        "max_length": "must have at most {max_length} items",
        "null": "must not be null",
        "required": "is required",
    }


class StrictBooleanField(serializers.BooleanField):
    default_error_messages = {"invalid": "must be true or false", "null": "must not be null"}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return bool(data)


class QueryBooleanField(serializers.BooleanField):
    """`true` or `false` in a query string."""

    default_error_messages = StrictBooleanField.default_error_messages

    def to_internal_value(self, data: Any) -> bool:
        if data not in ("true", "false"):
            self.fail("invalid")
        return bool(data == "true")


class StrictIntegerField(serializers.IntegerField):
    """A whole number. `10.0` is one, as in JSON Schema: JSON knows no integers."""

    default_error_messages = {
        "invalid": "must be a whole number",
        "max_string_length": "must be a whole number",
        "min_value": "must be at least {min_value}",
        "max_value": "must be at most {max_value}",
        "null": "must not be null",
    }

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, float) and data.is_integer():
            return int(data)
        if isinstance(data, bool | str | float):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictFloatField(serializers.FloatField):
    default_error_messages = {
        "invalid": "must be a number",
        "max_string_length": "must be a number",
        "min_value": "must be at least {min_value}",
        "max_value": "must be at most {max_value}",
        "null": "must not be null",
    }

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool | str) or (isinstance(data, float) and not math.isfinite(data)):
            self.fail("invalid")
        try:
            return super().to_internal_value(data)
        except OverflowError:
            self.fail("invalid")


class QueryFloatField(serializers.FloatField):
    """A number in a query string."""

    default_error_messages = StrictFloatField.default_error_messages

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if not math.isfinite(value):
            self.fail("invalid")
        return value


class QueryIntegerField(serializers.IntegerField):
    """A whole number in a query string."""

    default_error_messages = StrictIntegerField.default_error_messages


@extend_schema_field(OpenApiTypes.DATETIME)
class TimestampField(serializers.Field[dt.datetime, Any, str, Any]):
    """A time in ISO 8601; without an offset it is UTC. Shown in UTC with a `Z`."""

    default_error_messages = {"invalid": "must be a time in ISO 8601, such as 2026-03-01T10:30:00Z"}

    def to_internal_value(self, data: Any) -> dt.datetime:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            value = parse_datetime(data) or dt.datetime.combine(dt.date.fromisoformat(data), dt.time())
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("invalid")

    def to_representation(self, value: dt.datetime) -> str:
        return iso(value)


@extend_schema_field({"type": "object", "additionalProperties": True})
class MetadataField(serializers.Field[dict[str, Any], Any, dict[str, Any], Any]):
    """A JSON object of at most 16 KB."""

    default_error_messages = {
        "invalid": "must be a JSON object",
        "too_big": "must be at most 16 KB of JSON",
        "not_finite": "must hold only finite numbers",
        "too_deep": "must not be nested deeper than 32 levels",
        "reserved": "must not hold {name}, which the service sets",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        for key in sorted(RESERVED.intersection(data)):
            self.fail("reserved", name=key)
        self._check(data, 1)
        if len(json.dumps(data, ensure_ascii=False).encode()) > METADATA_BYTES:
            self.fail("too_big")
        return data

    def to_representation(self, value: dict[str, Any]) -> dict[str, Any]:
        return without_reserved(value)

    def _check(self, value: Any, depth: int) -> None:
        if depth > METADATA_DEPTH:
            self.fail("too_deep")
        if isinstance(value, str):
            check_text(value)
        elif isinstance(value, float) and not math.isfinite(value):
            self.fail("not_finite")  # 1e999 is valid JSON, but not a finite number
        elif isinstance(value, dict):
            for key, inner in value.items():
                check_text(key)
                self._check(inner, depth + 1)
        elif isinstance(value, list):
            for inner in value:
                self._check(inner, depth + 1)


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class RateLimitsField(serializers.Field[dict[str, Any], Any, dict[str, Any], Any]):
    """Rate limits by group, `{"v1": "200/m"}`. The groups and the form of rates are checked elsewhere."""

    default_error_messages = {"invalid": 'must be an object of limits, such as {{"v1": "200/m"}}'}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        return data

    def to_representation(self, value: Mapping[str, Any]) -> dict[str, Any]:
        return dict(value)
