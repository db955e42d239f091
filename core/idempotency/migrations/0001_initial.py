"""The records of Idempotency-Keys: keys that begin with the tenant, and the query of every index."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

import core.clock
import core.ids
from core.postgres.operations import CommentIndexes, TenantKey


class Migration(migrations.Migration):
    initial = True
    dependencies = [("apikeys", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="IdempotencyRecord",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("caller", models.CharField(max_length=64)),
                ("key", models.CharField(max_length=255)),
                ("fingerprint", models.BinaryField(max_length=32)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("body", models.JSONField(null=True)),
                (
                    "subjects",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
                ),
                ("created_at", models.DateTimeField(default=core.clock.now)),
                ("finished_at", models.DateTimeField(null=True)),
                ("erased_at", models.DateTimeField(null=True)),
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
                    "sources",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
                ),
                ("response_context", models.JSONField(null=True)),
            ],
        ),
        migrations.AddIndex(
            model_name="idempotencyrecord",
            index=models.Index(fields=["created_at"], name="core_idempotency_age"),
        ),
        migrations.AddIndex(
            model_name="idempotencyrecord",
            index=django.contrib.postgres.indexes.GinIndex(fields=["subjects"], name="core_idempotency_subjects"),
        ),
        migrations.AddConstraint(
            model_name="idempotencyrecord",
            constraint=models.UniqueConstraint(fields=("tenant", "caller", "key"), name="core_idempotency_key"),
        ),
        TenantKey("core_idempotencyrecord"),
        CommentIndexes(
            {
                "core_idempotency_key": "what was this Idempotency-Key answered?",
                "core_idempotency_age": "the clean-up: old records, over all tenants",
                "core_idempotency_subjects": "erasure: which stored answers speak of these memories?",
            }
        ),
    ]
