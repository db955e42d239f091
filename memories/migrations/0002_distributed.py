"""Keys that begin with the tenant, links that can't leave it, vectors stored plain, and a word about every index."""

from django.db import migrations

from memproject.common.postgres.operations import CommentIndexes, TenantKey, TenantLink

TABLES = ("memory", "source", "outcome", "owner", "revision", "passage", "embedding", "usage", "erasure")

# Vectors are read whole and don't compress: kept in the row, a scan doesn't fetch them one by one.
PLAIN_UP = """
ALTER TABLE memories_embedding ALTER COLUMN vector SET STORAGE PLAIN;
"""
PLAIN_DOWN = """
ALTER TABLE memories_embedding ALTER COLUMN vector SET STORAGE EXTERNAL;
"""


class Migration(migrations.Migration):
    dependencies = [("memories", "0001_initial")]

    operations = [
        *(TenantKey(f"memories_{table}") for table in TABLES),
        TenantLink("memories_source", "target_key", "memories_memory"),
        TenantLink("memories_outcome", "source_key", "memories_source", cascade=True),
        TenantLink("memories_outcome", "memory_key", "memories_memory", cascade=True),
        TenantLink("memories_outcome", "replaces_key", "memories_memory"),
        TenantLink("memories_revision", "memory_key", "memories_memory", cascade=True),
        TenantLink("memories_revision", "text_key", "memories_revision"),
        TenantLink("memories_revision", "source_key", "memories_source"),
        TenantLink("memories_passage", "text_key", "memories_revision", cascade=True),
        TenantLink("memories_passage", "memory_key", "memories_memory", cascade=True),
        TenantLink("memories_embedding", "passage_key", "memories_passage", cascade=True),
        TenantLink("memories_usage", "memory_key", "memories_memory", cascade=True),
        migrations.RunSQL(PLAIN_UP, PLAIN_DOWN),
        CommentIndexes(
            {
                "memories_memory_scope": "erasing a scope: its memories, batch by batch",
                "memories_owner_scope": "locking the one row of an owner",
                "memories_source_allocated": "a promised id: GET and DELETE of a memory that is still pending",
                "memories_source_due": "the sweeper: pending writes whose kick_at has passed, over all tenants",
                "memories_source_scope": "recall of pending writes in a scope; erasing a scope",
                "memories_source_target": "is an earlier change of the same memory still pending?",
                "memories_source_expiry": "the clean-up: writes whose text has to go, over all tenants",
                "memories_outcome_order": "what one write decided, in order",
                "memories_outcome_memory": "erasing a memory: the writes that name it",
                "memories_outcome_replaced": "erasing a memory that another one replaced",
                "memories_open_revision": "the last word about a memory; there is one at most",
                "memories_live_text": "is this text live already? exact duplicates in a scope",
                "memories_revision_history": "history of a memory, newest first",
                "memories_live_scope": "recall inside one project of one user",
                "memories_live_user": "list over all projects of a user, newest first",
                "memories_revision_text": "which revisions share a text",
                "memories_revision_source": "which revisions came of a write; erasing writes checks it",
                "memories_revision_expiry": "the clean-up: expired memories, over all tenants",
                "memories_passage_order": "passages of a text, in order",
                "memories_passage_memory": "erasing a memory: its passages",
                "memories_passage_scope": "lexical search inside one project of one user",
                "memories_embedding_of": "the vector of a passage under one model",
                "memories_embedding_scope": "exact vector search inside one project of one user",
                "memories_usage_of": "the counters of a memory",
                "memories_erasure_recent": "receipts of a tenant, newest first",
            }
        ),
    ]
