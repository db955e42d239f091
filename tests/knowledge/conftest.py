"""Tests of this folder name their caller after what reads the texts."""

from __future__ import annotations

import pytest

from tests.build import Caller


@pytest.fixture
def reader(owner: Caller) -> Caller:
    """Whose texts are read by the rules."""
    return owner
