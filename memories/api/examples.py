"""Values in the examples of the API documentation."""

from core.http.responses import EXAMPLE_TIME, example_id
from entities.types import EntityRef, MemoryEntities
from memories.types import MemoryRecord

MEMORY_ID = "mem_01890a5dac967b2e8b7c3f0a9d1e2f30"
NEW_MEMORY_ID = "mem_01890a5dac967b2e8b7c3f0a9d1e2f41"
REVIEW_ID = "rvw_01890a5dac967b2e8b7c3f0a9d1e2f42"
EVENT_ID = "evt_01890a5dac967b2e8b7c3f0a9d1e2f31"
RECEIPT_ID = "ers_01890a5dac967b2e8b7c3f0a9d1e2f32"
REVISION_ID = "rev_01890a5dac967b2e8b7c3f0a9d1e2f33"
KEY_ID = "key_01890a5dac967b2e8b7c3f0a9d1e2f34"
ENTITY_IDS = tuple(f"ent_01890a5dac967b2e8b7c3f0a9d1e2f3{n}" for n in (5, 6, 7))
TIME = EXAMPLE_TIME
TEXT = "John works at Google as a senior engineer"
JOHN = EntityRef(example_id(ENTITY_IDS[0]), "John", "PERSON", 0.9)
GOOGLE = EntityRef(example_id(ENTITY_IDS[1]), "Google", "ORG", 0.9)
ENTITIES = MemoryEntities((JOHN, GOOGLE))
MEMORY = MemoryRecord(
    id=example_id(MEMORY_ID),
    content=TEXT,
    user_id="user_123",
    project="default",
    agent_id=None,
    run_id=None,
    metadata={"source": "chat"},
    memory_type="fact",
    pinned=False,
    importance=0.5,
    created_at=TIME,
    updated_at=TIME,
    expires_at=None,
    valid_from=TIME,
    valid_to=None,
)
