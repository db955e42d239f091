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
SKIPPED_PARTS = "Number of parts of the request's content that have no text: images, audio, files, tool calls …"


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
    points = serializers.FloatField(help_text="`value` times `weight`: its part of the sum.")
    meaning = serializers.CharField()
    feature = serializers.CharField(help_text="Its name in docs/retrieval.md.")
    value = serializers.FloatField(help_text="Without the weight.")
    weight = serializers.FloatField(help_text="Its weight in the recipe.")


class ScoreExplanationOut(ResponseSerializer):
    parts = FeatureContributionOut(
        many=True,
        help_text="Contributions of the features, largest first. The score is a logistic function of their sum.",
    )
    words = serializers.ListField(
        child=serializers.CharField(), help_text="Words of the question that occur in the memory."
    )
    sum = serializers.FloatField(help_text="The sum of the points: the result before the calibration.")
    score = serializers.FloatField(min_value=0, max_value=1, help_text="After the calibration; the hit's score.")


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
        child=PublicIdField(MEMORY),
        help_text="Ids of memories with the same words, in the same order, as an earlier line of the context.",
    )
    shortened = serializers.ListField(
        child=PublicIdField(MEMORY),
        help_text="Ids of memories that are in the context, cut to the parts that match the question.",
    )


class RecallExplanationOut(ResponseSerializer):
    recipe = serializers.ChoiceField([*RECIPES, "newest"])
    candidates = serializers.IntegerField(help_text="Number of passages that were ranked in the second stage.")
    threshold = serializers.FloatField()
    above_threshold = serializers.IntegerField(
        help_text="Number of ranked memories at or above the threshold; `limit` may cut them."
    )
    below_threshold = serializers.IntegerField(help_text="Number of ranked memories that the threshold left out.")
    best_below = serializers.FloatField(
        allow_null=True, help_text="The highest score that the threshold left out; null if it left out nothing."
    )
    asked_as = serializers.CharField(
        allow_blank=True, help_text="The question as it was compared: names of the speaker or user become I or my."
    )
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
