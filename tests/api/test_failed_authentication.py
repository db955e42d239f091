"""Failed authentication is limited by address: API keys by django-ratelimit, logins of the admin by django-axes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.conf import settings as configured
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from redis.exceptions import ConnectionError as RedisGone

from apikeys import services
from memproject.management.commands import prepare
from tests import leaks
from tests.api.test_metrics import TOKEN, Grew
from tests.build import caller

START = dt.datetime(2026, 3, 1, 10, 0, 0, tzinfo=dt.UTC)
HOME, ATTACKER = "203.0.113.7", "198.51.100.9"
MEMORIES = "/api/v1/memories"
PASSWORD = "a-long-password-of-the-operator"
LOGIN = "/admin/login/?next=/admin/"


@pytest.fixture
def clock(eager: None, settings: Any) -> Iterator[time_machine.Coordinates]:
    """Limits are on, three failures a minute, and no key was accepted before."""
    settings.RATE_LIMITS_ENABLED = True
    settings.RATE_LIMITS_FAILED_KEYS = "3/m"
    settings.METRICS_TOKEN = TOKEN
    caches["process"].clear()
    with time_machine.travel(START, tick=False) as coordinates:
        yield coordinates


def ask(key: str | None, path: str = MEMORIES, address: str = HOME, **headers: str) -> HttpResponse:
    leaks.net.remember(key or "")
    sent = headers if key is None else {"X-API-Key": key, **headers}
    return Client(REMOTE_ADDR=address).get(path, headers=sent)


def statuses(*answers: HttpResponse) -> list[int]:
    return [answer.status_code for answer in answers]


def use_up(address: str = HOME) -> None:
    assert statuses(*(ask(f"a-wrong-key-{n}", address=address) for n in range(3))) == [401] * 3


# --- keys ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "code"),
    [(MEMORIES, "rate_limit_exceeded"), ("/v1/memories/search?query=x", "RATE_LIMIT_EXCEEDED"), ("/metrics", None)],
)
def test_after_three_wrong_keys_an_address_has_to_wait(
    clock: time_machine.Coordinates, path: str, code: str | None
) -> None:
    assert statuses(*(ask(f"a-wrong-key-{n}", path) for n in range(3))) == [401] * 3
    refused = ask("another-wrong-key", path)
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == (code or "RATE_LIMIT_EXCEEDED")
    wait = int(refused["Retry-After"])
    assert 1 <= wait <= 61
    assert refused.json()["error"]["details"] == {"limit": 3, "retry_after": wait}
    assert ask("a-wrong-key", path, ATTACKER).status_code == 401
    clock.shift(wait)
    assert ask("another-wrong-key", path).status_code == 401


def test_a_key_is_not_looked_up_any_more(clock: time_machine.Coordinates, django_assert_num_queries: Any) -> None:
    use_up()
    with django_assert_num_queries(0):
        assert ask("another-wrong-key").status_code == 429


@pytest.mark.parametrize("process", ["the same", "another"])
def test_a_key_that_was_accepted_from_there_goes_on(clock: time_machine.Coordinates, process: str) -> None:
    keys = [caller().secret, configured.MASTER_KEY]
    assert statuses(*map(ask, keys)) == [200, 200]
    assert ask(TOKEN, "/metrics").status_code == 200
    use_up()
    assert ask("another-wrong-key").status_code == 429
    if process == "another":
        caches["process"].clear()
    assert statuses(*map(ask, keys)) == [200, 200]
    assert ask(TOKEN, "/metrics").status_code == 200


def test_a_guess_is_not_tested_any_more(clock: time_machine.Coordinates) -> None:
    """A right key tells an attacker nothing: it was accepted from elsewhere, not from there."""
    key = caller().secret
    assert ask(key).status_code == 200
    use_up(ATTACKER)
    refused = ask(key, address=ATTACKER)
    assert refused.status_code == 429
    assert ask(key).status_code == 200
    clock.shift(int(refused["Retry-After"]))
    assert ask(key, address=ATTACKER).status_code == 200


def test_only_failures_count(clock: time_machine.Coordinates) -> None:
    key = caller().secret
    assert statuses(*(ask(key) for _ in range(9))) == [200] * 9
    use_up()


def test_a_key_that_was_revoked_counts_and_is_forgotten(clock: time_machine.Coordinates) -> None:
    agent = caller()
    assert ask(agent.secret).status_code == 200
    services.revoke(agent.row.id)
    assert statuses(*(ask(agent.secret) for _ in range(4))) == [401, 401, 401, 429]


def test_without_a_key_nothing_is_tested_and_nothing_counts(clock: time_machine.Coordinates) -> None:
    assert statuses(*(ask(None) for _ in range(9))) == [401] * 9
    use_up()
    assert (ask(None).status_code, ask(None, "/health").status_code) == (401, 200)


def test_switched_off_there_is_no_limit(clock: time_machine.Coordinates, settings: Any) -> None:
    settings.RATE_LIMITS_ENABLED = False
    assert statuses(*(ask("a-wrong-key") for _ in range(9))) == [401] * 9


def test_without_redis_it_says_so_and_fails_nobody(
    clock: time_machine.Coordinates, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise RedisGone

    key = caller().secret
    uncounted = Grew("failed_authentications_total", outcome="not_counted")
    for act in ("add", "get", "set", "incr"):
        monkeypatch.setattr(f"django_redis.client.DefaultClient.{act}", gone)
    assert statuses(*(ask("a-wrong-key") for _ in range(9))) == [401] * 9
    assert uncounted.by() == 18  # neither the look before nor the count after
    assert "failed authentication cannot be counted" in caplog.text
    assert ask(key).status_code == 200


def test_failures_and_refusals_have_numbers(clock: time_machine.Coordinates) -> None:
    failed, limited = (Grew("failed_authentications_total", outcome=o) for o in ("unauthenticated", "limited"))
    use_up()
    assert statuses(ask("another-wrong-key"), ask("another-wrong-key")) == [429, 429]
    assert (failed.by(), limited.by()) == (3, 2)


# --- addresses -------------------------------------------------------------------------------------------------------
def test_a_callers_own_header_names_no_address(clock: time_machine.Coordinates) -> None:
    sent = [ask("a-wrong-key", X_Forwarded_For=f"192.0.2.{n}") for n in range(4)]
    assert statuses(*sent) == [401, 401, 401, 429]


def test_behind_a_trusted_proxy_the_last_address_counts(clock: time_machine.Coordinates, settings: Any) -> None:
    settings.BEHIND_TLS_PROXY = True
    proxy = "127.0.0.1"
    made_up = [ask("a-wrong-key", address=proxy, X_Forwarded_For=f"192.0.2.{n}, {ATTACKER}") for n in range(4)]
    assert statuses(*made_up) == [401, 401, 401, 429]
    assert ask("a-wrong-key", address=proxy, X_Forwarded_For=f"{ATTACKER}, {HOME}").status_code == 401
    assert ask("a-wrong-key", address=proxy, X_Forwarded_For=f"{ATTACKER}:4711").status_code == 429


@pytest.mark.parametrize(
    "addresses",
    [
        ["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::1", "2001:db8:1:2:3:4:5:6"],
        ["::ffff:198.51.100.9", ATTACKER, ATTACKER, ATTACKER],
        ["", "", "", ""],
    ],
    ids=["a network of IPv6", "IPv4 inside IPv6", "a Unix socket"],
)
def test_these_are_one_address(clock: time_machine.Coordinates, addresses: list[str]) -> None:
    assert statuses(*(ask("a-wrong-key", address=a) for a in addresses)) == [401, 401, 401, 429]
    assert ask("a-wrong-key", address="2001:db8:1:3::1").status_code == 401


# --- logins of the admin ---------------------------------------------------------------------------------------------
@pytest.fixture
def operator(clock: time_machine.Coordinates) -> None:
    get_user_model().objects.create_superuser("operator", password=PASSWORD)


def log_in(password: str, address: str = HOME, user: str = "operator", **headers: str) -> HttpResponse:
    leaks.net.remember(password, user)
    return Client(REMOTE_ADDR=address).post(LOGIN, {"username": user, "password": password}, headers=headers)


def test_ten_wrong_passwords_lock_the_login_of_an_address(
    operator: None, clock: time_machine.Coordinates, django_assert_max_num_queries: Any
) -> None:
    """Whatever user they are tried for, and whatever browser they say they are."""
    tried = [log_in(f"wrong-{n}", user=f"user-{n}", User_Agent=f"browser {n}") for n in range(9)]
    assert statuses(*tried) == [200] * 9
    for password in ("wrong", "wrong", PASSWORD):
        refused = log_in(password)
        assert (refused.status_code, refused["Retry-After"]) == (429, "900")
        assert "There were too many failed logins from your address." in refused.content.decode()
        assert "sessionid" not in refused.cookies
    assert log_in(PASSWORD, ATTACKER).status_code == 302
    clock.shift(901)
    assert log_in(PASSWORD).status_code == 302


def test_a_login_forgets_the_failures_before_it(operator: None) -> None:
    for _ in range(3):
        assert statuses(*(log_in("wrong") for _ in range(9)), log_in(PASSWORD)) == [200] * 9 + [302]


def test_an_operator_of_the_server_unlocks_it(operator: None) -> None:
    assert [log_in("wrong").status_code for _ in range(10)][-1] == 429
    call_command("axes_reset_ip", HOME)
    assert log_in(PASSWORD).status_code == 302


def test_behind_a_trusted_proxy_a_login_is_its_callers(operator: None, settings: Any) -> None:
    settings.BEHIND_TLS_PROXY = True
    tried = [log_in("wrong", "127.0.0.1", X_Forwarded_For=f"192.0.2.{n}, {ATTACKER}") for n in range(10)]
    assert tried[-1].status_code == 429
    assert log_in(PASSWORD, "127.0.0.1", X_Forwarded_For=HOME).status_code == 302


def test_what_was_typed_is_in_no_log_line(operator: None, caplog: pytest.LogCaptureFixture) -> None:
    typed = "a-password-in-the-wrong-field"
    for _ in range(11):
        log_in("wrong", user=typed)
    assert typed not in caplog.text
    assert f"The admin login is locked for {HOME}." in caplog.text


@pytest.mark.parametrize("weak", ["elevenchars", "password12345", "9" * 20, "the-operator"])
def test_a_weak_password_is_refused(operator: None, weak: str) -> None:
    client = Client()
    user = get_user_model().objects.get()
    client.force_login(user)
    form = {"old_password": PASSWORD, "new_password1": weak, "new_password2": weak}
    assert client.post("/admin/password_change/", form).status_code == 200
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    good = {"new_password1": PASSWORD + "-anew", "new_password2": PASSWORD + "-anew"}
    assert client.post("/admin/password_change/", form | good).status_code == 302


def test_the_operator_of_make_up_has_no_weak_password(eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPERATOR_PASSWORD", "operator1")
    with pytest.raises(CommandError, match=r"^OPERATOR_PASSWORD is too weak\. .*at least 12 characters"):
        prepare.ensure_operator()
    assert get_user_model().objects.count() == 0
    monkeypatch.setenv("OPERATOR_PASSWORD", PASSWORD)
    assert prepare.ensure_operator()
    assert log_in(PASSWORD).status_code == 302
