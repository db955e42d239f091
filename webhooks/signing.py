"""Standard Webhooks (standardwebhooks.com), version 1: secrets, and the headers of a signed message. Pure."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
MIN_BYTES, MAX_BYTES, GENERATED_BYTES = 24, 64, 32


def generate() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(GENERATED_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The bytes of a `whsec_…` secret. Raises ValueError with the expected form."""
    expected = f"must be {PREFIX} and the base64 of {MIN_BYTES} to {MAX_BYTES} bytes"
    if not secret.startswith(PREFIX):
        raise ValueError(expected)
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(expected) from None
    if not MIN_BYTES <= len(key) <= MAX_BYTES:
        raise ValueError(expected)
    return key


def headers(secret: str, message_id: str, moment: dt.datetime, body: bytes) -> dict[str, str]:
    """The three headers. `message_id` is the same for all attempts; the time and the signature are new for each."""
    stamp = str(int(moment.timestamp()))
    signed = f"{message_id}.{stamp}.".encode() + body
    signature = base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}
