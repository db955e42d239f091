"""The fields of the requests of mem0's clients. Further fields are ignored, as the documentation lists them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.clock import UTC, now
from core.http.base import RequestSerializer
from core.http.fields import (
    IdentifierField,
    MetadataField,
    QueryBooleanField,
    QueryIntegerField,
    StrictBooleanField,
    StrictFloatField,
    StrictIntegerField,
    StrictListField,
    TextField,
    TimestampField,
)
from memories.api.messages import ClientTimestampField, MessageIn
from memories.api.platform.deletion import filters_of
from memories.api.platform.owners import OwnerFiltersField, OwnerIdField
from memories.api.platform.selection import DAY, LAST_DAY, Selection, equal, read, selection
from memories.filters import OWNERS, FilterError
from memories.types import Filter

NAME_A_PROJECT = "A key of several projects must name one."
MAX_BATCH = 1000
YEAR_1 = -62_135_596_800  # the Unix time
MAX_PAGE = 1_000_000
DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 100, 200
DEFAULT_TOP_K, MAX_TOP_K, DEFAULT_THRESHOLD = 10, 1000, 0.1


@extend_schema_field({"type": "object", "additionalProperties": True})
class PlatformFiltersField(serializers.Field[Any, Any, Any, Any]):
    """A filter of a client of mem0. → `memories.types.Filter`, or None without conditions."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", "AND, OR and NOT over owners, times, text, categories, metadata and ids.")
        super().__init__(required=False, allow_null=True, **kwargs)

    def to_internal_value(self, data: Any) -> Filter | None:
        try:
            return read(data, str(self.field_name))
        except FilterError as error:
            where = error.path.partition(".")[2]
            raise serializers.ValidationError({where: [error.expected]} if where else error.expected) from None


@extend_schema_field(OpenApiTypes.STR)
class PlatformQueryFiltersField(serializers.Field[Any, Any, Any, Any]):
    """A filter in a query. → `memories.types.Filter`"""

    def to_internal_value(self, data: Any) -> Filter:
        return filters_of(data)


@extend_schema_field(OpenApiTypes.DATE)
class ExpirationDateField(serializers.Field[dt.datetime, Any, str, Any]):
    """A date; the memory is there until its end in UTC. → the end, which is not in the past."""

    default_error_messages = {"invalid": "must be a date such as 2030-01-31", "past": "must not lie in the past"}

    def to_internal_value(self, data: Any) -> dt.datetime:
        try:
            day = dt.date.fromisoformat(data)
        except (TypeError, ValueError):
            self.fail("invalid")
        end = LAST_DAY if day == dt.date.max else dt.datetime.combine(day, dt.time(), UTC) + DAY
        if end <= now():
            self.fail("past")
        return end

    def to_representation(self, value: dt.datetime) -> str:
        return (value - dt.timedelta.resolution).astimezone(UTC).date().isoformat()


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "number"}]})
class ReferenceDateField(ClientTimestampField):
    """A date, a time in ISO 8601 or a Unix time. → the time"""

    earliest = YEAR_1

    def to_internal_value(self, data: Any) -> Any:
        return TimestampField().to_internal_value(super().to_internal_value(data))


class EndDateField(ReferenceDateField):
    """The same; a date without a time means the end of that day in UTC."""

    def to_internal_value(self, data: Any) -> Any:
        moment = super().to_internal_value(data)
        try:
            dt.date.fromisoformat(data)
        except (TypeError, ValueError):
            return moment
        return moment + (DAY - dt.timedelta.resolution)


class PlatformOwnersIn(RequestSerializer):
    """Owners beside the filters, as older clients name them."""

    user_id = IdentifierField(required=False, allow_null=True)
    agent_id = IdentifierField(required=False, allow_null=True)
    app_id = IdentifierField(required=False, allow_null=True)
    run_id = IdentifierField(required=False, allow_null=True)
    project_id = IdentifierField(required=False, allow_null=True)


class PlatformFilteredIn(PlatformOwnersIn):
    filters = PlatformFiltersField()


class PlatformPlainListQuery(PlatformOwnersIn):
    filters = PlatformQueryFiltersField(required=False, help_text="A filter as JSON, or as Python shows a dictionary.")


class PlatformProjectQuery(RequestSerializer):
    project_id = IdentifierField(required=False, help_text=NAME_A_PROJECT)


class PlatformAddMemoriesIn(RequestSerializer):
    user_id = OwnerIdField()
    agent_id = OwnerIdField()
    app_id = OwnerIdField()
    run_id = OwnerIdField()
    project_id = IdentifierField(required=False, allow_null=True)
    filters = OwnerFiltersField()
    messages = MessageIn(many=True, allow_empty=False)
    metadata = MetadataField(required=False, allow_null=True)
    infer = StrictBooleanField(
        required=False, allow_null=True, help_text="false: store each message verbatim, without system messages."
    )
    timestamp = ClientTimestampField(required=False, allow_null=True, help_text="Unix time in seconds, or ISO 8601.")
    expiration_date = ExpirationDateField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(len(message["content"].text) for message in attrs["messages"]) > settings.MAX_MEMORY_SIZE:
            raise serializers.ValidationError(
                {"messages": f"must have at most {settings.MAX_MEMORY_SIZE} characters in all"}
            )
        for name, value in (attrs.pop("filters", None) or {}).items():
            if attrs.get(name) not in (None, value):
                raise serializers.ValidationError({name: "must be the same id as in filters"})
            attrs[name] = value
        return attrs


class PlatformReadIn(PlatformFilteredIn):
    """Shared by lists and searches. `latest_only` and `show_expired` are read and change nothing."""

    categories = StrictListField(child=TextField(max_length=256), required=False, allow_null=True, max_length=50)
    keywords = TextField(max_length=1000, required=False, allow_null=True, help_text="A text that the memory contains.")
    metadata = MetadataField(required=False, allow_null=True, help_text="Metadata that the memory has.")
    fields = StrictListField(  # type: ignore[assignment]  # declared below, since DRF uses this name itself
        child=TextField(max_length=64), required=False, allow_null=True, max_length=50
    )


class PlatformListMemoriesIn(PlatformReadIn):
    start_date = ReferenceDateField(required=False, allow_null=True, help_text="Created at this time or later.")
    end_date = EndDateField(
        required=False, allow_null=True, help_text="Created at this time or before; a date is the end of that day."
    )


class PlatformPageQuery(RequestSerializer):
    page = QueryIntegerField(min_value=1, max_value=MAX_PAGE, default=1)
    page_size = QueryIntegerField(min_value=1, max_value=MAX_PAGE_SIZE, default=DEFAULT_PAGE_SIZE)


class PlatformPlainPageQuery(RequestSerializer):
    """Of older clients, which read one list without pages."""

    page = QueryIntegerField(min_value=1, max_value=MAX_PAGE, default=1)
    page_size = QueryIntegerField(min_value=1, max_value=1000, default=1000)


class PlatformEventPageQuery(PlatformPageQuery, PlatformProjectQuery):
    """A page of one project."""


class PlatformEntityPageQuery(PlatformProjectQuery):
    page = QueryIntegerField(min_value=1, max_value=MAX_PAGE, default=1)
    page_size = QueryIntegerField(
        min_value=1, max_value=10_000, default=10_000, help_text="`reset` of the clients reads one page."
    )


class PlatformSearchMemoriesIn(PlatformReadIn):
    query = TextField(max_length=10_000)
    top_k = StrictIntegerField(min_value=1, max_value=MAX_TOP_K, required=False, allow_null=True)
    limit = StrictIntegerField(
        min_value=1, max_value=MAX_TOP_K, required=False, allow_null=True, help_text="The same as `top_k`."
    )
    threshold = StrictFloatField(min_value=0, max_value=1, required=False, allow_null=True)
    rerank = StrictBooleanField(required=False, allow_null=True)
    reference_date = ReferenceDateField(
        required=False, allow_null=True, help_text='The time from which "yesterday" in the query counts.'
    )


class PlatformPlainSearchIn(PlatformSearchMemoriesIn):
    output_format = TextField(
        max_length=16, required=False, allow_null=True, help_text="`v1.1`: an object with `results` instead of a list."
    )


UPDATABLE = ("text", "metadata", "expiration_date", "timestamp")


class PlatformUpdateMemoryIn(RequestSerializer):
    """At least one field. `timestamp` is read and changes nothing."""

    text = TextField(max_length=settings.MAX_MEMORY_SIZE, required=False)
    metadata = MetadataField(required=False, help_text="Merged into the existing metadata.")
    timestamp = ClientTimestampField(required=False, allow_null=True)
    expiration_date = ExpirationDateField(required=False, allow_null=True, help_text="null: never expires.")


class PlatformDeleteQuery(RequestSerializer):
    delete_linked = QueryBooleanField(
        default=False, help_text="true: also delete the older memories that this one superseded."
    )

    def to_internal_value(self, data: Any) -> Any:
        sent = {**data, "delete_linked": str(data["delete_linked"]).lower()} if "delete_linked" in data else data
        return super().to_internal_value(sent)


class PlatformBatchUpdateItemIn(PlatformUpdateMemoryIn):
    """At least one field beside the id. `timestamp` is read and changes nothing."""

    memory_id = IdentifierField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) == 1:
            raise serializers.ValidationError({"text": f"send at least one of {', '.join(UPDATABLE)}"})
        return attrs


class PlatformBatchUpdateIn(RequestSerializer):
    memories = PlatformBatchUpdateItemIn(many=True, allow_empty=False, max_length=MAX_BATCH)  # type: ignore[call-arg]  # DRF's stubs lack it


class PlatformBatchDeleteItemIn(RequestSerializer):
    memory_id = IdentifierField()


class PlatformBatchDeleteIn(RequestSerializer):
    memories = PlatformBatchDeleteItemIn(many=True, allow_empty=False, max_length=MAX_BATCH)  # type: ignore[call-arg]  # DRF's stubs lack it


def selected(data: dict[str, Any]) -> Selection:
    """The memories that a validated request is about."""
    conditions: list[Filter | None] = [data.get("filters")]
    conditions += [equal(name, data[name]) for name in OWNERS if data.get(name) is not None]
    for name, value in (("categories", {"in": data.get("categories")}), ("metadata", {"eq": data.get("metadata")})):
        if data.get(name):
            conditions.append(_field(name, value))
    if data.get("keywords"):
        conditions.append(_field("keywords", data["keywords"]))
    for name, operator in (("start_date", "gte"), ("end_date", "lte")):
        if data.get(name):
            conditions.append(_field("created_at", {operator: data[name].isoformat()}))
    return selection(*conditions)


def _field(name: str, value: Any) -> Filter | None:
    """A condition that a request has beside its filters."""
    try:
        return read({name: value}, "")
    except FilterError as error:
        raise serializers.ValidationError({name: [error.expected]}) from None
