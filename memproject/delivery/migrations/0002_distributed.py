"""Keys that begin with the tenant, and a word about every index."""

from django.db import migrations

from memproject.common.postgres.operations import CommentIndexes, TenantKey


class Migration(migrations.Migration):
    dependencies = [("delivery", "0001_initial")]

    operations = [
        TenantKey("delivery_receipt"),
        CommentIndexes(
            {
                "delivery_receipt_key": "what was this Idempotency-Key answered?",
                "delivery_receipt_age": "the clean-up: old receipts, over all tenants",
            }
        ),
    ]
