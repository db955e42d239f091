"""`/api/v1/users/{user_id}/profile`: a summary of a user's memories."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import RemembraView
from core.http.fields import IdentifierField, TimestampField
from core.http.responses import PublicIdField, ResponseSerializer, answer
from core.ids import ENTITY, MEMORY
from entities.types import MemoryEntities, StatedRef, TopEntity
from memories.api import examples as ex
from memories.api.common import TimedIn, temporal_view
from memories.api.remembra.responses import MemoryOut
from memories.services.profile import Profile, Topic, profile
from memories.services.user_statistics import UserStats
from memories.types import MemoryRecord


class ProfileIn(TimedIn):
    project = IdentifierField(required=False)
    project_id = IdentifierField(required=False, help_text="The same as project.")


class ProfileTopicOut(ResponseSerializer):
    topic = serializers.CharField()
    count = serializers.IntegerField(source="memories")


class ProfileEntityOut(ResponseSerializer):
    id = PublicIdField(ENTITY)
    name = serializers.CharField()
    type = serializers.CharField()
    memory_count = serializers.IntegerField()


class ProfileFactOut(ResponseSerializer):
    memory_id = PublicIdField(MEMORY, source="id")
    content = serializers.CharField()
    predicate = serializers.CharField(required=False)

    def get_predicate(self, memory: MemoryRecord) -> str | None:
        """The type of the first relation that it states."""
        return memory.entities.states[0].type if memory.entities.states else None


@dataclass(frozen=True, slots=True)
class UserProfile:
    user_id: str
    profile: Profile


class UserProfileOut(ResponseSerializer):
    user_id = serializers.CharField()
    total_memories = serializers.IntegerField(source="profile.stats.total_memories")
    memories_last_7d = serializers.IntegerField(source="profile.stats.memories_last_7d")
    first_memory_at = TimestampField(source="profile.stats.first_memory_at", allow_null=True)
    last_memory_at = TimestampField(source="profile.stats.last_memory_at", allow_null=True)
    memory_types = serializers.DictField(child=serializers.IntegerField(), source="profile.memory_types")
    top_topics = ProfileTopicOut(many=True, source="profile.topics")
    top_entities = ProfileEntityOut(many=True, source="profile.entities")
    facts = ProfileFactOut(many=True, source="profile.facts")

    example = UserProfile(
        "user_123",
        Profile(
            stats=UserStats(1, 1, 1, ex.TIME, ex.TIME),
            memory_types={"fact": 1},
            topics=[Topic("google", 1)],
            entities=[TopEntity(ex.JOHN.id, "John", "PERSON", 1)],
            facts=[replace(MemoryOut.example, entities=MemoryEntities(states=(StatedRef("WORKS_AT", "Google", 0.9),)))],
        ),
    )


class ProfileView(RemembraView):
    permission_classes = (requires(GET=Scope.READ),)

    @extend_schema(
        operation_id="get_user_profile",
        summary="Get the profile of a user",
        description="Summarizes the memories of a user: counts, topics, entities and facts.",
        parameters=[ProfileIn],
        responses={200: answer(UserProfileOut, "The profile")},
    )
    def get(self, request: Request, user_id: str) -> Response:
        data = self.query(request, ProfileIn)
        user_id = self.name("user_id", user_id)
        project = data.get("project") or data.get("project_id")
        found = profile(principal(request), user_id, project, temporal_view(data))
        return self.ok(UserProfileOut, UserProfile(user_id, found))
