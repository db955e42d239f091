"""What an entity may be where that can't be told; what each memory says of a relation; evidence follows merges."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from memproject.common.postgres.operations import CommentIndexes, TenantLink


class Migration(migrations.Migration):
    dependencies = [("entities", "0003_graph_outbox")]

    operations = [
        migrations.AddField(
            "entityrevision",
            "candidates",
            django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
        ),
        migrations.AddField("evidence", "properties", models.JSONField(default=dict)),
        migrations.AddField("evidence", "merge_key", models.UUIDField(null=True)),
        migrations.AddField(
            "evidence",
            "merge",
            models.ForeignObject(
                from_fields=("tenant", "merge_key"),
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="entities.merge",
                to_fields=("tenant", "id"),
            ),
        ),
        migrations.AddIndex(
            "evidence", models.Index(fields=["tenant", "merge_key"], name="entities_evidence_merge")
        ),
        TenantLink("entities_evidence", "merge_key", "entities_merge"),
        CommentIndexes({"entities_evidence_merge": "what a merge changed, to be split again"}),
    ]
