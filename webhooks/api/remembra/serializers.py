"""`/api/v1/webhooks`: what is asked and what is answered."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.clock import iso
from core.http.base import RequestSerializer
from core.http.fields import IdentifierField, QueryIntegerField, StrictBooleanField, TextField
from core.ids import DELIVERY, MESSAGE, WEBHOOK, public
from webhooks.types import EVENTS, Attempt, DeliveryPage, DeliveryRecord, NewWebhook, WebhookRecord

PROJECTS = 100


class EventNameField(TextField):
    """One of the events that there are."""

    def to_internal_value(self, data: Any) -> str:
        value = super().to_internal_value(data)
        if value not in EVENTS:
            raise serializers.ValidationError(f"must be one of {', '.join(EVENTS)}")
        return value


def _events(**kwargs: Any) -> serializers.ListField:
    return serializers.ListField(
        child=EventNameField(max_length=32),
        allow_empty=False,
        max_length=len(EVENTS),
        help_text=", ".join(EVENTS),
        **kwargs,
    )


def _projects(**kwargs: Any) -> serializers.ListField:
    return serializers.ListField(child=IdentifierField(), required=False, max_length=PROJECTS, **kwargs)


class WebhookIn(RequestSerializer):
    url = TextField(max_length=2048)
    events = _events()
    secret = TextField(
        max_length=128, required=False, help_text="whsec_ and the base64 of 24 to 64 bytes; without it one is made."
    )
    user_id = IdentifierField(
        required=False, allow_null=True, help_text="Only this user's events; null: those of all users."
    )
    project_ids = _projects(help_text="Only events of these projects; empty: of all.")


class WebhookChangeIn(RequestSerializer):
    url = TextField(max_length=2048, required=False)
    events = _events(required=False)
    active = StrictBooleanField(required=False, help_text="true turns a disabled webhook on.")
    user_id = IdentifierField(required=False, allow_null=True)
    project_ids = _projects()


class DeliveriesIn(RequestSerializer):
    limit = QueryIntegerField(min_value=1, max_value=100, default=50)
    cursor = IdentifierField(required=False)


def webhook(view: WebhookRecord) -> dict[str, Any]:
    """A webhook without its secret."""
    return {
        "id": public(WEBHOOK, view.id),
        "url": view.url,
        "events": list(view.events),
        "user_id": view.user_id,
        "project_ids": list(view.project_ids),
        "active": view.active,
        "disabled_at": iso(view.disabled_at) if view.disabled_at else None,
        "disabled_reason": view.disabled_reason or None,
        "failing_since": iso(view.failing_since) if view.failing_since else None,
        "created_by": view.caller,
        "created_at": iso(view.created_at),
    }


def new_webhook(new: NewWebhook) -> dict[str, Any]:
    return webhook(new.view) | {"secret": new.secret}


def delivery(view: DeliveryRecord) -> dict[str, Any]:
    return {
        "id": public(DELIVERY, view.id),
        "message_id": public(MESSAGE, view.message_id),
        "event": view.event,
        "state": view.state.value,
        "error": view.error or None,
        "attempts": [attempt(a) for a in view.attempts],
        "next_attempt_at": iso(view.due_at) if view.due_at else None,
        "created_at": iso(view.created_at),
        "finished_at": iso(view.finished_at) if view.finished_at else None,
    }


def attempt(made: Attempt) -> dict[str, Any]:
    return {
        "at": iso(made.at),
        "status_code": made.status,
        "error": made.error or None,
        "duration_ms": made.milliseconds,
    }


def deliveries(page: DeliveryPage) -> dict[str, Any]:
    return {"deliveries": [delivery(d) for d in page.deliveries], "next_cursor": page.next_cursor}
