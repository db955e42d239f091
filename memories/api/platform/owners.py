"""The owners of added memories: one id of each kind, beside the messages or in `filters`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.http.fields import IdentifierField
from memories.api.platform.selection import ANY
from memories.filters import MAX_LEVELS, OWNERS

DOT_SEGMENTS = (".", "..")  # clients resolve them in a path, so that such an owner could not be deleted
EXPECTED = f"must be an AND of {', '.join(OWNERS)}, each with one id"


class OwnerIdField(IdentifierField):
    """The id of an owner of an added memory; null: it has no such owner."""

    default_error_messages = {"any": "must be the id of one owner", "dots": "must not be . or .."}  # noqa: RUF012  as DRF has it

    def __init__(self) -> None:
        super().__init__(required=False, allow_null=True)

    def to_internal_value(self, data: Any) -> str:
        value = super().to_internal_value(data)
        if value == ANY:
            self.fail("any")
        if value in DOT_SEGMENTS:
            self.fail("dots")
        return value


@extend_schema_field({"type": "object", "additionalProperties": True})
class OwnerFiltersField(serializers.Field[dict[str, str], Any, Any, Any]):
    """Owners in the form of a filter, `{user_id: id}` or `{AND: [{user_id: id}, …]}`. → the ids by OWNERS"""

    def __init__(self) -> None:
        super().__init__(required=False, allow_null=True, help_text="Owners: one id of each kind, joined by AND.")

    def to_internal_value(self, data: Any) -> dict[str, str]:
        ids: dict[str, str] = {}
        for path, name, value in _conditions(data) if data != {} else ():
            try:
                found = OwnerIdField().run_validation(value)
            except serializers.ValidationError as error:
                raise serializers.ValidationError({path: error.detail}) from None
            if found is not None and ids.setdefault(name, found) != found:
                raise serializers.ValidationError({path: ["must be the same id everywhere"]})
        return ids


def _conditions(data: Any, path: str = "", level: int = 1) -> Iterator[tuple[str, str, Any]]:
    """The path, the owner and the value of each condition."""
    if not isinstance(data, Mapping) or not data or level > MAX_LEVELS:
        raise serializers.ValidationError({path: [EXPECTED]} if path else EXPECTED)
    for name, value in data.items():
        here = f"{path}.{name[:64]}".removeprefix(".")
        if name == "AND" and isinstance(value, list) and value:
            for index, inner in enumerate(value):
                yield from _conditions(inner, f"{here}.{index}", level + 1)
        elif name in OWNERS:
            yield here, name, value["eq"] if isinstance(value, Mapping) and list(value) == ["eq"] else value
        else:
            expected = EXPECTED if name in ("AND", "OR", "NOT") else f"is no owner; there are {', '.join(OWNERS)}"
            raise serializers.ValidationError({here: [expected]})
