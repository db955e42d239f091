"""Models of accepted writes, memories, reviews and receipts, and of the search tables."""

from memories.models.erasure import Erasure
from memories.models.memory import Memory
from memories.models.owner import Owner
from memories.models.passage import Embedding, Passage, TokenEmbedding
from memories.models.project_settings import ProjectSettings
from memories.models.queue import WriteQueue
from memories.models.review import Review
from memories.models.revision import Revision
from memories.models.source import Outcome, Source
from memories.models.usage import Usage

__all__ = [
    "Embedding",
    "Erasure",
    "Memory",
    "Outcome",
    "Owner",
    "Passage",
    "ProjectSettings",
    "Review",
    "Revision",
    "Source",
    "TokenEmbedding",
    "Usage",
    "WriteQueue",
]
