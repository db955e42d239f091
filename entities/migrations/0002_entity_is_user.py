"""Which entity of an owner is its user, for the names in questions."""

from django.db import migrations, models

from core.postgres.operations import CommentIndexes

MARK = """
UPDATE entities_entity e SET is_user = true
FROM entities_alias a
WHERE a.tenant_id = e.tenant_id AND a.entity_key = e.id AND a.normalised = 'user'
"""


class Migration(migrations.Migration):
    dependencies = [("entities", "0001_initial")]

    operations = [
        migrations.AddField("entity", "is_user", models.BooleanField(default=False)),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
        migrations.AddIndex(
            "entity",
            models.Index(
                condition=models.Q(("is_user", True)),
                fields=["tenant", "project", "user_id"],
                name="entities_entity_user",
            ),
        ),
        CommentIndexes({"entities_entity_user": "recall: the names of a user"}),
    ]
