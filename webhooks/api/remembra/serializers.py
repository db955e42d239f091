"""`/api/v1/webhooks`: the fields of the requests."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.http.base import RequestSerializer
from core.http.fields import IdentifierField, QueryIntegerField, StrictBooleanField, StrictListField, TextField
from webhooks.types import EVENTS

PROJECTS = 100


class EventNameField(TextField):
    """One of the events that there are."""

    def to_internal_value(self, data: Any) -> str:
        value = super().to_internal_value(data)
        if value not in EVENTS:
            raise serializers.ValidationError(f"must be one of {', '.join(EVENTS)}")
        return value


def _events(**kwargs: Any) -> serializers.ListField:
    return StrictListField(
        child=EventNameField(max_length=32),
        allow_empty=False,
        max_length=len(EVENTS),
        help_text=", ".join(EVENTS),
        **kwargs,
    )


def _projects(**kwargs: Any) -> serializers.ListField:
    return StrictListField(child=IdentifierField(), required=False, max_length=PROJECTS, **kwargs)


class CreateWebhookIn(RequestSerializer):
    url = TextField(max_length=2048)
    events = _events()
    secret = TextField(
        max_length=128, required=False, help_text="`whsec_` and 24 to 64 bytes in base64. Default: a generated secret."
    )
    user_id = IdentifierField(
        required=False, allow_null=True, help_text="Only events of this user. null: of all users."
    )
    project_ids = _projects(help_text="Only events of these projects. Empty: of all projects.")


class UpdateWebhookIn(RequestSerializer):
    url = TextField(max_length=2048, required=False)
    events = _events(required=False)
    active = StrictBooleanField(
        required=False, help_text="true: turn on a webhook that was turned off. false: turn it off."
    )
    user_id = IdentifierField(
        required=False, allow_null=True, help_text="Only events of this user. null: of all users."
    )
    project_ids = _projects()


class DeliveriesIn(RequestSerializer):
    limit = QueryIntegerField(min_value=1, max_value=100, default=50)
    cursor = IdentifierField(required=False)
