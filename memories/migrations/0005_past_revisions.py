"""Reads of the past find what is no longer a memory's last word, by whose it was."""

from django.db import migrations, models
from django.db.models import Q

from memproject.common.postgres.operations import CommentIndexes


class Migration(migrations.Migration):
    dependencies = [("memories", "0004_recall_ranking")]

    operations = [
        migrations.AddIndex(
            "revision",
            models.Index(
                fields=["tenant", "user_id", "retired_at"],
                condition=Q(retired_at__isnull=False),
                name="memories_past_user",
            ),
        ),
        CommentIndexes({"memories_past_user": "what was known of a user at an earlier time (as_of)"}),
    ]
