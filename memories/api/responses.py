"""Responses, and parts of responses, that both dialects share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rest_framework import serializers

from core.http.fields import MetadataField, TimestampField
from core.http.responses import PublicIdField, ResponseSerializer, example_id
from core.ids import MEMORY, REVISION
from memories.api import examples as ex
from memories.review_types import ReviewRecord
from memories.types import RECIPES, RevisionRecord

MEMORY_STATES = ["active", "archived", "superseded", "retired", "pending", "failed"]
EVENT_STATES = ["pending", "running", "succeeded", "failed"]


class RevisionOut(ResponseSerializer):
    revision_id = PublicIdField(REVISION, source="id")
    content = serializers.CharField()
    metadata = MetadataField()
    action = serializers.ChoiceField(["ADD", "UPDATE", "SUPERSEDE", "RETIRE", "ARCHIVE", "RESTORE"])
    actor = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    confidence = serializers.FloatField()
    evidence = serializers.CharField(allow_blank=True)
    valid_from = TimestampField()
    valid_to = TimestampField(allow_null=True)
    recorded_at = TimestampField()
    retired_at = TimestampField(allow_null=True)

    example = RevisionRecord(
        id=example_id(ex.REVISION_ID),
        content=ex.TEXT,
        metadata={"source": "chat"},
        action="ADD",
        actor=ex.KEY_ID,
        reason="",
        confidence=1.0,
        evidence=ex.TEXT + ".",
        valid_from=ex.TIME,
        valid_to=None,
        recorded_at=ex.TIME,
        retired_at=None,
    )


class FeatureContributionOut(ResponseSerializer):
    sign = serializers.CharField(help_text="The ranking feature: wording, meaning, speaker, time …")
    points = serializers.FloatField()
    meaning = serializers.CharField()


class ScoreExplanationOut(ResponseSerializer):
    parts = FeatureContributionOut(
        many=True,
        help_text="Contributions of the features, largest first. The score is a logistic function of their sum.",
    )
    words = serializers.ListField(
        child=serializers.CharField(), help_text="Words of the question that occur in the memory."
    )
    sum = serializers.FloatField()


class TimeExpressionOut(ResponseSerializer):
    words = serializers.CharField(help_text="The words of the question.")
    start = TimestampField()
    stop = TimestampField()


class OmittedMemoriesOut(ResponseSerializer):
    max_tokens = serializers.IntegerField()
    tokens = serializers.IntegerField()
    over_budget = serializers.ListField(
        child=PublicIdField(MEMORY), help_text="Ids of memories that did not fit into the context."
    )
    near_duplicates = serializers.ListField(
        child=PublicIdField(MEMORY), help_text="Ids of memories that repeat a line of the context."
    )


class RecallExplanationOut(ResponseSerializer):
    recipe = serializers.ChoiceField([*RECIPES, "newest"])
    candidates = serializers.IntegerField(help_text="Number of passages that were ranked in the second stage.")
    below_threshold = serializers.IntegerField()
    words = serializers.ListField(
        child=serializers.CharField(), help_text="Words of the question in their indexed form."
    )
    speaker = serializers.ListField(child=serializers.CharField())
    times = TimeExpressionOut(many=True)
    asks_the_assistant = serializers.BooleanField()
    left_out = OmittedMemoriesOut(help_text="Memories that are not in the context.")


@dataclass(frozen=True, slots=True)
class History:
    """Revisions of a memory, named by its public id; `reviews` are the decided ones (not in `/v1`)."""

    id: str
    revisions: Sequence[RevisionRecord]
    reviews: Sequence[ReviewRecord] = ()


class HistoryOut(ResponseSerializer):
    id = serializers.CharField()
    revisions = RevisionOut(many=True)

    example: ClassVar[History] = History(ex.MEMORY_ID, [RevisionOut.example])
