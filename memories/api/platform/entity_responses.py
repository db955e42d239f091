"""The owners of memories in the responses of mem0's clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rest_framework import serializers

from core.http.fields import MetadataField, TimestampField
from core.http.responses import ResponseSerializer
from memories.api import examples as ex
from memories.services.owners import MemoryOwner


class PlatformEntityOut(ResponseSerializer):
    """`id` is the name: an owner is known by nothing else."""

    id = serializers.CharField(source="name")
    name = serializers.CharField()
    type = serializers.ChoiceField(["user", "agent", "app", "run"], source="kind")
    created_at = TimestampField()
    updated_at = TimestampField()
    total_memories = serializers.IntegerField(source="memories")
    owner = serializers.CharField(help_text="Always `self`.")
    metadata = MetadataField(help_text="Always empty.")

    example = MemoryOwner("user", "user_123", 3, ex.TIME, ex.TIME)

    def get_owner(self, owner: MemoryOwner) -> str:
        return "self"

    def get_metadata(self, owner: MemoryOwner) -> dict[str, object]:
        return {}


@dataclass(frozen=True, slots=True)
class PlatformEntityPage:
    next: str | None
    previous: str | None
    results: Sequence[MemoryOwner]
    totals: Mapping[str, int]

    @property
    def count(self) -> int:
        return sum(self.totals.values())


class PlatformEntityPageOut(ResponseSerializer):
    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = PlatformEntityOut(many=True)
    total_users = serializers.IntegerField()
    total_agents = serializers.IntegerField()
    total_apps = serializers.IntegerField()
    total_runs = serializers.IntegerField()

    example = PlatformEntityPage(None, None, (PlatformEntityOut.example,), {"user": 1})

    def get_total_users(self, page: PlatformEntityPage) -> int:
        return page.totals.get("user", 0)

    def get_total_agents(self, page: PlatformEntityPage) -> int:
        return page.totals.get("agent", 0)

    def get_total_apps(self, page: PlatformEntityPage) -> int:
        return page.totals.get("app", 0)

    def get_total_runs(self, page: PlatformEntityPage) -> int:
        return page.totals.get("run", 0)
