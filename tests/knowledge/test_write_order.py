"""Writes that are taken together, by workers that are killed, end in the state of the same writes one by one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pprint import pformat
from typing import Any

import numpy as np
import pytest
import time_machine
from hypothesis import HealthCheck, Phase, example, given, note, settings

from core.clock import now
from memories.embeddings.base import Encoded
from memories.embeddings.local import LocalEmbedder
from memories.extraction.extractor import TextExtractor
from memories.types import SourceKind
from tests.knowledge.end_state import EndState
from tests.knowledge.interleaved import World, one_by_one
from tests.knowledge.sequences import USERS, Change, Pass, Request, Step, Store, sequences

EXAMPLES = int(os.environ.get("INTERLEAVINGS", "25"))  # `make chaos` runs 200

# The text of an update is compared with by the stores after it, also where the two texts are not alike.
UPDATED: list[Step] = [
    Request((Store(0, "ann", "My favourite colour is green."),)),
    Pass("ann"),
    Request((Change(1, "ann", SourceKind.UPDATE, 0, None, "I work at Acme."),)),
    Request((Store(2, "ann", "I now work for Globex."),)),
]

worlds: list[World] = []  # the last one is told of the calls of the embedding model


@pytest.fixture(scope="module")
def read_once() -> Iterator[None]:
    """Texts are read and embedded for the first time only, since the examples use few."""
    read, encode = TextExtractor.read, LocalEmbedder.encode
    extractions: dict[Any, Any] = {}
    encoded: dict[str, Any] = {}

    def read_all(self: TextExtractor, items: Any, roles: Any = None) -> Any:
        missing = [item for item in items if (item, roles) not in extractions]
        extractions.update(zip(((item, roles) for item in missing), read(self, missing, roles), strict=True))
        return tuple(extractions[item, roles] for item in items)

    def encode_all(self: LocalEmbedder, texts: Any) -> Encoded:
        worlds[-1].model_called()
        for text in texts:
            if text not in encoded:
                encoded[text] = encode(self, [text])
        pieces = tuple(piece for text in texts for piece in encoded[text].token_embeddings)
        return Encoded(np.concatenate([encoded[text].vectors for text in texts]), pieces)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TextExtractor, "read", read_all)
        patch.setattr(LocalEmbedder, "encode", encode_all)
        yield


@pytest.mark.timeout(1800)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],  # shrinking takes minutes here: an operator of the test does it
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(steps=sequences())
@example(steps=UPDATED)
def test_all_orders_of_work_end_in_the_state_of_one_by_one(no_worker: None, read_once: None, steps: list[Step]) -> None:
    with time_machine.travel(now(), tick=True) as clock:
        world = World(clock)
        worlds[:] = [world]
        for step in steps:
            world.do(step)
        world.drain()
        plain = one_by_one([operation for user in USERS for operation in world.taken[user]], clock)
        for user in USERS:
            kept = EndState(world, user).all()
            kept["writes"] = {label: kept["writes"][label] for label in kept["writes"] if label not in world.erased}
            wanted = EndState(plain, user).all()
            different = {name: (kept[name], wanted[name]) for name in wanted if kept[name] != wanted[name]}
            if different:
                note("\n".join(map(repr, steps)))
                note(f"taken: {world.taken[user]}")
                note(f"(kept, wanted): {pformat(different, width=200)}")
            assert not different
