"""Migration operations that make a table distributable by tenant (docs/architecture.md, "Made to be distributed").

All are reversible. Names are constants of the migration files, never input.
"""

from __future__ import annotations

from django.db.migrations.operations import RunSQL

KEY_UP = """
ALTER TABLE {table} DROP CONSTRAINT {table}_pkey, ADD CONSTRAINT {table}_pkey PRIMARY KEY (tenant_id, id);
CREATE INDEX {table}_id ON {table} (id);
COMMENT ON INDEX {table}_pkey IS 'one row of a tenant by its id; target of every composite link';
COMMENT ON INDEX {table}_id IS 'the admin''s look-up by id over all tenants';
"""
KEY_DOWN = """
DROP INDEX {table}_id;
ALTER TABLE {table} DROP CONSTRAINT {table}_pkey, ADD CONSTRAINT {table}_pkey PRIMARY KEY (id);
"""

LINK_UP = """
ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (tenant_id, {column}) REFERENCES {target} (tenant_id, id)
ON DELETE {on_delete} DEFERRABLE INITIALLY DEFERRED;
"""
LINK_DOWN = "ALTER TABLE {table} DROP CONSTRAINT {name};"

COMMENT = "COMMENT ON INDEX {index} IS '{text}';"


class TenantKey(RunSQL):
    """Replaces the primary key of `table` by `(tenant_id, id)` and keeps a plain index on `id`."""

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(KEY_UP.format(table=table), KEY_DOWN.format(table=table))

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        return self.__class__.__qualname__, [self.table], {}


class TenantLink(RunSQL):
    """A composite foreign key `(tenant_id, column)` to `target`, so that no row can refer to another tenant.

    `cascade` is for rows that are a part of their target; without it the target cannot be deleted first.
    """

    def __init__(self, table: str, column: str, target: str, *, cascade: bool = False) -> None:
        self.args = (table, column, target)
        self.cascade = cascade
        names = {
            "table": table,
            "column": column,
            "target": target,
            "name": f"{table}_{column}_link",
            "on_delete": "CASCADE" if cascade else "NO ACTION",
        }
        super().__init__(LINK_UP.format(**names), LINK_DOWN.format(**names))

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        return self.__class__.__qualname__, list(self.args), {"cascade": self.cascade}


class CommentIndexes(RunSQL):
    """Comments each index with its query; a shape test requires a comment for every index."""

    def __init__(self, comments: dict[str, str]) -> None:
        self.comments = comments
        up = "\n".join(COMMENT.format(index=i, text=t.replace("'", "''")) for i, t in comments.items())
        super().__init__(up, RunSQL.noop)

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        return self.__class__.__qualname__, [self.comments], {}
