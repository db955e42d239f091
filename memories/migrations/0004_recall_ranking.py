"""What ranking reads: word pieces, a place in the session by index, and the embedding's row with who said it and when.

Passages that were stored before have no word pieces until their text changes; recall ranks them by the other signs.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import memproject.common.ids
from memproject.common.postgres.operations import CommentIndexes, TenantKey, TenantLink

# Each statement names both tables' tenants by joining on them: it runs on a sharded database too.
FILL_EMBEDDINGS = """
UPDATE memories_embedding e SET text_key = p.text_key, speaker = p.speaker, role = p.role, said_at = p.said_at
FROM memories_passage p WHERE p.tenant_id = e.tenant_id AND p.id = e.passage_key;
"""
FILL_OWNERS = """
UPDATE memories_owner o SET passages = p.n
FROM (SELECT tenant_id, project, user_id, count(*) AS n FROM memories_passage GROUP BY 1, 2, 3) p
WHERE p.tenant_id = o.tenant_id AND p.project = o.project AND p.user_id = o.user_id;
"""
# Word pieces are bytes without repetition: compressing them costs time and saves nothing.
EXTERNAL_UP = "ALTER TABLE memories_tokenvectors ALTER COLUMN vectors SET STORAGE EXTERNAL;"
EXTERNAL_DOWN = "ALTER TABLE memories_tokenvectors ALTER COLUMN vectors SET STORAGE EXTENDED;"
# A sketch of each vector for big scopes, kept by the database itself; the index answers without touching the vectors.
SIGNS_UP = """
ALTER TABLE memories_embedding ADD COLUMN signs varbit GENERATED ALWAYS AS (binary_quantize(vector)::varbit) STORED;
ALTER TABLE memories_embedding ALTER COLUMN signs SET STORAGE PLAIN;
CREATE INDEX memories_embedding_scope ON memories_embedding (tenant_id, project, user_id, model, current)
    INCLUDE (signs, passage_key);
"""
SIGNS_DOWN = """
DROP INDEX memories_embedding_scope;
ALTER TABLE memories_embedding DROP COLUMN signs;
"""


class Migration(migrations.Migration):
    dependencies = [("apikeys", "0003_rate_limits"), ("memories", "0003_failed_writes")]

    operations = [
        migrations.CreateModel(
            name="TokenVectors",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=memproject.common.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
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
                "verbose_name_plural": "token vectors",
                "constraints": [
                    models.UniqueConstraint(fields=["tenant", "passage_key", "model"], name="memories_tokens_of")
                ],
            },
        ),
        TenantKey("memories_tokenvectors"),
        TenantLink("memories_tokenvectors", "passage_key", "memories_passage", cascade=True),
        migrations.RunSQL(EXTERNAL_UP, EXTERNAL_DOWN),
        migrations.RemoveIndex("embedding", "memories_embedding_scope"),
        migrations.RemoveIndex("passage", "memories_passage_scope"),
        migrations.AddField("embedding", "text_key", models.UUIDField(null=True)),
        migrations.AddField("embedding", "speaker", models.CharField(max_length=128, null=True)),
        migrations.AddField("embedding", "role", models.CharField(max_length=32, null=True)),
        migrations.AddField("embedding", "said_at", models.DateTimeField(null=True)),
        migrations.AddField("owner", "passages", models.PositiveBigIntegerField(default=0)),
        migrations.RunSQL(FILL_EMBEDDINGS, migrations.RunSQL.noop),
        migrations.RunSQL(FILL_OWNERS, migrations.RunSQL.noop),
        migrations.AlterField("embedding", "text_key", models.UUIDField()),
        migrations.AlterField("embedding", "said_at", models.DateTimeField()),
        migrations.RunSQL(
            SIGNS_UP,
            SIGNS_DOWN,
            state_operations=[
                migrations.AddIndex(
                    "embedding",
                    models.Index(
                        fields=["tenant", "project", "user_id", "model", "current"], name="memories_embedding_scope"
                    ),
                )
            ],
        ),
        migrations.AddIndex(
            "passage", models.Index(fields=["tenant", "project", "user_id", "speaker"], name="memories_passage_scope")
        ),
        migrations.AddIndex(
            "passage",
            models.Index(
                fields=["tenant", "project", "user_id", "session", "said_at", "batch", "turn"],
                condition=Q(session__isnull=False, ordinal=0),
                name="memories_passage_place",
            ),
        ),
        CommentIndexes(
            {
                "memories_embedding_scope": "vector search inside one project of one user, exact or by signs",
                "memories_passage_scope": "lexical search inside one project of one user; who speaks there",
                "memories_passage_place": "what was said right after a passage of the same session",
                "memories_tokens_of": "the word pieces of a recall's candidates",
            }
        ),
    ]
