"""The name of a webhook, which the clients of mem0 give. Reversible."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_initial")]

    operations = [migrations.AddField("webhook", "name", models.CharField(blank=True, default="", max_length=128))]
