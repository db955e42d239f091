"""No address but a public one is sent to, however it is written; and what was checked is what is connected to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from core import http_client, ssrf
from tests.receiver import CERTIFICATE, receiving

PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = [
    "127.0.0.1",
    "127.8.9.10",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fc00::1",
    "fd12::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
]
BLOCKED = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "100.100.100.200",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "3fff::1",
    "4000::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "no address",
]
Resolver = Callable[..., None]
REAL = ssrf.resolve


@pytest.fixture(autouse=True)
def real_resolver(no_resolver_is_asked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite's own takes its place elsewhere; here it is asked for numbers and localhost alone."""
    monkeypatch.setattr(ssrf, "resolve", REAL)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """Lets every name resolve to the given addresses."""

    def resolves_to(*addresses: str) -> None:
        monkeypatch.setattr(ssrf, "resolve", lambda host, port: list(addresses))

    return resolves_to


def refusal(url: str, *, allow_private: bool = False) -> str:
    with pytest.raises(ssrf.UrlRefused) as refused:
        ssrf.check(url, allow_private=allow_private)
    return refused.value.kind


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert ssrf.allowed(address, allow_private=False)
    assert ssrf.allowed(address, allow_private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_allowed_only_where_the_operator_says_so(address: str) -> None:
    assert not ssrf.allowed(address, allow_private=False)
    assert ssrf.allowed(address, allow_private=True)


@pytest.mark.parametrize("address", BLOCKED)
def test_others_are_never_allowed(address: str) -> None:
    assert not ssrf.allowed(address, allow_private=False)
    assert not ssrf.allowed(address, allow_private=True)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["8.8.8.8", "::1"]])
def test_one_private_address_of_a_name_is_enough(resolver: Resolver, addresses: list[str]) -> None:
    resolver(*addresses)
    assert refusal("https://hooks.example/x") == "private_address"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://[::1]:8000/",
        "http://[::ffff:7f00:1]/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://①②⑦.⓪.⓪.①/",
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1%25eth0]/",
        "http://0/",
    ],
)
def test_spellings_of_private_addresses_are_refused(url: str) -> None:
    assert refusal(url) in ("private_address", "bad_url", "unresolvable")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hooks.example/",
        "file:///etc/passwd",
        "hooks.example",
        "//hooks.example/",
        "https://",
        "https:///x",
        "javascript:alert(1)",
        "https://user@hooks.example/",
        "https://user:secret@hooks.example/",
        "https://:secret@hooks.example/",
        "http://hooks.example:99999/",
        "http://hooks example/",
        "http://[::1/",
        "https://hooks.example/" + "x" * 2048,
    ],
)
def test_what_is_no_address_of_a_receiver_is_refused(resolver: Resolver, url: str) -> None:
    resolver("8.8.8.8")
    assert refusal(url, allow_private=True) == "bad_url"


def test_a_name_that_resolves_to_nothing_is_refused(resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    resolver()
    assert refusal("https://hooks.example/") == "unresolvable"

    def fails(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(ssrf, "resolve", fails)
    assert refusal("https://hooks.example/") == "unresolvable"


def test_a_label_that_is_too_long_is_refused() -> None:
    assert refusal(f"https://{'a' * 64}.example/") == "unresolvable"


def test_all_addresses_are_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(0, 0, 0, "", ("8.8.8.8", 443)), (0, 0, 0, "", ("8.8.4.4", 443)), (0, 0, 0, "", ("8.8.8.8", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert ssrf.check("https://hooks.example/", allow_private=False) == ("8.8.8.8", "8.8.4.4")


# --- sending to what was checked -------------------------------------------------------------------------------------
def post(url: str, *addresses: str, seconds: float = 5.0) -> int:
    return http_client.post(url, addresses=addresses, headers={}, body=b"{}", deadline=time.monotonic() + seconds)


@pytest.fixture
def no_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are no names: the standard library passes them through getaddrinfo, which asks nobody."""
    real = socket.getaddrinfo

    def only_numbers(host: str, *args: int, **kwargs: int) -> object:
        assert host == "127.0.0.1", host
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", only_numbers)


def test_it_connects_to_the_address_and_names_the_host(no_resolver: None) -> None:
    with receiving() as receiver:
        assert post(f"http://hooks.example:{receiver.port}/a?b=c", "127.0.0.1") == 200
    (message,) = receiver.messages
    assert (message.path, message.headers["host"]) == ("/a?b=c", f"hooks.example:{receiver.port}")
    assert message.headers["user-agent"].startswith("memproject/")


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    http_client._tls.cache_clear()
    monkeypatch.setattr(http_client, "_tls", http_client._tls.__wrapped__)


def test_the_certificate_is_checked_for_the_name(no_resolver: None, trusted: None) -> None:
    with receiving(tls=True) as receiver:
        assert post(f"https://hooks.example:{receiver.port}/", "127.0.0.1") == 200
        with pytest.raises(http_client.SendFailed, match="connection"):
            post(f"https://other.example:{receiver.port}/", "127.0.0.1")
        with pytest.raises(http_client.SendFailed, match="connection"):
            post(f"https://127.0.0.1:{receiver.port}/", "127.0.0.1")
    assert len(receiver.messages) == 1


def test_a_certificate_that_nobody_trusts_is_refused(no_resolver: None) -> None:
    with receiving(tls=True) as receiver, pytest.raises(http_client.SendFailed, match="connection"):
        post(f"https://hooks.example:{receiver.port}/", "127.0.0.1")
    assert receiver.messages == []


def test_redirects_are_answers_and_proxies_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with receiving([307]) as receiver:
        assert post(receiver.url, "127.0.0.1") == 307
    assert [m.path for m in receiver.messages] == ["/hook"]


def test_the_next_address_is_tried_when_one_is_dead() -> None:
    with receiving() as receiver:
        assert post(f"http://hooks.example:{receiver.port}/", "::1", "127.0.0.1") == 200


def test_nobody_there_is_a_failed_connection() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(http_client.SendFailed, match="connection"):
            post(f"http://hooks.example:{unused.getsockname()[1]}/", "127.0.0.1")


def test_a_long_answer_is_not_read_to_its_end() -> None:
    with receiving() as receiver:
        receiver.reply = b"x" * 50_000_000
        start = time.monotonic()
        assert post(receiver.url, "127.0.0.1") == 200
        assert time.monotonic() - start < 2


def test_who_drips_is_cut_off_at_the_deadline() -> None:
    """Each piece comes within any time limit of a read; the whole never does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                try:
                    while not stopped.wait(0.05):
                        connection.sendall(b"x")
                except OSError:
                    pass

        stopped = threading.Event()
        thread = threading.Thread(target=drip)
        thread.start()
        start = time.monotonic()
        with pytest.raises(http_client.SendFailed, match="timeout"):
            post(f"http://hooks.example:{server.getsockname()[1]}/", "127.0.0.1", seconds=0.4)
        assert 0.3 < time.monotonic() - start < 2
        stopped.set()
        thread.join()


def test_nothing_begins_after_the_deadline() -> None:
    with receiving() as receiver, pytest.raises(http_client.SendFailed, match="timeout"):
        post(receiver.url, "127.0.0.1", seconds=-1)
    assert receiver.messages == []


@pytest.mark.parametrize("junk", [b"nonsense\r\n\r\n", b""])
def test_who_speaks_no_http_gave_no_answer(junk: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(junk)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(http_client.SendFailed, match=r"protocol|connection"):
            post(f"http://hooks.example:{server.getsockname()[1]}/", "127.0.0.1")
        thread.join()
