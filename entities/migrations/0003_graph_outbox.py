"""The outbox at work: `due_at` is the lease, as it is of deliveries; what ended is found by its age, or as dead."""

from django.db import migrations, models
from django.db.models import Q

from memproject.common.postgres.operations import CommentIndexes


class Migration(migrations.Migration):
    dependencies = [("entities", "0002_distributed")]

    operations = [
        migrations.AlterModelOptions(
            "graphoutbox",
            {"verbose_name": "change for the graph", "verbose_name_plural": "changes for the graph"},
        ),
        migrations.RemoveConstraint("graphoutbox", "entities_outbox_lease_while_pending"),
        migrations.RemoveField("graphoutbox", "lease_until"),
        migrations.AddIndex(
            "graphoutbox", models.Index(fields=["due_at"], condition=Q(state="done"), name="entities_outbox_old")
        ),
        migrations.AddIndex(
            "graphoutbox", models.Index(fields=["id"], condition=Q(state="dead"), name="entities_outbox_dead")
        ),
        CommentIndexes(
            {
                "entities_outbox_old": "the clean-up of what was drained a day ago, over all tenants",
                "entities_outbox_dead": "what the graph refused, over all tenants: how many, and the admin's list",
            }
        ),
    ]
