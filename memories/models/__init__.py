"""Tables of the product: what was accepted, what was made of it, and what search reads."""

from memories.models.erasure import Erasure
from memories.models.memory import Memory
from memories.models.owner import Owner
from memories.models.passage import Embedding, Passage, TokenEmbedding
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
    "Review",
    "Revision",
    "Source",
    "TokenEmbedding",
    "Usage",
    "WriteQueue",
]
