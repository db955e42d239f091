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
    sign = serializers.CharField(help_text="What speaks for it: wording, meaning, speaker, time …")
    points = serializers.FloatField()
    meaning = serializers.CharField()


class WhyOut(serializers.Serializer[Any]):
    parts = FeatureContributionOut(
        many=True, help_text="Largest first; together they are `sum`, of which the score is a curve."
    )
    words = serializers.ListField(child=serializers.CharField(), help_text="Words of the question that stand in it.")
    sum = serializers.FloatField()


class TimeOut(serializers.Serializer[Any]):
    words = serializers.CharField(help_text="As they stand in the question.")
    start = TimestampField()
    stop = TimestampField()


class LeftOutOut(serializers.Serializer[Any]):
    max_tokens = serializers.IntegerField()
    tokens = serializers.IntegerField()
    over_budget = serializers.ListField(child=serializers.CharField(), help_text="Ids that did not fit.")
    near_duplicates = serializers.ListField(child=serializers.CharField(), help_text="Ids that repeat a line.")


class ExplanationOut(serializers.Serializer[Any]):
    recipe = serializers.ChoiceField([*RECIPES, "newest"])
    candidates = serializers.IntegerField(help_text="Passages that were ranked in the second stage.")
    below_threshold = serializers.IntegerField()
    words = serializers.ListField(child=serializers.CharField(), help_text="Of the question, as the index knows them.")
    speaker = serializers.ListField(child=serializers.CharField())
    times = TimeOut(many=True)
    asks_the_assistant = serializers.BooleanField()
    left_out = LeftOutOut(help_text="Of the context.")


class HistoryOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    revisions = RevisionOut(many=True)
