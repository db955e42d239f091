"""The digest of a text, which identifies duplicates. Pure.

A fact is equal in other white space or another Unicode form. A turn is equal only in the same session, from the same
speaker, with the same `timestamp` and position as the caller sent them.
"""

from __future__ import annotations

import hashlib
import json

from core.unicode import normalize
from memories.types import Fact


def normal(text: str) -> str:
    """NFC, runs of white space as one blank, none at the ends."""
    return " ".join(normalize("NFC", text).split())


def of_text(content: str) -> bytes:
    """The 32 bytes that identify a fact."""
    return hashlib.sha256(b"fact\0" + normal(content).encode()).digest()


def of_text_in(content: str, session: str | None, app_id: str | None) -> bytes:
    """The 32 bytes that identify a fact among those of a session and an app; without them, of a user."""
    if session is None and app_id is None:
        return of_text(content)
    owned = [normal(content), session, app_id]
    return hashlib.sha256(b"owned\0" + json.dumps(owned, ensure_ascii=False).encode()).digest()


def of_fact(fact: Fact, session: str | None) -> bytes:
    """The 32 bytes that identify a fact, or a turn of `session`."""
    if not fact.verbatim:
        return of_text(fact.content)
    turn = [normal(fact.content), session, fact.speaker or fact.role, fact.client_timestamp, fact.position]
    return hashlib.sha256(b"turn\0" + json.dumps(turn, ensure_ascii=False).encode()).digest()
