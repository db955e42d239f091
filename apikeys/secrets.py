"""Generate, look up and verify API keys. Pure: strings and bytes in, strings and bytes out.

A key is found by the first 16 hex digits of its SHA-256, so any string can be a key. It is verified by an HMAC with a
pepper of the server. Peppers are numbered: new keys use the newest one, old keys keep theirs.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping

PREFIX = "mp_"
LENGTH = 46  # characters: the prefix and 256 bits in base64


def generate() -> str:
    """A new key: prefix and 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def is_generated(key: str) -> bool:
    """Whether the key has the form of a generated one."""
    return key.startswith(PREFIX) and len(key) == LENGTH


def lookup_part(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def digest(key: str, pepper: str) -> bytes:
    return hmac.digest(pepper.encode(), key.encode(), "sha256")


def proves(key: str, stored: bytes, pepper: str) -> bool:
    """Whether `key` has this digest, in constant time."""
    return hmac.compare_digest(digest(key, pepper), stored)


def same(left: str, right: str) -> bool:
    """Whether two secrets are equal, in constant time, whatever their lengths."""
    return hmac.compare_digest(hashlib.sha256(left.encode()).digest(), hashlib.sha256(right.encode()).digest())


def preview(key: str) -> str:
    """The preview in lists: enough to recognise a long key, nothing of a short one."""
    return f"{key[:7]}…{key[-4:]}" if len(key) >= 24 else "…"


def parse_peppers(text: str) -> Mapping[int, str]:
    """`"1:abc,2:def"` → `{1: "abc", 2: "def"}`; the highest number signs new keys.

    Raises ValueError when a part has no number or no pepper.
    """
    peppers: dict[int, str] = {}
    for part in text.split(","):
        number, _, pepper = part.strip().partition(":")
        if not number.isdigit() or not pepper:
            raise ValueError("KEY_PEPPERS is a list of <number>:<pepper>, separated by commas")
        peppers[int(number)] = pepper
    return peppers
