"""The tenant of keys that name none, and a word about every index."""

from django.db import migrations

from memproject.common.postgres.operations import CommentIndexes


def add_default_tenant(apps, schema_editor):
    apps.get_model("apikeys", "Tenant").objects.get_or_create(slug="default", defaults={"name": "Default"})


class Migration(migrations.Migration):
    dependencies = [("apikeys", "0001_initial")]

    operations = [
        migrations.RunPython(add_default_tenant, migrations.RunPython.noop),
        CommentIndexes(
            {
                "apikeys_tenant_slug": "a tenant by its short name",
                "apikeys_key_lookup": "authentication: the key that begins a request",
                "apikeys_key_tenant": "keys of a tenant, newest first",
            }
        ),
    ]
