"""Parts of answers that both dialects share, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from memproject.web.fields import Metadata, Moment

MEMORY_STATES = ["active", "archived", "superseded", "retired", "pending", "failed"]


class RevisionOut(serializers.Serializer[Any]):
    revision_id = serializers.CharField()
    content = serializers.CharField()
    metadata = Metadata()
    action = serializers.ChoiceField(["ADD", "UPDATE", "SUPERSEDE", "RETIRE", "ARCHIVE", "RESTORE"])
    actor = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    confidence = serializers.FloatField()
    evidence = serializers.CharField(allow_blank=True)
    valid_from = Moment()
    valid_to = Moment(allow_null=True)
    recorded_at = Moment()
    retired_at = Moment(allow_null=True)


class HistoryOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    revisions = RevisionOut(many=True)
