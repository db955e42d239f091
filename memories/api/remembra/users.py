"""`/api/v1/users/{user_id}/profile`: a summary of a user's memories."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.clock import iso
from core.http.base import RemembraView
from core.http.fields import IdentifierField, TimestampField
from core.ids import ENTITY, MEMORY, public
from memories.api import examples as ex
from memories.api.common import TimedIn, temporal_view
from memories.api.remembra.schema import answer
from memories.services.profile import profile
from memories.types import MemoryRecord


class ProfileIn(TimedIn):
    project = IdentifierField(required=False)
    project_id = IdentifierField(required=False, help_text="The same as project.")


class ProfileTopicOut(serializers.Serializer[Any]):
    topic = serializers.CharField()
    count = serializers.IntegerField()


class ProfileEntityOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    type = serializers.CharField()
    memory_count = serializers.IntegerField()


class ProfileFactOut(serializers.Serializer[Any]):
    memory_id = serializers.CharField()
    content = serializers.CharField()
    predicate = serializers.CharField(required=False)


class UserProfileOut(serializers.Serializer[Any]):
    user_id = serializers.CharField()
    total_memories = serializers.IntegerField()
    memories_last_7d = serializers.IntegerField()
    first_memory_at = TimestampField(allow_null=True)
    last_memory_at = TimestampField(allow_null=True)
    memory_types = serializers.DictField(child=serializers.IntegerField())
    top_topics = ProfileTopicOut(many=True)
    top_entities = ProfileEntityOut(many=True)
    facts = ProfileFactOut(many=True)


_PROFILE = {
    "user_id": "user_123",
    "total_memories": 1,
    "memories_last_7d": 1,
    "first_memory_at": ex.MOMENT,
    "last_memory_at": ex.MOMENT,
    "memory_types": {"fact": 1},
    "top_topics": [{"topic": "google", "count": 1}],
    "top_entities": [
        {"id": "ent_01890a5dac967b2e8b7c3f0a9d1e2f35", "name": "John", "type": "PERSON", "memory_count": 1}
    ],
    "facts": [{"memory_id": ex.MEMORY_ID, "content": ex.TEXT, "predicate": "WORKS_AT"}],
}


def _fact(memory: MemoryRecord) -> dict[str, Any]:
    body = {"memory_id": public(MEMORY, memory.id), "content": memory.content}
    return body | {"predicate": memory.entities.states[0].type} if memory.entities.states else body


class ProfileView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="get_user_profile",
        summary="Get the profile of a user",
        description="Summarizes the memories of a user: counts, topics, entities and facts.",
        parameters=[ProfileIn],
        responses={200: answer(UserProfileOut, "The profile", _PROFILE)},
    )
    def get(self, request: Request, user_id: str) -> Response:
        data = self.query(request, ProfileIn)
        user_id = self.name("user_id", user_id)
        project = data.get("project") or data.get("project_id")
        found = profile(principal(request), user_id, project, temporal_view(data))
        counts = found.stats
        return self.ok(
            {
                "user_id": user_id,
                "total_memories": counts.total_memories,
                "memories_last_7d": counts.memories_last_7d,
                "first_memory_at": iso(counts.first_memory_at) if counts.first_memory_at else None,
                "last_memory_at": iso(counts.last_memory_at) if counts.last_memory_at else None,
                "memory_types": found.memory_types,
                "top_topics": [{"topic": topic, "count": count} for topic, count in found.topics],
                "top_entities": [
                    {"id": public(ENTITY, e.id), "name": e.name, "type": e.type, "memory_count": e.memory_count}
                    for e in found.entities
                ],
                "facts": [_fact(m) for m in found.facts],
            }
        )
