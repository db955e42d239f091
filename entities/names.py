"""What makes two names the same. Pure."""

from __future__ import annotations

import unicodedata


def normal(name: str) -> str:
    """NFKC, case folded, runs of white space as one blank: `" Müller  AG"` → `"müller ag"`."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
