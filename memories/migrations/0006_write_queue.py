"""Writes are applied owner by owner, in the order of acceptance: a queue row per owner, a sequence per write."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import memproject.common.ids
from memproject.common.postgres.operations import CommentIndexes, TenantKey

# Pending writes of an earlier version get a place in a queue that is due at once.
ENQUEUE_PENDING = """
UPDATE memories_source s SET sequence = numbered.place, next_attempt_at = NULL
FROM (SELECT tenant_id, id, row_number() OVER (PARTITION BY tenant_id, project, user_id ORDER BY accepted_at, id) AS place
      FROM memories_source) numbered
WHERE s.tenant_id = numbered.tenant_id AND s.id = numbered.id;
INSERT INTO memories_writequeue (id, tenant_id, project, user_id, last_sequence, due_at, enqueued, attempts, is_slow)
SELECT gen_random_uuid(), tenant_id, project, user_id, max(sequence), min(accepted_at) FILTER (WHERE state = 'pending'),
       0, 0, false
FROM memories_source GROUP BY tenant_id, project, user_id;
"""
DUE_AT_ONCE = "UPDATE memories_source SET next_attempt_at = accepted_at WHERE state = 'pending';"


class Migration(migrations.Migration):
    dependencies = [("apikeys", "0003_rate_limits"), ("memories", "0005_past_revisions")]

    operations = [
        migrations.CreateModel(
            name="WriteQueue",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=memproject.common.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("project", models.CharField(max_length=128)),
                ("user_id", models.CharField(max_length=128)),
                ("last_sequence", models.BigIntegerField(default=0)),
                ("due_at", models.DateTimeField(null=True)),
                ("enqueued", models.SmallIntegerField(default=0)),
                ("enqueued_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("lease_token", models.UUIDField(null=True)),
                ("attempts", models.IntegerField(default=0)),
                ("is_slow", models.BooleanField(default=False)),
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
            options={
                "verbose_name": "write queue",
                "constraints": [
                    models.UniqueConstraint(fields=["tenant", "project", "user_id"], name="memories_queue_scope"),
                    models.CheckConstraint(
                        condition=Q(lease_until=None, lease_token=None)
                        | Q(lease_until__isnull=False, lease_token__isnull=False, due_at=F("lease_until")),
                        name="memories_queue_lease",
                    ),
                ],
            },
        ),
        TenantKey("memories_writequeue"),
        migrations.AddIndex(
            "writequeue",
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="memories_queue_due"),
        ),
        migrations.RemoveConstraint("source", "memories_source_lease"),
        migrations.RemoveConstraint("source", "memories_source_kind"),
        migrations.RemoveIndex("source", "memories_source_due"),
        migrations.RemoveIndex("source", "memories_source_target"),
        migrations.RunSQL(migrations.RunSQL.noop, DUE_AT_ONCE),
        migrations.RenameField("source", "kick_at", "next_attempt_at"),
        migrations.RemoveField("source", "lease_until"),
        migrations.AddField("source", "sequence", models.BigIntegerField(default=0)),
        migrations.AlterField(
            "source",
            "kind",
            models.CharField(
                choices=[(k, k) for k in ("store", "update", "supersede", "restore")], max_length=10
            ),
        ),
        migrations.RunSQL(ENQUEUE_PENDING, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "source",
            models.CheckConstraint(
                condition=Q(kind__in=["store", "update", "supersede", "restore"]), name="memories_source_kind"
            ),
        ),
        migrations.AddConstraint(
            "source",
            models.CheckConstraint(
                condition=Q(state="pending") | Q(next_attempt_at=None), name="memories_source_next_attempt"
            ),
        ),
        migrations.AddIndex(
            "source",
            models.Index(
                fields=["tenant", "project", "user_id", "sequence", "id"],
                condition=Q(state="pending"),
                name="memories_source_pending",
            ),
        ),
        migrations.AddIndex(
            "source",
            models.Index(fields=["tenant", "target_key"], name="memories_source_target"),
        ),
        CommentIndexes(
            {
                "memories_queue_scope": "accepting a write: the queue of its owner",
                "memories_queue_due": "the sweep: queues that no worker looks at, over all tenants",
                "memories_source_pending": "a pass: the pending writes of an owner in the order of acceptance",
                "memories_source_target": "erasing a memory: the writes that change it",
            }
        ),
    ]
