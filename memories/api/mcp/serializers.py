"""The arguments of the MCP tools. Unknown arguments are refused; null for an optional one is the same as absent."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.http.base import StrictRequestSerializer, TolerantRequestSerializer
from core.http.fields import (
    IdentifierField,
    MetadataField,
    StrictBooleanField,
    StrictChoiceField,
    StrictFloatField,
    StrictIntegerField,
    TextField,
)
from core.http.point_in_time_fields import AsOfField, ValidAtField
from entities.types import ENTITY_TYPES
from memories.api.common import FiltersField, FutureTimestampField, TTLField
from memories.api.messages import ClientTimestampField, ContentField
from memories.api.remembra.serializers import CONTENT

TTL = "Time to live, such as 30d or 12h. Without it the memory does not expire."
EXPIRY = "Time of expiry, ISO 8601. It overrides ttl."
SESSION = "Id of the conversation."


class PlainTextField(ContentField):
    """A content that is one string: the arguments of a tool have no parts."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            raise serializers.ValidationError("must be a string")
        return super().to_internal_value(data)


class ArgumentsIn(TolerantRequestSerializer, StrictRequestSerializer):
    """Models often send null for an argument that they do not use."""


class OwnedIn(ArgumentsIn):
    """For tools that read all projects of the API key if none is named."""

    user_id = IdentifierField(
        required=False, help_text="Id of the end user. Leave it out to use the user of the API key."
    )
    project = IdentifierField(
        required=False, help_text="Name of the project. Leave it out to read all projects of the API key."
    )


class OneProjectIn(OwnedIn):
    """For tools that write to or search one project."""

    project = IdentifierField(
        required=False,
        help_text="Name of the project. Leave it out to use the only project of the API key, or the default one.",
    )


class MemoryIdIn(ArgumentsIn):
    memory_id = IdentifierField(help_text="Id of the memory, mem_…, from the result of another tool.")


class AddMemoryIn(OneProjectIn):
    content = PlainTextField(
        max_length=CONTENT, help_text='The text to remember, as full sentences: "I live in Lisbon. I work at Acme."'
    )
    metadata = MetadataField(required=False, help_text="A JSON object of at most 16 KB.")
    memory_type = TextField(max_length=64, required=False, help_text="The type of the memory, a word of your choice.")
    timestamp = ClientTimestampField(
        required=False,
        help_text="Time at which it was said: ISO 8601, or a Unix time in seconds or milliseconds. Default: now.",
    )
    speaker = IdentifierField(required=False, help_text="Name of the speaker, if it is not the user.")
    session_id = IdentifierField(required=False, help_text=SESSION)
    agent_id = IdentifierField(required=False, help_text="Id of the agent.")
    ttl = TTLField(required=False, help_text=TTL)
    expires_at = FutureTimestampField(required=False, help_text=EXPIRY)
    verbatim = StrictBooleanField(
        default=False, help_text="true: store the text unchanged as one memory, without extraction of facts."
    )


class QuestionIn(OneProjectIn):
    query = TextField(
        max_length=10_000, help_text='The question or topic, in natural language: "Where does the user live?"'
    )
    session_id = IdentifierField(required=False, help_text=f"{SESSION} Only memories of this conversation.")
    agent_id = IdentifierField(required=False, help_text="Id of the agent. Only memories of this agent.")
    threshold = StrictFloatField(min_value=0, max_value=1, default=0.4, help_text="Minimum score, 0 to 1.")
    limit = StrictIntegerField(min_value=1, max_value=50, default=10, help_text="Maximum number of memories.")
    filters = FiltersField(
        required=False, help_text='Conditions on metadata or fields: {"metadata.topic": "work"}, nested AND, OR, NOT.'
    )
    as_of = AsOfField(required=False, help_text="System time, ISO 8601: the state that the service had stored then.")
    valid_at = ValidAtField(required=False, help_text="Valid time, ISO 8601: the memories that were true then.")


class SearchMemoriesIn(QuestionIn):
    include_superseded = StrictBooleanField(default=False, help_text="true: also return superseded memories.")


class GetContextIn(QuestionIn):
    limit = StrictIntegerField(min_value=1, max_value=50, default=30, help_text="Maximum number of memories.")
    max_tokens = StrictIntegerField(
        min_value=100, max_value=128_000, default=2000, help_text="Maximum length of the context in tokens."
    )


class ListMemoriesIn(OwnedIn):
    limit = StrictIntegerField(min_value=1, max_value=200, default=20, help_text="Maximum number of memories.")
    cursor = IdentifierField(required=False, help_text="The next_cursor of the previous page.")
    filters = FiltersField(
        required=False, help_text='Conditions on metadata or fields: {"metadata.topic": "work"}, nested AND, OR, NOT.'
    )
    archived = StrictBooleanField(default=False, help_text="true: also return archived memories.")


class GetMemoryIn(MemoryIdIn):
    as_of = AsOfField(required=False, help_text="System time, ISO 8601: the state that the service had stored then.")


class UpdateMemoryArgumentsIn(MemoryIdIn):
    content = TextField(max_length=CONTENT, required=False, help_text="The new text.")
    metadata = MetadataField(required=False, help_text="A JSON object, merged into the existing metadata.")
    memory_type = TextField(max_length=64, required=False, help_text="The type of the memory, a word of your choice.")
    ttl = TTLField(required=False, help_text="Time to live from now, such as 30d or 12h.")
    expires_at = FutureTimestampField(required=False, help_text=EXPIRY)
    pinned = StrictBooleanField(required=False, help_text="true: the memory never decays.")
    importance = StrictFloatField(min_value=0, max_value=1, required=False, help_text="Importance, 0 to 1.")


class SearchEntitiesIn(OwnedIn):
    query = TextField(max_length=512, required=False, help_text="A part of the name.")
    type = StrictChoiceField(ENTITY_TYPES, required=False, help_text="Only entities of this type.")
    limit = StrictIntegerField(min_value=1, max_value=200, default=20, help_text="Maximum number of entities.")
    cursor = IdentifierField(required=False, help_text="The next_cursor of the previous page.")


class EntityNeighborsIn(ArgumentsIn):
    entity_id = IdentifierField(help_text="Id of the entity, ent_…, from search_entities.")
    depth = StrictIntegerField(
        min_value=1, max_value=3, default=1, help_text="Maximum number of relations between the entities."
    )
    limit = StrictIntegerField(min_value=1, max_value=200, default=50, help_text="Maximum number of entities.")
    valid_at = ValidAtField(required=False, help_text="Valid time, ISO 8601: the relations that held then.")


class UserProfileArgumentsIn(OwnedIn):
    pass
