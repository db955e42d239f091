"""Each mention keeps the type and the qualifier that its memory gives: they are voted on, and go with the memory."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("entities", "0004_knowledge")]

    operations = [
        migrations.AddField("mention", "type", models.CharField(max_length=16, default="")),
        migrations.AddField("mention", "qualifier", models.CharField(max_length=64, default="")),
    ]
