"""Parts of answers that both dialects share, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.http.fields import MetadataField, TimestampField
from memories.types import RECIPES

MEMORY_STATES = ["active", "archived", "superseded", "retired", "pending", "failed"]


class RevisionOut(serializers.Serializer[Any]):
    revision_id = serializers.CharField()
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


class FeatureContributionOut(serializers.Serializer[Any]):
    sign = serializers.CharField(help_text="The ranking feature: wording, meaning, speaker, time …")
    points = serializers.FloatField()
    meaning = serializers.CharField()


class ScoreExplanationOut(serializers.Serializer[Any]):
    parts = FeatureContributionOut(
        many=True,
        help_text="Contributions of the features, largest first. The score is a logistic function of their sum.",
    )
    words = serializers.ListField(
        child=serializers.CharField(), help_text="Words of the question that occur in the memory."
    )
    sum = serializers.FloatField()


class TimeExpressionOut(serializers.Serializer[Any]):
    words = serializers.CharField(help_text="The words of the question.")
    start = TimestampField()
    stop = TimestampField()


class OmittedMemoriesOut(serializers.Serializer[Any]):
    max_tokens = serializers.IntegerField()
    tokens = serializers.IntegerField()
    over_budget = serializers.ListField(
        child=serializers.CharField(), help_text="Ids of memories that did not fit into the context."
    )
    near_duplicates = serializers.ListField(
        child=serializers.CharField(), help_text="Ids of memories that repeat a line of the context."
    )


class RecallExplanationOut(serializers.Serializer[Any]):
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


class HistoryOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    revisions = RevisionOut(many=True)
