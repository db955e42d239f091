"""Webhooks and their deliveries: keys that begin with the tenant, the link that can't leave it, the query of every index."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

import core.clock
import core.ids
from core.postgres.operations import CommentIndexes, TenantKey, TenantLink


class Migration(migrations.Migration):
    initial = True
    dependencies = [("apikeys", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("url", models.CharField(max_length=2048)),
                (
                    "events",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), size=None),
                ),
                ("secret", models.CharField(max_length=128)),
                ("user_id", models.CharField(max_length=128, null=True)),
                (
                    "project_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128), default=list, size=None
                    ),
                ),
                ("caller", models.CharField(max_length=64)),
                ("key_id", models.UUIDField(null=True)),
                ("active", models.BooleanField(default=True)),
                ("disabled_at", models.DateTimeField(null=True)),
                ("disabled_reason", models.CharField(default="", max_length=16)),
                ("failing_since", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=core.clock.now)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="apikeys.tenant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("webhook_key", models.UUIDField()),
                ("event", models.CharField(max_length=32)),
                ("message", models.UUIDField()),
                ("project", models.CharField(max_length=128)),
                ("user_id", models.CharField(max_length=128)),
                (
                    "subjects",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
                ),
                ("body", models.JSONField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("delivered", "delivered"),
                            ("failed", "failed"),
                            ("erased", "erased"),
                        ],
                        default="pending",
                        max_length=9,
                    ),
                ),
                ("due_at", models.DateTimeField(default=core.clock.now, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("error", models.CharField(default="", max_length=16)),
                ("log", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(default=core.clock.now)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="apikeys.tenant",
                    ),
                ),
                (
                    "webhook",
                    models.ForeignObject(
                        from_fields=("tenant", "webhook_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="deliveries",
                        to="webhooks.webhook",
                        to_fields=("tenant", "id"),
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "delivered", "failed", "erased"])),
                        name="webhooks_delivery_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("due_at__isnull", False), ("state", "pending")),
                            models.Q(
                                models.Q(("state", "pending"), _negated=True),
                                ("body__isnull", True),
                                ("due_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="webhooks_delivery_ended",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="webhook",
            index=models.Index(condition=models.Q(("active", True)), fields=["tenant"], name="webhooks_webhook_active"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "pending")), fields=["due_at"], name="webhooks_delivery_due"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["tenant", "webhook_key", "-id"], name="webhooks_delivery_of"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "pending")),
                fields=["tenant", "user_id", "project"],
                name="webhooks_delivery_scope",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("state", "pending")), fields=["subjects"], name="webhooks_delivery_subjects"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["finished_at"], name="webhooks_delivery_age"),
        ),
        TenantKey("webhooks_webhook"),
        TenantKey("webhooks_delivery"),
        TenantLink("webhooks_delivery", "webhook_key", "webhooks_webhook", cascade=True),
        CommentIndexes(
            {
                "webhooks_webhook_active": "emit: who of this tenant is to be told?",
                "webhooks_delivery_due": "claiming deliveries whose next try has come, over all tenants",
                "webhooks_delivery_of": "deliveries of a webhook, newest first; disabling or deleting it",
                "webhooks_delivery_scope": "erasing a user or a project: messages that were not sent yet",
                "webhooks_delivery_subjects": "erasing memories: messages about them that were not sent yet",
                "webhooks_delivery_age": "the clean-up: deliveries that ended long ago, over all tenants",
            }
        ),
    ]
