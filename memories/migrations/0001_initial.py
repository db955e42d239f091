"""Memories, their writes, passages and vectors: keys and links that begin with the tenant, the query of every index."""

import django.contrib.postgres.search
import django.db.models.deletion
import pgvector.django.extensions
import pgvector.django.halfvec
from django.db import migrations, models

import core.clock
import core.ids
from core.postgres.operations import CommentIndexes, TenantKey, TenantLink

# Vectors are read whole and don't compress: kept in the row, a scan doesn't fetch them one by one.
PLAIN_UP = """
ALTER TABLE memories_embedding ALTER COLUMN vector SET STORAGE PLAIN;
"""
PLAIN_DOWN = """
ALTER TABLE memories_embedding ALTER COLUMN vector SET STORAGE EXTERNAL;
"""
# Word pieces are bytes without repetition: compressing them costs time and saves nothing.
EXTERNAL_UP = "ALTER TABLE memories_tokenembedding ALTER COLUMN vectors SET STORAGE EXTERNAL;"
EXTERNAL_DOWN = "ALTER TABLE memories_tokenembedding ALTER COLUMN vectors SET STORAGE EXTENDED;"
# A binary code of each vector for big scopes, kept by the database itself; the index answers without touching the vectors.
BINARY_CODE_UP = """
ALTER TABLE memories_embedding ADD COLUMN binary_code varbit GENERATED ALWAYS AS (binary_quantize(vector)::varbit) STORED;
ALTER TABLE memories_embedding ALTER COLUMN binary_code SET STORAGE PLAIN;
CREATE INDEX memories_embedding_scope ON memories_embedding (tenant_id, project, user_id, model, current)
    INCLUDE (binary_code, passage_key);
"""
BINARY_CODE_DOWN = """
DROP INDEX memories_embedding_scope;
ALTER TABLE memories_embedding DROP COLUMN binary_code;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = [("apikeys", "0001_initial")]

    operations = [
        pgvector.django.extensions.VectorExtension(),
        migrations.CreateModel(
            name="Memory",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("project", models.CharField(max_length=128)),
                ("user_id", models.CharField(max_length=128)),
                ("agent_id", models.CharField(max_length=128, null=True)),
                ("run_id", models.CharField(max_length=128, null=True)),
                ("pinned", models.BooleanField(default=False)),
                ("importance", models.FloatField(default=0.5)),
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
            options={
                "verbose_name_plural": "memories",
            },
        ),
        migrations.CreateModel(
            name="Owner",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("project", models.CharField(max_length=128)),
                ("user_id", models.CharField(max_length=128)),
                ("version", models.BigIntegerField(default=0)),
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
            name="Passage",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("text_key", models.UUIDField()),
                ("memory_key", models.UUIDField()),
                ("project", models.CharField(max_length=128)),
                ("user_id", models.CharField(max_length=128)),
                ("ordinal", models.PositiveIntegerField(default=0)),
                ("start", models.PositiveIntegerField()),
                ("stop", models.PositiveIntegerField()),
                ("tsv", django.contrib.postgres.search.SearchVectorField()),
                ("length", models.PositiveIntegerField()),
                ("session", models.CharField(max_length=128, null=True)),
                ("batch", models.UUIDField()),
                ("turn", models.PositiveIntegerField(default=0)),
                ("speaker", models.CharField(max_length=128, null=True)),
                ("role", models.CharField(max_length=32, null=True)),
                ("said_at", models.DateTimeField()),
                (
                    "memory",
                    models.ForeignObject(
                        from_fields=("tenant", "memory_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="memories.memory",
                        to_fields=("tenant", "id"),
                    ),
                ),
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
            name="Embedding",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("passage_key", models.UUIDField()),
                ("project", models.CharField(max_length=128)),
                ("user_id", models.CharField(max_length=128)),
                ("model", models.CharField(max_length=128)),
                ("vector", pgvector.django.halfvec.HalfVectorField()),
                ("current", models.BooleanField(default=True)),
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
                    "passage",
                    models.ForeignObject(
                        from_fields=("tenant", "passage_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="embeddings",
                        to="memories.passage",
                        to_fields=("tenant", "id"),
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Revision",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("memory_key", models.UUIDField()),
                ("text_key", models.UUIDField()),
                ("source_key", models.UUIDField(null=True)),
                ("project", models.CharField(max_length=128)),
                ("user_id", models.CharField(max_length=128)),
                ("agent_id", models.CharField(max_length=128, null=True)),
                ("run_id", models.CharField(max_length=128, null=True)),
                ("content", models.TextField()),
                ("digest", models.BinaryField(max_length=32)),
                ("metadata", models.JSONField(default=dict)),
                ("memory_type", models.CharField(default="fact", max_length=64)),
                ("archived", models.BooleanField(default=False)),
                ("expires_at", models.DateTimeField(null=True)),
                ("valid_from", models.DateTimeField()),
                ("valid_to", models.DateTimeField(null=True)),
                ("recorded_at", models.DateTimeField(default=core.clock.now)),
                ("retired_at", models.DateTimeField(null=True)),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("ADD", "ADD"),
                            ("UPDATE", "UPDATE"),
                            ("SUPERSEDE", "SUPERSEDE"),
                            ("RETIRE", "RETIRE"),
                            ("ARCHIVE", "ARCHIVE"),
                            ("RESTORE", "RESTORE"),
                        ],
                        max_length=10,
                    ),
                ),
                ("actor", models.CharField(max_length=64)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("confidence", models.FloatField(default=1.0)),
                ("evidence", models.TextField(blank=True)),
                (
                    "memory",
                    models.ForeignObject(
                        from_fields=("tenant", "memory_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="revisions",
                        to="memories.memory",
                        to_fields=("tenant", "id"),
                    ),
                ),
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
                    "text",
                    models.ForeignObject(
                        from_fields=("tenant", "text_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="memories.revision",
                        to_fields=("tenant", "id"),
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="passage",
            name="text",
            field=models.ForeignObject(
                from_fields=("tenant", "text_key"),
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="passages",
                to="memories.revision",
                to_fields=("tenant", "id"),
            ),
        ),
        migrations.CreateModel(
            name="Source",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("store", "store"), ("update", "update"), ("supersede", "supersede")], max_length=10
                    ),
                ),
                ("project", models.CharField(max_length=128)),
                ("user_id", models.CharField(max_length=128)),
                ("agent_id", models.CharField(max_length=128, null=True)),
                ("run_id", models.CharField(max_length=128, null=True)),
                ("actor", models.CharField(max_length=64)),
                ("text", models.TextField()),
                ("payload", models.JSONField(default=dict)),
                ("reserved_id", models.UUIDField(null=True)),
                ("target_key", models.UUIDField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "pending"), ("applied", "applied"), ("failed", "failed")],
                        default="pending",
                        max_length=8,
                    ),
                ),
                ("lease_until", models.DateTimeField(null=True)),
                ("next_attempt_at", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("failure", models.CharField(blank=True, max_length=64)),
                ("result", models.JSONField(default=dict)),
                ("accepted_at", models.DateTimeField(default=core.clock.now)),
                ("finished_at", models.DateTimeField(null=True)),
                ("redacted_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("tsv", django.contrib.postgres.search.SearchVectorField(null=True)),
                ("vector", pgvector.django.halfvec.HalfVectorField(null=True)),
                ("model", models.CharField(blank=True, max_length=128)),
                (
                    "target",
                    models.ForeignObject(
                        from_fields=("tenant", "target_key"),
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="memories.memory",
                        to_fields=("tenant", "id"),
                    ),
                ),
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
        migrations.AddField(
            model_name="revision",
            name="source",
            field=models.ForeignObject(
                from_fields=("tenant", "source_key"),
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="memories.source",
                to_fields=("tenant", "id"),
            ),
        ),
        migrations.CreateModel(
            name="Outcome",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("source_key", models.UUIDField()),
                ("memory_key", models.UUIDField()),
                ("replaces_key", models.UUIDField(null=True)),
                ("position", models.PositiveIntegerField()),
                (
                    "decision",
                    models.CharField(
                        choices=[("ADD", "ADD"), ("NOOP", "NOOP"), ("UPDATE", "UPDATE"), ("DELETE", "DELETE")],
                        max_length=6,
                    ),
                ),
                (
                    "memory",
                    models.ForeignObject(
                        from_fields=("tenant", "memory_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="memories.memory",
                        to_fields=("tenant", "id"),
                    ),
                ),
                (
                    "replaces",
                    models.ForeignObject(
                        from_fields=("tenant", "replaces_key"),
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="memories.memory",
                        to_fields=("tenant", "id"),
                    ),
                ),
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
                    "source",
                    models.ForeignObject(
                        from_fields=("tenant", "source_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="outcomes",
                        to="memories.source",
                        to_fields=("tenant", "id"),
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Usage",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("memory_key", models.UUIDField()),
                ("uses", models.PositiveBigIntegerField(default=0)),
                ("last_used_at", models.DateTimeField()),
                (
                    "memory",
                    models.ForeignObject(
                        from_fields=("tenant", "memory_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="memories.memory",
                        to_fields=("tenant", "id"),
                    ),
                ),
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
            name="Erasure",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("scope", models.JSONField()),
                ("counts", models.JSONField(default=dict)),
                ("actor", models.CharField(max_length=64)),
                ("requested_at", models.DateTimeField(default=core.clock.now)),
                ("completed_at", models.DateTimeField(null=True)),
                ("signature", models.CharField(blank=True, max_length=64)),
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
        migrations.AddIndex(
            model_name="memory",
            index=models.Index(fields=["tenant", "project", "user_id"], name="memories_memory_scope"),
        ),
        migrations.AddConstraint(
            model_name="memory",
            constraint=models.CheckConstraint(
                condition=models.Q(("importance__range", (0, 1))), name="memories_memory_importance"
            ),
        ),
        migrations.AddConstraint(
            model_name="owner",
            constraint=models.UniqueConstraint(fields=("tenant", "project", "user_id"), name="memories_owner_scope"),
        ),
        migrations.AddIndex(
            model_name="embedding",
            index=models.Index(
                condition=models.Q(("current", True)),
                fields=["tenant", "project", "user_id", "model"],
                name="memories_embedding_scope",
            ),
        ),
        migrations.AddConstraint(
            model_name="embedding",
            constraint=models.UniqueConstraint(fields=("tenant", "passage_key", "model"), name="memories_embedding_of"),
        ),
        migrations.AddIndex(
            model_name="passage",
            index=models.Index(fields=["tenant", "memory_key"], name="memories_passage_memory"),
        ),
        migrations.AddIndex(
            model_name="passage",
            index=models.Index(fields=["tenant", "project", "user_id"], name="memories_passage_scope"),
        ),
        migrations.AddConstraint(
            model_name="passage",
            constraint=models.UniqueConstraint(fields=("tenant", "text_key", "ordinal"), name="memories_passage_order"),
        ),
        migrations.AddConstraint(
            model_name="passage",
            constraint=models.CheckConstraint(
                condition=models.Q(("stop__gte", models.F("start"))), name="memories_passage_span"
            ),
        ),
        migrations.AddIndex(
            model_name="source",
            index=models.Index(
                condition=models.Q(("state", "pending")), fields=["next_attempt_at"], name="memories_source_due"
            ),
        ),
        migrations.AddIndex(
            model_name="source",
            index=models.Index(fields=["tenant", "project", "user_id", "state"], name="memories_source_scope"),
        ),
        migrations.AddIndex(
            model_name="source",
            index=models.Index(fields=["tenant", "target_key", "id"], name="memories_source_target"),
        ),
        migrations.AddIndex(
            model_name="source",
            index=models.Index(
                condition=models.Q(("expires_at__isnull", False), ("redacted_at", None)),
                fields=["expires_at"],
                name="memories_source_expiry",
            ),
        ),
        migrations.AddConstraint(
            model_name="source",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["store", "update", "supersede"])), name="memories_source_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="source",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["pending", "applied", "failed"])), name="memories_source_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="source",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at", None), ("state", "pending")),
                    models.Q(models.Q(("state", "pending"), _negated=True), ("finished_at__isnull", False)),
                    _connector="OR",
                ),
                name="memories_source_finished",
            ),
        ),
        migrations.AddConstraint(
            model_name="source",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state", "pending"), models.Q(("next_attempt_at", None), ("lease_until", None)), _connector="OR"
                ),
                name="memories_source_lease",
            ),
        ),
        migrations.AddConstraint(
            model_name="source",
            constraint=models.UniqueConstraint(fields=("tenant", "reserved_id"), name="memories_source_reserved"),
        ),
        migrations.AddIndex(
            model_name="revision",
            index=models.Index(fields=["tenant", "memory_key", "-recorded_at"], name="memories_revision_history"),
        ),
        migrations.AddIndex(
            model_name="revision",
            index=models.Index(
                condition=models.Q(("retired_at", None)),
                fields=["tenant", "project", "user_id", "memory_key"],
                name="memories_live_scope",
            ),
        ),
        migrations.AddIndex(
            model_name="revision",
            index=models.Index(
                condition=models.Q(("retired_at", None)),
                fields=["tenant", "user_id", "memory_key"],
                name="memories_live_user",
            ),
        ),
        migrations.AddIndex(
            model_name="revision",
            index=models.Index(fields=["tenant", "text_key"], name="memories_revision_text"),
        ),
        migrations.AddIndex(
            model_name="revision",
            index=models.Index(fields=["tenant", "source_key"], name="memories_revision_source"),
        ),
        migrations.AddIndex(
            model_name="revision",
            index=models.Index(
                condition=models.Q(("expires_at__isnull", False), ("retired_at", None)),
                fields=["expires_at"],
                name="memories_revision_expiry",
            ),
        ),
        migrations.AddConstraint(
            model_name="revision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retired_at", None)), fields=("tenant", "memory_key"), name="memories_open_revision"
            ),
        ),
        migrations.AddConstraint(
            model_name="revision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("archived", False), ("retired_at", None), ("valid_to", None)),
                fields=("tenant", "project", "user_id", "agent_id", "digest"),
                name="memories_live_text",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="revision",
            constraint=models.CheckConstraint(
                condition=models.Q(("confidence__range", (0, 1))), name="memories_revision_confidence"
            ),
        ),
        migrations.AddConstraint(
            model_name="revision",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at", None), ("expires_at__gt", models.F("recorded_at")), _connector="OR"),
                name="memories_expires_later",
            ),
        ),
        migrations.AddConstraint(
            model_name="revision",
            constraint=models.CheckConstraint(
                condition=models.Q(("retired_at", None), ("retired_at__gte", models.F("recorded_at")), _connector="OR"),
                name="memories_retired_later",
            ),
        ),
        migrations.AddIndex(
            model_name="outcome",
            index=models.Index(fields=["tenant", "memory_key"], name="memories_outcome_memory"),
        ),
        migrations.AddIndex(
            model_name="outcome",
            index=models.Index(fields=["tenant", "replaces_key"], name="memories_outcome_replaced"),
        ),
        migrations.AddConstraint(
            model_name="outcome",
            constraint=models.UniqueConstraint(
                fields=("tenant", "source_key", "position"), name="memories_outcome_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="outcome",
            constraint=models.CheckConstraint(
                condition=models.Q(("decision__in", ["ADD", "NOOP", "UPDATE", "DELETE"])),
                name="memories_outcome_decision",
            ),
        ),
        migrations.AddConstraint(
            model_name="usage",
            constraint=models.UniqueConstraint(fields=("tenant", "memory_key"), name="memories_usage_of"),
        ),
        migrations.AddIndex(
            model_name="source",
            index=models.Index(
                condition=models.Q(("redacted_at", None), ("state", "failed")),
                fields=["id"],
                name="memories_source_failed",
            ),
        ),
        migrations.CreateModel(
            name="TokenEmbedding",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("passage_key", models.UUIDField()),
                ("model", models.CharField(max_length=128)),
                ("vectors", models.BinaryField()),
                (
                    "passage",
                    models.ForeignObject(
                        from_fields=("tenant", "passage_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="memories.passage",
                        to_fields=("tenant", "id"),
                    ),
                ),
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
                "verbose_name_plural": "token embeddings",
            },
        ),
        migrations.RemoveIndex(
            model_name="embedding",
            name="memories_embedding_scope",
        ),
        migrations.RemoveIndex(
            model_name="passage",
            name="memories_passage_scope",
        ),
        migrations.AddField(
            model_name="embedding",
            name="text_key",
            field=models.UUIDField(),
        ),
        migrations.AddField(
            model_name="embedding",
            name="speaker",
            field=models.CharField(max_length=128, null=True),
        ),
        migrations.AddField(
            model_name="embedding",
            name="role",
            field=models.CharField(max_length=32, null=True),
        ),
        migrations.AddField(
            model_name="owner",
            name="passages",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="embedding",
            name="said_at",
            field=models.DateTimeField(),
        ),
        migrations.AddIndex(
            model_name="passage",
            index=models.Index(fields=["tenant", "project", "user_id", "speaker"], name="memories_passage_scope"),
        ),
        migrations.AddIndex(
            model_name="passage",
            index=models.Index(
                condition=models.Q(("ordinal", 0), ("session__isnull", False)),
                fields=["tenant", "project", "user_id", "session", "said_at", "batch", "turn"],
                name="memories_passage_place",
            ),
        ),
        migrations.AddIndex(
            model_name="revision",
            index=models.Index(
                condition=models.Q(("retired_at__isnull", False)),
                fields=["tenant", "user_id", "retired_at"],
                name="memories_past_user",
            ),
        ),
        migrations.CreateModel(
            name="WriteQueue",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
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
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lease_token", None), ("lease_until", None)),
                            models.Q(
                                ("due_at", models.F("lease_until")),
                                ("lease_token__isnull", False),
                                ("lease_until__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="memories_queue_lease",
                    )
                ],
            },
        ),
        migrations.RemoveConstraint(
            model_name="source",
            name="memories_source_lease",
        ),
        migrations.RemoveConstraint(
            model_name="source",
            name="memories_source_kind",
        ),
        migrations.RemoveIndex(
            model_name="source",
            name="memories_source_due",
        ),
        migrations.RemoveIndex(
            model_name="source",
            name="memories_source_target",
        ),
        migrations.RemoveField(
            model_name="source",
            name="lease_until",
        ),
        migrations.AddField(
            model_name="source",
            name="sequence",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="source",
            name="kind",
            field=models.CharField(
                choices=[("store", "store"), ("update", "update"), ("supersede", "supersede"), ("restore", "restore")],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="source",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["store", "update", "supersede", "restore"])),
                name="memories_source_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="source",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "pending"), ("next_attempt_at", None), _connector="OR"),
                name="memories_source_next_attempt",
            ),
        ),
        migrations.AddIndex(
            model_name="source",
            index=models.Index(
                condition=models.Q(("state", "pending")),
                fields=["tenant", "project", "user_id", "sequence", "id"],
                name="memories_source_pending",
            ),
        ),
        migrations.AddIndex(
            model_name="source",
            index=models.Index(fields=["tenant", "target_key"], name="memories_source_target"),
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("project", models.CharField(max_length=128)),
                ("user_id", models.CharField(max_length=128)),
                ("old_key", models.UUIDField()),
                (
                    "old",
                    models.ForeignObject(
                        from_fields=("tenant", "old_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="memories.memory",
                        to_fields=("tenant", "id"),
                    ),
                ),
                ("new_key", models.UUIDField()),
                (
                    "new",
                    models.ForeignObject(
                        from_fields=("tenant", "new_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="memories.memory",
                        to_fields=("tenant", "id"),
                    ),
                ),
                ("old_text_key", models.UUIDField()),
                ("new_text_key", models.UUIDField()),
                (
                    "proposal",
                    models.CharField(
                        choices=[
                            ("supersede", "supersede"),
                            ("negate", "negate"),
                            ("duplicate", "duplicate"),
                            ("extend", "extend"),
                        ],
                        max_length=9,
                    ),
                ),
                ("probability", models.FloatField()),
                ("reason", models.CharField(blank=True, max_length=500)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("accepted", "accepted"),
                            ("rejected", "rejected"),
                            ("obsolete", "obsolete"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("decided_by", models.CharField(max_length=64, null=True)),
                ("decided_at", models.DateTimeField(null=True)),
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
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("proposal__in", ["supersede", "negate", "duplicate", "extend"])),
                        name="memories_review_proposal",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "accepted", "rejected", "obsolete"])),
                        name="memories_review_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("probability__range", (0, 1))), name="memories_review_probability"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at", None), ("state", "open")),
                            models.Q(models.Q(("state", "open"), _negated=True), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="memories_review_decided",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="erasure",
            index=models.Index(fields=["tenant", "-requested_at"], name="memories_erasure_recent"),
        ),
        migrations.AddConstraint(
            model_name="tokenembedding",
            constraint=models.UniqueConstraint(fields=("tenant", "passage_key", "model"), name="memories_tokens_of"),
        ),
        migrations.AddIndex(
            model_name="writequeue",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="memories_queue_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="writequeue",
            constraint=models.UniqueConstraint(fields=("tenant", "project", "user_id"), name="memories_queue_scope"),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(fields=["tenant", "user_id", "state", "-id"], name="memories_review_list"),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(fields=["tenant", "old_key"], name="memories_review_old"),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(fields=["tenant", "new_key"], name="memories_review_new"),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")),
                fields=("tenant", "old_key", "new_key"),
                name="memories_review_open_pair",
            ),
        ),
        TenantKey("memories_memory"),
        TenantKey("memories_source"),
        TenantKey("memories_outcome"),
        TenantKey("memories_owner"),
        TenantKey("memories_revision"),
        TenantKey("memories_passage"),
        TenantKey("memories_embedding"),
        TenantKey("memories_usage"),
        TenantKey("memories_erasure"),
        TenantLink("memories_source", "target_key", "memories_memory"),
        TenantLink("memories_outcome", "source_key", "memories_source", cascade=True),
        TenantLink("memories_outcome", "memory_key", "memories_memory", cascade=True),
        TenantLink("memories_outcome", "replaces_key", "memories_memory"),
        TenantLink("memories_revision", "memory_key", "memories_memory", cascade=True),
        TenantLink("memories_revision", "text_key", "memories_revision"),
        TenantLink("memories_revision", "source_key", "memories_source"),
        TenantLink("memories_passage", "text_key", "memories_revision", cascade=True),
        TenantLink("memories_passage", "memory_key", "memories_memory", cascade=True),
        TenantLink("memories_embedding", "passage_key", "memories_passage", cascade=True),
        TenantLink("memories_usage", "memory_key", "memories_memory", cascade=True),
        migrations.RunSQL(PLAIN_UP, PLAIN_DOWN),
        TenantKey("memories_tokenembedding"),
        TenantLink("memories_tokenembedding", "passage_key", "memories_passage", cascade=True),
        migrations.RunSQL(EXTERNAL_UP, EXTERNAL_DOWN),
        migrations.RunSQL(
            BINARY_CODE_UP,
            BINARY_CODE_DOWN,
            state_operations=[
                migrations.AddIndex(
                    "embedding",
                    models.Index(
                        fields=["tenant", "project", "user_id", "model", "current"], name="memories_embedding_scope"
                    ),
                )
            ],
        ),
        TenantKey("memories_writequeue"),
        TenantKey("memories_review"),
        TenantLink("memories_review", "old_key", "memories_memory", cascade=True),
        TenantLink("memories_review", "new_key", "memories_memory", cascade=True),
        CommentIndexes(
            {
                "memories_memory_scope": "erasing a scope: its memories, batch by batch",
                "memories_owner_scope": "locking the one row of an owner",
                "memories_source_reserved": "a reserved id: GET and DELETE of a memory that is still pending",
                "memories_source_scope": "recall of pending writes in a scope; erasing a scope",
                "memories_source_expiry": "the clean-up: writes whose text has to go, over all tenants",
                "memories_outcome_order": "what one write decided, in order",
                "memories_outcome_memory": "erasing a memory: the writes that name it",
                "memories_outcome_replaced": "erasing a memory that another one replaced",
                "memories_open_revision": "the last word about a memory; there is one at most",
                "memories_live_text": "is this text live already? exact duplicates in a scope",
                "memories_revision_history": "history of a memory, newest first",
                "memories_live_scope": "recall inside one project of one user",
                "memories_live_user": "list over all projects of a user, newest first",
                "memories_revision_text": "which revisions share a text",
                "memories_revision_source": "which revisions came of a write; erasing writes checks it",
                "memories_revision_expiry": "the clean-up: expired memories, over all tenants",
                "memories_passage_order": "passages of a text, in order",
                "memories_passage_memory": "erasing a memory: its passages",
                "memories_embedding_of": "the vector of a passage under one model",
                "memories_usage_of": "the counters of a memory",
                "memories_erasure_recent": "receipts of a tenant, newest first",
                "memories_source_failed": "failed writes over all tenants: how many, and the admin's list of them",
                "memories_embedding_scope": "vector search inside one project of one user, exact or by signs",
                "memories_passage_scope": "lexical search inside one project of one user; who speaks there",
                "memories_passage_place": "what was said right after a passage of the same session",
                "memories_tokens_of": "the word pieces of a recall's candidates",
                "memories_past_user": "what was known of a user at an earlier time (as_of)",
                "memories_queue_scope": "accepting a write: the queue of its owner",
                "memories_queue_due": "the sweep: queues that no worker looks at, over all tenants",
                "memories_source_pending": "a pass: the pending writes of an owner in the order of acceptance",
                "memories_source_target": "erasing a memory: the writes that change it",
                "memories_review_open_pair": "a pass: at most one open review of a pair",
                "memories_review_list": "the review queue of a user by state, newest first",
                "memories_review_old": "erasing or ending a memory; its history: reviews in which it is the old one",
                "memories_review_new": "erasing or ending a memory; its history: reviews in which it is the new one",
            }
        ),
    ]
