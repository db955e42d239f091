"""Word lists by language, as TOML files. They are read once, when a module that needs them is imported."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def load(name: str) -> dict[str, Any]:
    """The tables of `name`.toml."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def words(text: str) -> list[str]:
    """The words of a list without phrases."""
    return text.split()


def phrases(text: str) -> list[str]:
    """The phrases of a list, separated by commas; a line break inside a phrase is a space."""
    return [" ".join(phrase.split()) for phrase in text.split(",") if phrase.strip()]
