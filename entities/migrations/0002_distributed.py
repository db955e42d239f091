"""Keys that begin with the tenant, links that can't leave it, the graph's clock, and a word about every index."""

from django.db import migrations

from entities.models.outbox import GRAPH_VERSION_DOWN, GRAPH_VERSION_UP
from memproject.common.postgres.operations import CommentIndexes, TenantKey, TenantLink

TABLES = ("entity", "merge", "entityrevision", "alias", "mention", "relation", "evidence", "graphoutbox")


class Migration(migrations.Migration):
    dependencies = [("entities", "0001_initial"), ("memories", "0002_distributed")]

    operations = [
        *(TenantKey(f"entities_{table}") for table in TABLES),
        TenantLink("entities_merge", "loser_key", "entities_entity", cascade=True),
        TenantLink("entities_merge", "winner_key", "entities_entity", cascade=True),
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
        *(
            TenantLink(f"entities_{table}", "merge_key", "entities_merge")
            for table in ("entityrevision", "alias", "mention", "relation")
        ),
        migrations.RunSQL(GRAPH_VERSION_UP, GRAPH_VERSION_DOWN),
        CommentIndexes(
            {
                "entities_entity_scope": "entities of a scope",
                "entities_merge_winner": "the last merge into an entity, to be split again",
                "entities_merge_loser": "where an entity went; erasing it",
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
            }
        ),
    ]
