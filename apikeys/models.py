"""Tenants and API keys. On a sharded database these tables are local."""

from __future__ import annotations

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apikeys.key_cache import CachedModel
from apikeys.limits import STANDARD
from apikeys.scopes import Role
from core.clock import now
from core.ids import new_id


class Tenant(CachedModel):
    """The isolation boundary and the unit of distribution. The row of a deleted tenant stays, without its name."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(
        max_length=64, db_index=False, help_text="Short name used in requests: letters, digits and hyphens."
    )
    name = models.CharField(max_length=200, blank=True)
    default_project = models.CharField(max_length=128, default="default")
    rate_limits = models.JSONField(
        default=dict, blank=True, help_text='Limits that differ for all its keys, such as {"v1": "200/m"}.'
    )
    created_at = models.DateTimeField(default=now, editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["slug"], condition=Q(erased_at=None), name="apikeys_tenant_slug"),
        )

    def __str__(self) -> str:
        return self.slug if self.erased_at is None else f"{self.slug} (erased)"


class ApiKey(CachedModel):
    """An API key. The key itself is not stored: `lookup` finds the row, `digest` (HMAC) verifies the key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="keys", db_index=False)
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=10, choices=[(r.value, r.value) for r in Role], default=Role.EDITOR.value)
    user_id = models.CharField(
        max_length=128, null=True, blank=True, help_text="Bound to this end user; empty: may name any user."
    )
    project_ids = ArrayField(
        models.CharField(max_length=128),
        default=list,
        blank=True,
        help_text="Limited to these projects, comma-separated; empty: all projects.",
    )
    rate_limit_tier = models.CharField(max_length=32, default=STANDARD)
    rate_limits = models.JSONField(
        default=dict, blank=True, help_text='Limits that differ for this key, such as {"v1": "200/m"}.'
    )
    lookup = models.CharField(max_length=16, editable=False)
    digest = models.BinaryField(max_length=32, editable=False)
    pepper = models.PositiveSmallIntegerField(editable=False)
    preview = models.CharField(max_length=16, editable=False)
    origin = models.CharField(max_length=16, default="", editable=False, help_text="'environment' for API_KEY.")
    created_by = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    replaced_by = models.UUIDField(null=True, editable=False, help_text="The key that replaced it in a rotation.")

    class Meta:
        verbose_name = "API key"
        indexes = (
            models.Index(fields=["lookup"], name="apikeys_key_lookup"),
            models.Index(fields=["tenant", "-created_at"], name="apikeys_key_tenant"),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.preview})"

    def status(self, moment: dt.datetime) -> str:
        if self.revoked_at is not None:
            return "revoked"
        return "active" if self.is_active(moment) else "expired"

    def is_active(self, moment: dt.datetime) -> bool:
        """Whether the key is neither revoked nor expired at `moment`."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > moment)
