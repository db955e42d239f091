"""Entities, what memories state of them, and the graph's outbox: keys and links that begin with the tenant."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import core.clock
import core.ids
from core.postgres.operations import CommentIndexes, TenantKey, TenantLink
from entities.models.graph_outbox import GRAPH_VERSION_DOWN, GRAPH_VERSION_UP


class Migration(migrations.Migration):
    initial = True
    dependencies = [("apikeys", "0001_initial"), ("memories", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Entity",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("project", models.CharField(max_length=128)),
                ("user_id", models.CharField(max_length=128)),
                ("created_at", models.DateTimeField(default=core.clock.now)),
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
                "verbose_name_plural": "entities",
            },
        ),
        migrations.CreateModel(
            name="GraphOutbox",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=16)),
                ("object_id", models.UUIDField()),
                ("version", models.BigIntegerField()),
                ("is_deleted", models.BooleanField(default=False)),
                ("state", models.CharField(default="pending", max_length=8)),
                ("due_at", models.DateTimeField(default=core.clock.now)),
                ("lease_until", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("failure", models.CharField(blank=True, max_length=64)),
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
        ),
        migrations.CreateModel(
            name="Merge",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("source_key", models.UUIDField()),
                ("target_key", models.UUIDField()),
                ("actor", models.CharField(max_length=64)),
                ("recorded_at", models.DateTimeField(default=core.clock.now)),
                ("undone_at", models.DateTimeField(null=True)),
                (
                    "source",
                    models.ForeignObject(
                        from_fields=("tenant", "source_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="entities.entity",
                        to_fields=("tenant", "id"),
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="apikeys.tenant",
                    ),
                ),
                (
                    "target",
                    models.ForeignObject(
                        from_fields=("tenant", "target_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="entities.entity",
                        to_fields=("tenant", "id"),
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Mention",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("entity_key", models.UUIDField()),
                ("memory_key", models.UUIDField()),
                ("confidence", models.FloatField(default=1.0)),
                ("merge_key", models.UUIDField(null=True)),
                ("recorded_at", models.DateTimeField(default=core.clock.now)),
                ("retired_at", models.DateTimeField(null=True)),
                (
                    "entity",
                    models.ForeignObject(
                        from_fields=("tenant", "entity_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="mentions",
                        to="entities.entity",
                        to_fields=("tenant", "id"),
                    ),
                ),
                (
                    "memory",
                    models.ForeignObject(
                        from_fields=("tenant", "memory_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="memories.memory",
                        to_fields=("tenant", "id"),
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="apikeys.tenant",
                    ),
                ),
                (
                    "merge",
                    models.ForeignObject(
                        from_fields=("tenant", "merge_key"),
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="entities.merge",
                        to_fields=("tenant", "id"),
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="EntityRevision",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("entity_key", models.UUIDField()),
                ("project", models.CharField(max_length=128)),
                ("user_id", models.CharField(max_length=128)),
                ("name", models.CharField(max_length=512)),
                ("type", models.CharField(max_length=16)),
                ("normalised", models.CharField(max_length=512)),
                ("disambiguator", models.PositiveSmallIntegerField(default=0)),
                ("confidence", models.FloatField(default=1.0)),
                ("merged_into_key", models.UUIDField(null=True)),
                ("merge_key", models.UUIDField(null=True)),
                ("actor", models.CharField(max_length=64)),
                ("recorded_at", models.DateTimeField(default=core.clock.now)),
                ("retired_at", models.DateTimeField(null=True)),
                (
                    "entity",
                    models.ForeignObject(
                        from_fields=("tenant", "entity_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="revisions",
                        to="entities.entity",
                        to_fields=("tenant", "id"),
                    ),
                ),
                (
                    "merged_into",
                    models.ForeignObject(
                        from_fields=("tenant", "merged_into_key"),
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="entities.entity",
                        to_fields=("tenant", "id"),
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="apikeys.tenant",
                    ),
                ),
                (
                    "merge",
                    models.ForeignObject(
                        from_fields=("tenant", "merge_key"),
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="entities.merge",
                        to_fields=("tenant", "id"),
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Alias",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("entity_key", models.UUIDField()),
                ("name", models.CharField(max_length=512)),
                ("normalised", models.CharField(max_length=512)),
                ("merge_key", models.UUIDField(null=True)),
                ("recorded_at", models.DateTimeField(default=core.clock.now)),
                ("retired_at", models.DateTimeField(null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="apikeys.tenant",
                    ),
                ),
                (
                    "entity",
                    models.ForeignObject(
                        from_fields=("tenant", "entity_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="aliases",
                        to="entities.entity",
                        to_fields=("tenant", "id"),
                    ),
                ),
                (
                    "merge",
                    models.ForeignObject(
                        from_fields=("tenant", "merge_key"),
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="entities.merge",
                        to_fields=("tenant", "id"),
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "aliases",
            },
        ),
        migrations.CreateModel(
            name="Relation",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("project", models.CharField(max_length=128)),
                ("user_id", models.CharField(max_length=128)),
                ("source_key", models.UUIDField()),
                ("target_key", models.UUIDField()),
                ("type", models.CharField(max_length=32)),
                ("properties", models.JSONField(default=dict)),
                ("confidence", models.FloatField(default=1.0)),
                ("valid_from", models.DateTimeField(null=True)),
                ("valid_to", models.DateTimeField(null=True)),
                ("merge_key", models.UUIDField(null=True)),
                ("recorded_at", models.DateTimeField(default=core.clock.now)),
                ("retired_at", models.DateTimeField(null=True)),
                (
                    "merge",
                    models.ForeignObject(
                        from_fields=("tenant", "merge_key"),
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="entities.merge",
                        to_fields=("tenant", "id"),
                    ),
                ),
                (
                    "source",
                    models.ForeignObject(
                        from_fields=("tenant", "source_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="relations_out",
                        to="entities.entity",
                        to_fields=("tenant", "id"),
                    ),
                ),
                (
                    "target",
                    models.ForeignObject(
                        from_fields=("tenant", "target_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="relations_in",
                        to="entities.entity",
                        to_fields=("tenant", "id"),
                    ),
                ),
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
        ),
        migrations.CreateModel(
            name="Evidence",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("relation_key", models.UUIDField(null=True)),
                ("alias_key", models.UUIDField(null=True)),
                ("memory_key", models.UUIDField()),
                ("recorded_at", models.DateTimeField(default=core.clock.now)),
                ("retired_at", models.DateTimeField(null=True)),
                (
                    "alias",
                    models.ForeignObject(
                        from_fields=("tenant", "alias_key"),
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="evidence",
                        to="entities.alias",
                        to_fields=("tenant", "id"),
                    ),
                ),
                (
                    "memory",
                    models.ForeignObject(
                        from_fields=("tenant", "memory_key"),
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="memories.memory",
                        to_fields=("tenant", "id"),
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="apikeys.tenant",
                    ),
                ),
                (
                    "relation",
                    models.ForeignObject(
                        from_fields=("tenant", "relation_key"),
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="evidence",
                        to="entities.relation",
                        to_fields=("tenant", "id"),
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "evidence",
            },
        ),
        migrations.AddIndex(
            model_name="entity",
            index=models.Index(fields=["tenant", "project", "user_id"], name="entities_entity_scope"),
        ),
        migrations.AddIndex(
            model_name="graphoutbox",
            index=models.Index(condition=models.Q(("state", "pending")), fields=["due_at"], name="entities_outbox_due"),
        ),
        migrations.AddConstraint(
            model_name="graphoutbox",
            constraint=models.UniqueConstraint(fields=("tenant", "kind", "object_id"), name="entities_outbox_object"),
        ),
        migrations.AddConstraint(
            model_name="graphoutbox",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["pending", "done", "dead"])), name="entities_outbox_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="graphoutbox",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "pending"), ("lease_until", None), _connector="OR"),
                name="entities_outbox_lease_while_pending",
            ),
        ),
        migrations.AddIndex(
            model_name="merge",
            index=models.Index(fields=["tenant", "target_key", "-recorded_at"], name="entities_merge_target"),
        ),
        migrations.AddIndex(
            model_name="merge",
            index=models.Index(fields=["tenant", "source_key"], name="entities_merge_source"),
        ),
        migrations.AddIndex(
            model_name="mention",
            index=models.Index(fields=["tenant", "memory_key"], name="entities_mention_memory"),
        ),
        migrations.AddIndex(
            model_name="mention",
            index=models.Index(fields=["tenant", "entity_key"], name="entities_mention_entity"),
        ),
        migrations.AddIndex(
            model_name="mention",
            index=models.Index(fields=["tenant", "merge_key"], name="entities_mention_merge"),
        ),
        migrations.AddConstraint(
            model_name="mention",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retired_at", None)),
                fields=("tenant", "entity_key", "memory_key"),
                name="entities_live_mention",
            ),
        ),
        migrations.AddConstraint(
            model_name="mention",
            constraint=models.CheckConstraint(
                condition=models.Q(("confidence__range", (0, 1))), name="entities_mention_confidence"
            ),
        ),
        migrations.AddIndex(
            model_name="entityrevision",
            index=models.Index(fields=["tenant", "entity_key", "-recorded_at"], name="entities_revision_history"),
        ),
        migrations.AddIndex(
            model_name="entityrevision",
            index=models.Index(fields=["tenant", "merged_into_key"], name="entities_revision_merged"),
        ),
        migrations.AddIndex(
            model_name="entityrevision",
            index=models.Index(fields=["tenant", "merge_key"], name="entities_revision_merge"),
        ),
        migrations.AddConstraint(
            model_name="entityrevision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("merged_into_key", None), ("retired_at", None)),
                fields=("tenant", "project", "user_id", "type", "normalised", "disambiguator"),
                name="entities_live_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="entityrevision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retired_at", None)), fields=("tenant", "entity_key"), name="entities_open_revision"
            ),
        ),
        migrations.AddConstraint(
            model_name="entityrevision",
            constraint=models.CheckConstraint(
                condition=models.Q(("confidence__range", (0, 1))), name="entities_revision_confidence"
            ),
        ),
        migrations.AddIndex(
            model_name="alias",
            index=models.Index(fields=["tenant", "normalised"], name="entities_alias_name"),
        ),
        migrations.AddIndex(
            model_name="alias",
            index=models.Index(fields=["tenant", "entity_key"], name="entities_alias_entity"),
        ),
        migrations.AddIndex(
            model_name="alias",
            index=models.Index(fields=["tenant", "merge_key"], name="entities_alias_merge"),
        ),
        migrations.AddConstraint(
            model_name="alias",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retired_at", None)),
                fields=("tenant", "entity_key", "normalised"),
                name="entities_live_alias",
            ),
        ),
        migrations.AddIndex(
            model_name="relation",
            index=models.Index(fields=["tenant", "source_key"], name="entities_relation_source"),
        ),
        migrations.AddIndex(
            model_name="relation",
            index=models.Index(fields=["tenant", "target_key"], name="entities_relation_target"),
        ),
        migrations.AddIndex(
            model_name="relation",
            index=models.Index(fields=["tenant", "project", "user_id"], name="entities_relation_scope"),
        ),
        migrations.AddIndex(
            model_name="relation",
            index=models.Index(fields=["tenant", "merge_key"], name="entities_relation_merge"),
        ),
        migrations.AddConstraint(
            model_name="relation",
            constraint=models.CheckConstraint(
                condition=models.Q(("confidence__range", (0, 1))), name="entities_relation_confidence"
            ),
        ),
        migrations.AddConstraint(
            model_name="relation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_to", None), ("valid_from", None), ("valid_to__gte", models.F("valid_from")), _connector="OR"
                ),
                name="entities_relation_validity",
            ),
        ),
        migrations.AddIndex(
            model_name="evidence",
            index=models.Index(fields=["tenant", "memory_key"], name="entities_evidence_memory"),
        ),
        migrations.AddIndex(
            model_name="evidence",
            index=models.Index(fields=["tenant", "relation_key"], name="entities_evidence_relation"),
        ),
        migrations.AddIndex(
            model_name="evidence",
            index=models.Index(fields=["tenant", "alias_key"], name="entities_evidence_alias"),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("alias_key__isnull", False), ("relation_key", None)),
                    models.Q(("alias_key", None), ("relation_key__isnull", False)),
                    _connector="OR",
                ),
                name="entities_evidence_of_one",
            ),
        ),
        migrations.AlterModelOptions(
            name="graphoutbox",
            options={"verbose_name": "graph outbox entry", "verbose_name_plural": "graph outbox entries"},
        ),
        migrations.RemoveConstraint(
            model_name="graphoutbox",
            name="entities_outbox_lease_while_pending",
        ),
        migrations.RemoveField(
            model_name="graphoutbox",
            name="lease_until",
        ),
        migrations.AddIndex(
            model_name="graphoutbox",
            index=models.Index(condition=models.Q(("state", "done")), fields=["due_at"], name="entities_outbox_old"),
        ),
        migrations.AddIndex(
            model_name="graphoutbox",
            index=models.Index(condition=models.Q(("state", "dead")), fields=["id"], name="entities_outbox_dead"),
        ),
        migrations.AddField(
            model_name="entityrevision",
            name="candidates",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
        ),
        migrations.AddField(
            model_name="evidence",
            name="properties",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="evidence",
            name="merge_key",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="evidence",
            name="merge",
            field=models.ForeignObject(
                from_fields=("tenant", "merge_key"),
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="entities.merge",
                to_fields=("tenant", "id"),
            ),
        ),
        migrations.AddIndex(
            model_name="evidence",
            index=models.Index(fields=["tenant", "merge_key"], name="entities_evidence_merge"),
        ),
        migrations.AddField(
            model_name="mention",
            name="type",
            field=models.CharField(default="", max_length=16),
        ),
        migrations.AddField(
            model_name="mention",
            name="qualifier",
            field=models.CharField(default="", max_length=64),
        ),
        TenantKey("entities_entity"),
        TenantKey("entities_merge"),
        TenantKey("entities_entityrevision"),
        TenantKey("entities_alias"),
        TenantKey("entities_mention"),
        TenantKey("entities_relation"),
        TenantKey("entities_evidence"),
        TenantKey("entities_graphoutbox"),
        TenantLink("entities_merge", "source_key", "entities_entity", cascade=True),
        TenantLink("entities_merge", "target_key", "entities_entity", cascade=True),
        TenantLink("entities_entityrevision", "entity_key", "entities_entity", cascade=True),
        TenantLink("entities_entityrevision", "merged_into_key", "entities_entity"),
        TenantLink("entities_alias", "entity_key", "entities_entity", cascade=True),
        TenantLink("entities_mention", "entity_key", "entities_entity", cascade=True),
        TenantLink("entities_mention", "memory_key", "memories_memory", cascade=True),
        TenantLink("entities_relation", "source_key", "entities_entity", cascade=True),
        TenantLink("entities_relation", "target_key", "entities_entity", cascade=True),
        TenantLink("entities_evidence", "relation_key", "entities_relation", cascade=True),
        TenantLink("entities_evidence", "alias_key", "entities_alias", cascade=True),
        TenantLink("entities_evidence", "memory_key", "memories_memory", cascade=True),
        TenantLink("entities_entityrevision", "merge_key", "entities_merge"),
        TenantLink("entities_alias", "merge_key", "entities_merge"),
        TenantLink("entities_mention", "merge_key", "entities_merge"),
        TenantLink("entities_relation", "merge_key", "entities_merge"),
        migrations.RunSQL(GRAPH_VERSION_UP, GRAPH_VERSION_DOWN),
        TenantLink("entities_evidence", "merge_key", "entities_merge"),
        CommentIndexes(
            {
                "entities_entity_scope": "entities of a scope",
                "entities_merge_target": "the last merge into an entity, to be split again",
                "entities_merge_source": "where an entity went; erasing it",
                "entities_live_name": "find or create: one live entity by type, name and disambiguator",
                "entities_open_revision": "the last word about an entity; there is one at most",
                "entities_revision_history": "what an entity was called, newest first",
                "entities_revision_merged": "which entities were merged into this one",
                "entities_revision_merge": "what a merge changed, to be split again",
                "entities_live_alias": "one live alias of an entity by its name",
                "entities_alias_name": "whose alias is this name?",
                "entities_alias_entity": "aliases of an entity",
                "entities_alias_merge": "what a merge changed, to be split again",
                "entities_live_mention": "one live mention of an entity by a memory",
                "entities_mention_memory": "entities of a memory; erasing it",
                "entities_mention_entity": "memories of an entity",
                "entities_mention_merge": "what a merge changed, to be split again",
                "entities_relation_source": "relations that go out from an entity",
                "entities_relation_target": "relations that come in to an entity",
                "entities_relation_scope": "the graph of a scope",
                "entities_relation_merge": "what a merge changed, to be split again",
                "entities_evidence_memory": "what a memory states; erasing it",
                "entities_evidence_relation": "who states a relation",
                "entities_evidence_alias": "who states an alias",
                "entities_outbox_object": "the one row of an object, to be replaced by a newer version",
                "entities_outbox_due": "the drain: pending rows whose time has come, over all tenants",
                "entities_outbox_old": "the clean-up of what was drained a day ago, over all tenants",
                "entities_outbox_dead": "what the graph refused, over all tenants: how many, and the admin's list",
                "entities_evidence_merge": "what a merge changed, to be split again",
            }
        ),
    ]
