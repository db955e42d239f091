"""Signatures that the public library of Standard Webhooks accepts, and secrets of the right form."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from webhooks import signing

BODY = '{"text":"Zoë wohnt in Köln"}'.encode()


def encoded(length: int) -> str:
    return "whsec_" + base64.b64encode(b"k" * length).decode()


@pytest.fixture
def moment() -> dt.datetime:
    """Now, when the test runs: the library takes no message that is five minutes old."""
    return dt.datetime.now(dt.UTC)


def test_the_public_library_accepts_the_signature(moment: dt.datetime) -> None:
    secret = signing.generate()
    headers = signing.headers(secret, "msg_1", moment, BODY)
    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-timestamp"] == str(int(moment.timestamp()))
    assert Webhook(secret).verify(BODY, headers) == {"text": "Zoë wohnt in Köln"}


def test_it_is_the_signature_of_the_specification() -> None:
    """The example of the specification's own libraries."""
    moment = dt.datetime.fromtimestamp(1614265330, dt.UTC)
    headers = signing.headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", moment, b'{"test": 2432232314}'
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("changed", ["body", "webhook-id", "webhook-timestamp"])
def test_whatever_is_changed_breaks_it(changed: str, moment: dt.datetime) -> None:
    secret = signing.generate()
    headers = signing.headers(secret, "msg_1", moment, BODY)
    body = BODY + b" " if changed == "body" else BODY
    if changed == "webhook-id":
        headers[changed] = "msg_2"
    if changed == "webhook-timestamp":
        headers[changed] = str(int(moment.timestamp()) + 1)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)


def test_secrets_differ_and_hold_32_bytes() -> None:
    made = {signing.generate() for _ in range(100)}
    assert len(made) == 100
    assert {len(signing.key_of(secret)) for secret in made} == {32}


@pytest.mark.parametrize("length", [24, 64])
def test_a_given_secret_of_the_right_length_is_taken(length: int) -> None:
    assert signing.key_of(encoded(length)) == b"k" * length


@pytest.mark.parametrize(
    "secret", [encoded(23), encoded(65), "whsec_", "secret", encoded(32)[6:], "whsec_not base64!", "whsec_ä"]
)
def test_any_other_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="must be whsec_ and the base64 of 24 to 64 bytes"):
        signing.key_of(secret)
