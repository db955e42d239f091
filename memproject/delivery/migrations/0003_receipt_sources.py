"""A receipt may stand for several accepted writes (a batch), and erasure finds it by what its answer speaks of."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

from memproject.common.postgres.operations import CommentIndexes


class Migration(migrations.Migration):
    dependencies = [("delivery", "0002_distributed")]

    operations = [
        migrations.RemoveField("receipt", "source_ref"),  # nothing wrote it yet
        migrations.AddField(
            "receipt",
            "sources",
            django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
        ),
        migrations.AddField("receipt", "draft", models.JSONField(null=True)),
        migrations.AddIndex(
            "receipt",
            django.contrib.postgres.indexes.GinIndex(fields=["subjects"], name="delivery_receipt_subjects"),
        ),
        CommentIndexes({"delivery_receipt_subjects": "erasure: which stored answers speak of these memories?"}),
    ]
