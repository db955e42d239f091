"""The OpenAI-compatible embedder against a real HTTP server on this machine."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from memories.embeddings.openai_compatible import ERROR_BYTES, TEXT_BYTES, OpenAICompatibleEmbedder
from memories.errors import ProviderRefused, ProviderUnavailable

VECTOR = [3.0, 0.0, 4.0]


def made(url: str, *, key: str = "secret-key", read: float = 5.0) -> OpenAICompatibleEmbedder:
    return OpenAICompatibleEmbedder(
        base_url=f"{url}/v1", api_key=key, model="some-model", dimensions=3, connect=1.0, read=read
    )


def rows(*vectors: object) -> list[dict[str, object]]:
    return [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]


def says(answer: Any, data: object) -> Callable[[Any], Any]:
    body = json.dumps({"object": "list", "model": "some-model", "data": data}).encode()
    return lambda request: answer(body=body)


def test_it_gives_unit_vectors(server: Any, answer: Any) -> None:
    server.answer = says(answer, rows(VECTOR, [0.0, 2.0, 0.0]))
    vectors = made(server.url).embed(["one", "two"])
    assert vectors.dtype == np.float32
    assert vectors == pytest.approx(np.array([[0.6, 0.0, 0.8], [0.0, 1.0, 0.0]]))


def test_it_sends_the_key_the_model_and_plain_floats(server: Any, answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "from-the-environment")
    server.answer = says(answer, rows(VECTOR))
    made(server.url).embed(["one"])
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/embeddings")
    assert request.json == {"input": ["one"], "model": "some-model", "encoding_format": "float"}
    assert request.headers["authorization"] == "Bearer secret-key"
    assert "from-the-environment" not in request.headers.values()


def test_it_never_sends_a_key_that_is_not_configured_for_it(
    server: Any, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")
    server.answer = says(answer, rows(VECTOR))
    made(server.url, key="").embed(["one"])
    assert "from-the-environment" not in server.requests[0].headers["authorization"]


def test_it_splits_many_texts_into_batches_of_128(server: Any, answer: Any) -> None:
    def each(request: Any) -> Any:
        data = rows(*[[float(text) + 1, 1.0, 0.0] for text in request.json["input"]])
        return answer(body=json.dumps({"data": data}).encode())

    server.answer = each
    vectors = made(server.url).embed([str(n) for n in range(300)])
    assert [len(request.json["input"]) for request in server.requests] == [128, 128, 44]
    assert vectors[:, 0] / vectors[:, 1] == pytest.approx(np.arange(300) + 1, rel=1e-4)


def test_it_asks_nobody_about_no_texts(server: Any) -> None:
    assert made(server.url).embed([]).shape == (0, 3)
    assert server.requests == []


def test_it_sends_what_every_server_takes_for_an_empty_text(server: Any, answer: Any) -> None:
    server.answer = says(answer, rows(VECTOR, VECTOR))
    made(server.url).embed(["", "\ud800"])
    assert server.requests[0].json["input"] == [" ", "?"]


def test_it_orders_vectors_by_their_index(server: Any, answer: Any) -> None:
    server.answer = says(answer, [{"index": 1, "embedding": [0, 1, 0]}, {"index": 0, "embedding": [1, 0, 0]}])
    assert made(server.url).embed(["one", "two"]).tolist() == [[1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (rows([1.0, 2.0]), r"vectors of 2 numbers, but EMBEDDING_DIM is 3"),
        (rows(VECTOR, VECTOR), r"2 vectors for 1 texts"),
        ([], r"0 vectors for 1 texts"),
        (rows([float("nan"), 0.0, 1.0]), "not finite"),
        (rows([float("inf"), 0.0, 1.0]), "not finite"),
        (rows([0.0, 0.0, 0.0]), "zero"),
        (rows("AACAPwAAAEA="), "lists of numbers"),
        (rows(["a", "b", "c"]), "lists of numbers"),
        (rows(None), "lists of numbers"),
        ([{"embedding": VECTOR}], "number its vectors"),
        ([{"index": 7, "embedding": VECTOR}], "number its vectors"),
        (["what"], "number its vectors"),
    ],
)
def test_it_refuses_an_answer_that_is_not_what_it_asked_for(server: Any, answer: Any, data: object, words: str) -> None:
    server.answer = says(answer, data)
    with pytest.raises(ProviderRefused, match=words) as caught:
        made(server.url).embed(["one"])
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"data": [', "application/json"),
        (b"<html>please log in</html>", "text/html"),
        (b"", "application/json"),
        (b"null", "application/json"),
        (b"[]", "application/json"),
        (b'{"data": null}', "application/json"),
        (b"\xff\xfe", "application/json"),
    ],
)
def test_it_calls_an_unreadable_answer_unavailable(server: Any, answer: Any, body: bytes, kind: str) -> None:
    server.answer = lambda request: answer(body=body, headers={"Content-Type": kind})
    with pytest.raises(ProviderUnavailable, match="can't be read"):
        made(server.url).embed(["one"])


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_it_calls_a_busy_server_unavailable_after_one_request(server: Any, answer: Any, status: int) -> None:
    server.answer = lambda request: answer(status, b'{"error": {"message": "later", "code": "busy"}}')
    with pytest.raises(ProviderUnavailable, match=rf"answered {status} \(busy\)") as caught:
        made(server.url).embed(["one"])
    assert caught.value.retryable
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "hint"), [(400, "EMBEDDING_"), (401, "EMBEDDING_API_KEY"), (404, "EMBEDDING_MODEL"), (422, "EMBEDDING_")]
)
def test_it_calls_other_errors_refused_and_quotes_nothing(server: Any, answer: Any, status: int, hint: str) -> None:
    body = json.dumps({"error": {"message": "bad input: my own words", "code": "my own words"}}).encode()
    server.answer = lambda request: answer(status, body)
    with pytest.raises(ProviderRefused, match=hint) as caught:
        made(server.url).embed(["my own words"])
    assert not caught.value.retryable
    assert "own words" not in str(caught.value)
    assert "secret-key" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_it_follows_no_redirect(server: Any, answer: Any) -> None:
    server.answer = lambda request: answer(307, headers={"Location": f"{server.url}/elsewhere"})
    with pytest.raises(ProviderRefused, match="307"):
        made(server.url).embed(["one"])
    assert [request.path for request in server.requests] == ["/v1/embeddings"]


def test_it_gives_up_on_a_server_that_does_not_answer(server: Any, answer: Any) -> None:
    given_up = threading.Event()

    def late(request: Any) -> Any:
        given_up.wait(60)
        return answer()

    server.answer = late
    with pytest.raises(ProviderUnavailable, match="in time"):
        made(server.url, read=0.2).embed(["one"])
    given_up.set()


def test_it_calls_a_refused_connection_unavailable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ProviderUnavailable, match="can't be reached"):
        made(f"http://127.0.0.1:{port}").embed(["one"])


def test_warming_it_asks_nobody(server: Any) -> None:
    made(server.url).warm()
    assert server.requests == []


def test_it_reads_no_endless_answer(server: Any, answer: Any) -> None:
    server.answer = lambda request: answer(body=b" " * (ERROR_BYTES + TEXT_BYTES + 1))
    with pytest.raises(ProviderRefused, match="too long"):
        made(server.url).embed(["one"])
    server.answer = lambda request: answer(body=says(answer, rows(VECTOR))(request).body.ljust(ERROR_BYTES))
    assert made(server.url).embed(["one"]).shape == (1, 3)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'{"error": null}', b'{"error": {"code": 7}}', b'{"error": {"code": ["x"]}}', b"\xff"]
)
def test_an_error_without_a_code_is_an_error_too(server: Any, answer: Any, body: bytes) -> None:
    server.answer = lambda request: answer(503, body)
    with pytest.raises(ProviderUnavailable, match=r"answered 503\.$"):
        made(server.url).embed(["one"])


def test_a_body_in_another_encoding_than_it_says_cannot_be_read(server: Any, answer: Any) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    server.answer = lambda request: answer(body=b"{}", headers=headers)
    with pytest.raises(ProviderUnavailable, match="can't be read"):
        made(server.url).embed(["one"])


def test_it_keeps_its_connection(server: Any, answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: opened.append(a) or connect(*a, **k))
    monkeypatch.setattr(server._http.RequestHandlerClass, "protocol_version", "HTTP/1.1")
    server.answer = says(answer, rows(VECTOR))
    embedder = made(server.url)
    for _ in range(3):
        embedder.embed(["one"])
    assert len(server.requests) == 3
    assert len(opened) == 1
