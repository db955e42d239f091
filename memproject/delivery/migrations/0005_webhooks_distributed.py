"""Keys that begin with the tenant, the link that can't leave it, and a word about every index."""

from django.db import migrations

from memproject.common.postgres.operations import CommentIndexes, TenantKey, TenantLink


class Migration(migrations.Migration):
    dependencies = [("delivery", "0004_webhooks")]

    operations = [
        TenantKey("delivery_webhook"),
        TenantKey("delivery_delivery"),
        TenantLink("delivery_delivery", "webhook_key", "delivery_webhook", cascade=True),
        CommentIndexes(
            {
                "delivery_webhook_active": "emit: who of this tenant is to be told?",
                "delivery_delivery_due": "claiming deliveries whose next try has come, over all tenants",
                "delivery_delivery_of": "deliveries of a webhook, newest first; disabling or deleting it",
                "delivery_delivery_scope": "erasing a user or a project: messages that were not sent yet",
                "delivery_delivery_subjects": "erasing memories: messages about them that were not sent yet",
                "delivery_delivery_age": "the clean-up: deliveries that ended long ago, over all tenants",
            }
        ),
    ]
