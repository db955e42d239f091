"""The committed weights of the types of names come from the committed data, and the service computes what they say."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

from memories.extraction import name_types
from training.name_types import data
from training.name_types.__main__ import HASHES
from training.name_types.fit import fit, guessed


@pytest.fixture(scope="module")
def rows(model_dir: Path) -> list[data.NameRow]:
    return data.read(model_dir)


def test_the_hashes_are_those_of_data_and_weights() -> None:
    assert json.loads(HASHES.read_text()) == {
        "data": data.digest(),
        "weights": hashlib.sha256(name_types.WEIGHTS.read_bytes()).hexdigest(),
    }


def test_the_weights_come_from_the_data(rows: list[data.NameRow]) -> None:
    again, committed = fit(rows), json.loads(name_types.WEIGHTS.read_text())
    assert again.keys() == committed.keys()
    assert [each for name in committed for each in committed[name]] == pytest.approx(
        [each for name in committed for each in again[name]], abs=2e-3
    )


def test_the_service_guesses_what_the_weights_say(rows: list[data.NameRow]) -> None:
    weights = json.loads(name_types.WEIGHTS.read_text())
    expected = [guessed(weights, row.features) for row in rows]
    assert [name_types.likeliest(row.features)[0] for row in rows] == expected
