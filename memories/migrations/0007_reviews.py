"""The review queue: pairs of memories with a proposal that an editor accepts or rejects."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import memproject.common.clock
import memproject.common.ids
from memproject.common.postgres.operations import CommentIndexes, TenantKey, TenantLink

PROPOSALS = ["supersede", "negate", "duplicate", "extend"]
STATES = ["open", "accepted", "rejected", "obsolete"]


class Migration(migrations.Migration):
    dependencies = [("apikeys", "0003_rate_limits"), ("memories", "0006_write_queue")]

    operations = [
        migrations.CreateModel(
            name="Review",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=memproject.common.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
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
                ("proposal", models.CharField(choices=[(p, p) for p in PROPOSALS], max_length=9)),
                ("probability", models.FloatField()),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("state", models.CharField(choices=[(s, s) for s in STATES], default="open", max_length=8)),
                ("decided_by", models.CharField(max_length=64, null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=memproject.common.clock.now)),
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
                    models.CheckConstraint(condition=Q(proposal__in=PROPOSALS), name="memories_review_proposal"),
                    models.CheckConstraint(condition=Q(state__in=STATES), name="memories_review_state"),
                    models.CheckConstraint(condition=Q(probability__range=(0, 1)), name="memories_review_probability"),
                    models.CheckConstraint(
                        condition=Q(state="open", decided_at=None) | (~Q(state="open") & Q(decided_at__isnull=False)),
                        name="memories_review_decided",
                    ),
                ],
            },
        ),
        TenantKey("memories_review"),
        TenantLink("memories_review", "old_key", "memories_memory", cascade=True),
        TenantLink("memories_review", "new_key", "memories_memory", cascade=True),
        migrations.AddConstraint(
            "review",
            models.UniqueConstraint(
                fields=["tenant", "old_key", "new_key"], condition=Q(state="open"), name="memories_review_open_pair"
            ),
        ),
        migrations.AddIndex(
            "review", models.Index(fields=["tenant", "user_id", "state", "-id"], name="memories_review_list")
        ),
        migrations.AddIndex("review", models.Index(fields=["tenant", "old_key"], name="memories_review_old")),
        migrations.AddIndex("review", models.Index(fields=["tenant", "new_key"], name="memories_review_new")),
        CommentIndexes(
            {
                "memories_review_open_pair": "a pass: at most one open review of a pair",
                "memories_review_list": "the review queue of a user by state, newest first",
                "memories_review_old": "erasing or ending a memory; its history: reviews in which it is the old one",
                "memories_review_new": "erasing or ending a memory; its history: reviews in which it is the new one",
            }
        ),
    ]
