"""Values in the examples of the API documentation."""

MEMORY_ID = "mem_01890a5dac967b2e8b7c3f0a9d1e2f30"
NEW_MEMORY_ID = "mem_01890a5dac967b2e8b7c3f0a9d1e2f41"
REVIEW_ID = "rvw_01890a5dac967b2e8b7c3f0a9d1e2f42"
EVENT_ID = "evt_01890a5dac967b2e8b7c3f0a9d1e2f31"
RECEIPT_ID = "ers_01890a5dac967b2e8b7c3f0a9d1e2f32"
REVISION_ID = "rev_01890a5dac967b2e8b7c3f0a9d1e2f33"
ENTITY_IDS = tuple(f"ent_01890a5dac967b2e8b7c3f0a9d1e2f3{n}" for n in (5, 6, 7))
MOMENT = "2026-03-01T10:30:00Z"
TEXT = "John works at Google as a senior engineer"
REVISION = {
    "revision_id": REVISION_ID,
    "content": TEXT,
    "metadata": {"source": "chat"},
    "action": "ADD",
    "actor": "key_01890a5dac967b2e8b7c3f0a9d1e2f34",
    "reason": "",
    "confidence": 1.0,
    "evidence": TEXT + ".",
    "valid_from": MOMENT,
    "valid_to": None,
    "recorded_at": MOMENT,
    "retired_at": None,
}
