"""Failed writes are few among many: counted at each scrape, and listed for operators, without reading the others."""

from django.db import migrations, models
from django.db.models import Q

from memproject.common.postgres.operations import CommentIndexes


class Migration(migrations.Migration):
    dependencies = [("memories", "0002_distributed")]

    operations = [
        migrations.AlterModelOptions("source", {"verbose_name": "accepted write"}),
        migrations.AddIndex(
            "source",
            models.Index(fields=["id"], condition=Q(state="failed", blanked_at=None), name="memories_source_failed"),
        ),
        CommentIndexes(
            {"memories_source_failed": "failed writes over all tenants: how many, and the admin's list of them"}
        ),
    ]
