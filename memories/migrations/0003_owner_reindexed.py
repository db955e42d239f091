"""Count how often the words of an owner's passages were indexed again. Reversible."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("memories", "0002_statement_days")]

    operations = [
        migrations.AddField(
            model_name="owner", name="reindexed", field=models.BigIntegerField(db_default=0, default=0)
        ),
    ]
