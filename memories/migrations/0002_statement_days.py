"""The offset of a statement's timestamp, and the dates that its words mean."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("memories", "0001_initial")]

    operations = [
        migrations.AddField("passage", "utc_offset", models.CharField(blank=True, default="", max_length=6)),
        migrations.AddField("passage", "dates", models.JSONField(default=dict)),
    ]
