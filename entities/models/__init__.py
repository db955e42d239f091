"""Models of entities, their history, and the graph outbox."""

from entities.models.alias import Alias
from entities.models.entity import Entity, EntityRevision, Merge
from entities.models.graph_outbox import GraphOutbox
from entities.models.mention import Mention
from entities.models.relation import Evidence, Relation

__all__ = ["Alias", "Entity", "EntityRevision", "Evidence", "GraphOutbox", "Mention", "Merge", "Relation"]
