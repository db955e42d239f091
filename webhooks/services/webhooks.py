"""Create, read, change and delete webhooks within the scope of the caller's key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from apikeys import services as apikeys
from apikeys.types import Principal
from core import ssrf
from core.errors import Conflict, InvalidRequest, NotFound, ScopeDenied
from core.ids import WEBHOOK, parse
from core.unset import UNSET, Unset
from webhooks import signing
from webhooks.models import Webhook
from webhooks.retry_policy import disable, enable
from webhooks.types import ChangeWebhook, CreateWebhook, DisabledReason, NewWebhook, WebhookRecord

MAX_WEBHOOKS = 100  # for each tenant: every event reads all webhooks that are on


def create(principal: Principal, command: CreateWebhook) -> NewWebhook:
    """Create a webhook. Its users and projects default to those of the key, and cannot exceed them."""
    hook = Webhook(
        tenant_id=principal.tenant_id,
        name=command.name,
        url=command.url,
        events=list(dict.fromkeys(command.events)),
        secret=_secret(command.secret),
        user_id=_user(principal, command.user_id),
        project_ids=_projects(principal, command.project_ids),
        caller=principal.caller,
        key_id=principal.key_id,
    )
    _check_url(command.url)
    if Webhook.objects.filter(tenant=principal.tenant_id).count() >= MAX_WEBHOOKS:
        raise Conflict(f"There are {MAX_WEBHOOKS} webhooks already: delete one first.")
    Webhook.objects.bulk_create([hook])
    return NewWebhook(_views([hook])[0], hook.secret)


def list_all(principal: Principal) -> list[WebhookRecord]:
    """All webhooks within the users and projects of the key, newest first. Not paged, since a tenant has few."""
    return _views(list(_within(principal).order_by("-id").defer("secret")))


def get(principal: Principal, webhook_id: str) -> WebhookRecord:
    return _views([find(principal, webhook_id)])[0]


def change(principal: Principal, command: ChangeWebhook) -> WebhookRecord:
    """Change the fields that were sent. From then on the webhook depends on the key of this request."""
    hook = find(principal, command.webhook_id)
    fields: dict[str, Any] = {"caller": principal.caller, "key_id": principal.key_id}
    if not isinstance(command.events, Unset):
        fields["events"] = list(dict.fromkeys(command.events))
    if not isinstance(command.user_id, Unset):
        fields["user_id"] = _user(principal, command.user_id)
    if not isinstance(command.project_ids, Unset):
        fields["project_ids"] = _projects(principal, command.project_ids)
    if not isinstance(command.name, Unset):
        fields["name"] = command.name
    if not isinstance(command.url, Unset):
        _check_url(command.url)
        fields["url"] = command.url
    with transaction.atomic():
        Webhook.objects.filter(tenant=hook.tenant_id, id=hook.id).update(**fields)
        if command.active is False:
            disable(hook.tenant_id, hook.id, DisabledReason.API)
        elif command.active is not UNSET:
            enable(hook.tenant_id, hook.id)
    return get(principal, command.webhook_id)


def delete(principal: Principal, webhook_id: str) -> None:
    """Delete a webhook with all its deliveries, sent or pending."""
    hook = find(principal, webhook_id)
    Webhook.objects.filter(tenant=hook.tenant_id, id=hook.id).delete()


def find(principal: Principal, webhook_id: str) -> Webhook:
    """The row. Raises the same NotFound for unknown, malformed and foreign ids."""
    key = parse(WEBHOOK, webhook_id)
    found = _within(principal).filter(id=key).defer("secret").first() if key else None
    if found is None:
        raise NotFound(f"Webhook with ID '{webhook_id}' not found")
    return found


def switch(rows: Sequence[Webhook], *, on: bool) -> int:
    """Turn webhooks on or off for an operator; → number of changed rows."""
    if on:
        return sum(enable(row.tenant_id, row.id) for row in rows)
    return sum(disable(row.tenant_id, row.id, DisabledReason.OPERATOR) for row in rows)


def _within(principal: Principal) -> QuerySet[Webhook]:
    """Webhooks whose users and projects are all within the scope of the key."""
    rows = Webhook.objects.filter(tenant=principal.tenant_id)
    if principal.user_id is not None:
        rows = rows.filter(user_id=principal.user_id)
    if principal.projects:
        rows = rows.exclude(project_ids=[]).filter(project_ids__contained_by=sorted(principal.projects))
    return rows


def _user(principal: Principal, named: str | None) -> str | None:
    if principal.user_id is not None and named not in (None, principal.user_id):
        raise ScopeDenied("user_id: this API key acts for one user and may not name another", field="user_id")
    return principal.user_id if named is None else named


def _projects(principal: Principal, named: Sequence[str]) -> list[str]:
    if principal.projects and not principal.projects.issuperset(named):
        raise ScopeDenied("project_ids: this API key may not use all of them", field="project_ids")
    return sorted(set(named) or principal.projects)


def _secret(given: str | None) -> str:
    if given is None:
        return signing.generate()
    try:
        signing.key_of(given)
    except ValueError as error:
        raise InvalidRequest(f"secret: {error}", field="secret") from None
    return given


def _check_url(url: str) -> None:
    try:
        ssrf.check(url, allow_private=settings.WEBHOOK_ALLOW_PRIVATE)
    except ssrf.UrlRefused as refused:
        raise InvalidRequest(f"url: {refused.expected}", field="url") from None


def _views(rows: Sequence[Webhook]) -> list[WebhookRecord]:
    """The records. A webhook whose key has ended is shown as off, even before a delivery has turned it off."""
    alive = apikeys.in_force({row.key_id for row in rows if row.key_id is not None})
    return [_view(row, row.key_id is None or row.key_id in alive) for row in rows]


def _view(row: Webhook, keyed: bool) -> WebhookRecord:
    return WebhookRecord(
        id=row.id,
        url=row.url,
        events=tuple(row.events),
        user_id=row.user_id,
        project_ids=tuple(row.project_ids),
        active=row.active and keyed,
        disabled_at=row.disabled_at,
        disabled_reason=DisabledReason.KEY if row.active and not keyed else row.disabled_reason,
        failing_since=row.failing_since,
        caller=row.caller,
        created_at=row.created_at,
        name=row.name,
    )
