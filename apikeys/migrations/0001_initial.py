"""Tenants and API keys; the tenant of keys that name none; the query of every index."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import core.clock
import core.ids
from core.postgres.operations import CommentIndexes


def add_default_tenant(apps, schema_editor):
    apps.get_model("apikeys", "Tenant").objects.get_or_create(slug="default", defaults={"name": "Default"})


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Tenant",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "slug",
                    models.SlugField(
                        db_index=False,
                        help_text="Short name used in requests: letters, digits and hyphens.",
                        max_length=64,
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=200)),
                ("default_project", models.CharField(default="default", max_length=128)),
                ("created_at", models.DateTimeField(default=core.clock.now, editable=False)),
                ("erased_at", models.DateTimeField(editable=False, null=True)),
                (
                    "rate_limits",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text='Limits that differ for all its keys, such as {"v1": "200/m"}.',
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                (
                    "role",
                    models.CharField(
                        choices=[("viewer", "viewer"), ("editor", "editor"), ("admin", "admin")],
                        default="editor",
                        max_length=10,
                    ),
                ),
                (
                    "user_id",
                    models.CharField(
                        blank=True,
                        help_text="Bound to this end user; empty: may name any user.",
                        max_length=128,
                        null=True,
                    ),
                ),
                (
                    "project_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128),
                        blank=True,
                        default=list,
                        help_text="Limited to these projects, comma-separated; empty: all projects.",
                        size=None,
                    ),
                ),
                ("rate_limit_tier", models.CharField(default="standard", max_length=32)),
                ("lookup", models.CharField(editable=False, max_length=16)),
                ("digest", models.BinaryField(max_length=32)),
                ("pepper", models.PositiveSmallIntegerField(editable=False)),
                ("preview", models.CharField(editable=False, max_length=16)),
                (
                    "origin",
                    models.CharField(default="", editable=False, help_text="'environment' for API_KEY.", max_length=16),
                ),
                ("created_by", models.CharField(editable=False, max_length=64)),
                ("created_at", models.DateTimeField(default=core.clock.now, editable=False)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(editable=False, null=True)),
                ("last_used_at", models.DateTimeField(editable=False, null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="keys",
                        to="apikeys.tenant",
                    ),
                ),
                (
                    "rate_limits",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text='Limits that differ for this key, such as {"v1": "200/m"}.',
                    ),
                ),
                (
                    "replaced_by",
                    models.UUIDField(editable=False, help_text="The key that replaced it in a rotation.", null=True),
                ),
            ],
            options={
                "verbose_name": "API key",
            },
        ),
        migrations.AddConstraint(
            model_name="tenant",
            constraint=models.UniqueConstraint(
                condition=models.Q(("erased_at", None)), fields=("slug",), name="apikeys_tenant_slug"
            ),
        ),
        migrations.AddIndex(
            model_name="apikey",
            index=models.Index(fields=["lookup"], name="apikeys_key_lookup"),
        ),
        migrations.AddIndex(
            model_name="apikey",
            index=models.Index(fields=["tenant", "-created_at"], name="apikeys_key_tenant"),
        ),
        migrations.RunPython(add_default_tenant, migrations.RunPython.noop),
        CommentIndexes(
            {
                "apikeys_tenant_slug": "a tenant by its short name",
                "apikeys_key_lookup": "authentication: the key that begins a request",
                "apikeys_key_tenant": "keys of a tenant, newest first",
            }
        ),
    ]
