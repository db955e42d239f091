"""Runs in the environment of the generated client, not in the tests': stores and recalls by both dialects.

Arguments: the client's folder, the service's URL, a key, a user. Output: one JSON object with the responses.
"""

from __future__ import annotations

import json
import sys
from typing import Any

FOLDER, URL, KEY, USER = sys.argv[1:]
sys.path.insert(0, FOLDER)

from memproject_client import AuthenticatedClient, models  # noqa: E402  (generated into FOLDER)
from memproject_client.api.export import export_memories  # noqa: E402
from memproject_client.api.memories import (  # noqa: E402
    get_memory,
    list_memories,
    recall_memories,
    store_memory,
    v1_add_memories,
    v1_get_memory,
    v1_search_memories,
)


def main() -> dict[str, Any]:
    with AuthenticatedClient(base_url=URL, token=KEY) as client:
        body = models.StoreMemoryRequest(content="Ada builds boats in Bergen", user_id=USER)
        stored = store_memory.sync(client=client, body=body)
        assert isinstance(stored, models.StoreResult), stored
        question = models.RecallMemoriesRequest(query="Where does Ada build boats?", user_id=USER, threshold=0.1)
        message = models.MessageRequest(role="user", content="Bob teaches chess in Oslo")
        added = v1_add_memories.sync(
            client=client, body=models.V1AddMemoriesRequest(messages=[message], user_id=f"{USER}-v1")
        )
        assert isinstance(added, models.V1AddResultEnvelope), added
        return {
            "stored": stored.to_dict(),
            "recalled": recall_memories.sync(client=client, body=question).to_dict(),
            "listed": list_memories.sync(client=client, user_id=USER).to_dict(),
            "exported": export_memories.sync(client=client, user_id=USER),
            "missing": get_memory.sync("mem_" + "0" * 32, client=client).to_dict(),
            "added": added.to_dict(),
            "found": v1_search_memories.sync(
                client=client, query="Where does Bob teach chess?", user_id=f"{USER}-v1"
            ).to_dict(),
            "memory": v1_get_memory.sync(added.data.id, client=client).to_dict(),
        }


sys.stdout.write(json.dumps(main()))
