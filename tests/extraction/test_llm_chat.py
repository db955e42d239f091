"""What a language model's server may do to a call, over real HTTP: in OpenAI's dialect, through the openai library,
and in Ollama's own."""

from __future__ import annotations

import datetime as dt
import json
import logging
import socket
from collections.abc import Iterator
from email.utils import format_datetime

import pytest
import time_machine

from core.clock import now
from memories.extraction.llm import base
from memories.extraction.llm.base import BrokenAnswer, Chat, ModelFailed, ModelRefused, ModelUnavailable
from memories.extraction.llm.ollama import OllamaChat
from memories.extraction.llm.openai_chat import OpenAIChat
from memories.extraction.llm.schema import ANSWER
from tests.llm_server import MODEL, Declines, Dies, Drips, Fails, Hangs, LLMServer, Says, Sends

PROVIDERS = ("openai_compatible", "ollama")
BOTH = pytest.mark.parametrize("provider", PROVIDERS)


@pytest.fixture(autouse=True)
def _nothing_logged_yet() -> Iterator[None]:
    base._log_once.cache_clear()
    yield
    base._log_once.cache_clear()


def chat(url: str, provider: str, *, seconds: float = 5.0, key: str = "secret-key") -> Chat:
    if provider == "ollama":
        return OllamaChat(base_url=url, api_key=key, model=MODEL, seconds=seconds, characters=36_000)
    return OpenAIChat(base_url=url, api_key=key, model=MODEL, seconds=seconds)


def made(llm: LLMServer, provider: str, **more: float) -> Chat:
    return chat(llm.base_url(provider), provider, **more)


# --- good answers ----------------------------------------------------------------------------------------------------
@BOTH
def test_it_gives_what_the_model_says(llm: LLMServer, provider: str) -> None:
    llm.script = [Says("words")]
    assert made(llm, provider).complete("rules", "data") == "words"
    (call,) = llm.calls
    assert call.body["model"] == MODEL
    assert call.body["messages"] == [{"role": "system", "content": "rules"}, {"role": "user", "content": "data"}]
    assert call.headers["authorization"] == "Bearer secret-key"


def test_openai_is_held_to_the_schema(llm: LLMServer) -> None:
    made(llm, "openai_compatible").complete("rules", "data")
    body = llm.calls[0].body
    assert llm.calls[0].path == "/v1/chat/completions"
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "reading", "strict": True, "schema": ANSWER},
    }
    assert body["temperature"] == 0
    assert "stream" not in body


def test_ollama_is_held_to_the_schema_in_a_context_that_holds_the_prompt(llm: LLMServer) -> None:
    made(llm, "ollama").complete("rules", "data")
    body = llm.calls[0].body
    assert llm.calls[0].path == "/api/chat"
    assert (body["format"], body["stream"], body["think"]) == (ANSWER, False, False)
    assert body["options"] == {"temperature": 0, "num_ctx": 16_384}


@BOTH
def test_an_empty_key_sends_none_of_the_environment(
    llm: LLMServer, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")
    chat(llm.base_url(provider), provider, key="").complete("rules", "data")
    assert "from-the-environment" not in json.dumps(llm.calls[0].headers)


def test_the_schema_leaves_nothing_open() -> None:
    """OpenAI's strict form: every field required, no other allowed."""
    parts = [ANSWER, *ANSWER["$defs"].values()]
    assert len(parts) == 5
    assert all(part["required"] == list(part["properties"]) for part in parts)
    assert all(part["additionalProperties"] is False for part in parts)


# --- servers that can do less ----------------------------------------------------------------------------------------
REFUSED = Fails(400, error={"error": {"message": "response_format", "param": "response_format", "code": None}})


def test_a_server_without_schemas_is_asked_in_simpler_forms_and_remembered(llm: LLMServer) -> None:
    model = made(llm, "openai_compatible")
    llm.script = [REFUSED, REFUSED, Says("first"), Says("second")]
    assert model.complete("rules", "data") == "first"
    assert model.complete("rules", "data") == "second"
    formats = [call.body.get("response_format", {}).get("type") for call in llm.calls]
    assert formats == ["json_schema", "json_object", None, None]


def test_a_model_that_chooses_its_own_temperature_keeps_the_schema(llm: LLMServer) -> None:
    llm.script = [Fails(400, error={"error": {"message": "no", "param": "temperature"}}), Says("words")]
    assert made(llm, "openai_compatible").complete("rules", "data") == "words"
    assert ["temperature" in call.body for call in llm.calls] == [True, False]
    assert llm.calls[1].body["response_format"]["type"] == "json_schema"


def test_a_text_that_is_refused_is_not_put_otherwise(llm: LLMServer) -> None:
    llm.script = [Fails(400, error={"error": {"message": "my own words", "code": "context_length_exceeded"}})]
    with pytest.raises(ModelRefused, match=r"400 \(context_length_exceeded\)") as caught:
        made(llm, "openai_compatible").complete("rules", "data")
    assert len(llm.calls) == 1
    assert "own words" not in str(caught.value)


def test_a_form_is_given_up_only_when_a_simpler_one_is_taken(llm: LLMServer) -> None:
    model = made(llm, "openai_compatible")
    llm.script = [REFUSED, REFUSED, REFUSED, Says("words")]
    with pytest.raises(ModelRefused):
        model.complete("rules", "data")
    model.complete("rules", "data")
    assert llm.calls[3].body["response_format"]["type"] == "json_schema"


def test_an_old_ollama_is_asked_for_json_and_remembered(llm: LLMServer) -> None:
    model = made(llm, "ollama")
    llm.script = [Fails(400, error={"error": "invalid format"}), Says("first"), Says("second")]
    assert [model.complete("rules", "data"), model.complete("rules", "data")] == ["first", "second"]
    assert [call.body["format"] == "json" for call in llm.calls] == [False, True, True]


# --- failures: all of them retryable, all of them after one request --------------------------------------------------
@BOTH
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_a_busy_server_is_asked_once(llm: LLMServer, provider: str, status: int) -> None:
    llm.script = [Fails(status)]
    with pytest.raises(ModelUnavailable, match=f"answered {status}") as caught:
        made(llm, provider).complete("rules", "data")
    assert (caught.value.retryable, caught.value.code, caught.value.retry_after) == (True, "unavailable", None)
    assert len(llm.calls) == 1


@BOTH
@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("0.5", 0.5), ("999999999", 3600.0), ("soon", None), ("-1", None), ("", None)]
)
def test_it_passes_on_how_long_to_wait(llm: LLMServer, provider: str, header: str, seconds: float | None) -> None:
    llm.script = [Fails(429, {"Retry-After": header})]
    with pytest.raises(ModelUnavailable) as caught:
        made(llm, provider).complete("rules", "data")
    assert caught.value.retry_after == seconds


@BOTH
@pytest.mark.parametrize(("ahead", "seconds"), [(90, 90.0), (-90, 0.0)])
def test_it_understands_a_date_to_wait_for(llm: LLMServer, provider: str, ahead: int, seconds: float) -> None:
    moment = now().replace(microsecond=0)
    until = format_datetime(moment + dt.timedelta(seconds=ahead), usegmt=True)
    llm.script = [Fails(503, {"Retry-After": until})]
    with time_machine.travel(moment, tick=False), pytest.raises(ModelUnavailable) as caught:
        made(llm, provider).complete("rules", "data")
    assert caught.value.retry_after == seconds


@BOTH
@pytest.mark.parametrize(("status", "hint"), [(401, "LLM_API_KEY"), (403, "LLM_API_KEY"), (404, "LLM_MODEL")])
def test_an_operators_mistake_is_one_line_without_text_or_key(
    llm: LLMServer, provider: str, status: int, hint: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"error": {"message": "my own words, secret-key", "code": "my own words"}}
    llm.script = [Fails(status, error=body), Fails(status, error=body)]
    model = made(llm, provider)
    for _ in range(2):
        with pytest.raises(ModelRefused, match=hint) as caught:
            model.complete("rules", "my own words")
        assert caught.value.retryable
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert hint in errors[0]
    assert "own words" not in caplog.text
    assert "secret-key" not in caplog.text


@BOTH
def test_no_log_line_quotes_a_request_or_an_answer(
    llm: LLMServer, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    llm.script = [Says("his own words"), Fails(400, error={"error": {"message": "their own words"}})] * 3
    model = made(llm, provider)
    for _ in range(2):
        model.complete("rules", "my own words")
    assert "own words" not in caplog.text
    assert "secret-key" not in caplog.text


@BOTH
@pytest.mark.parametrize("step", [Hangs(), Drips()])
def test_it_gives_up_on_a_server_that_does_not_come_to_an_end(
    llm: LLMServer, provider: str, step: Hangs | Drips
) -> None:
    llm.script = [step]
    with pytest.raises(ModelUnavailable, match="in time"):
        made(llm, provider, seconds=0.2).complete("rules", "data")
    assert len(llm.calls) == 1


@BOTH
def test_a_server_that_dies_midway_is_unavailable(llm: LLMServer, provider: str) -> None:
    llm.script = [Dies()]
    with pytest.raises(ModelUnavailable, match="broke off"):
        made(llm, provider).complete("rules", "data")


@BOTH
def test_an_endless_answer_is_not_kept(llm: LLMServer, provider: str) -> None:
    llm.script = [Sends(b" " * (base.MAX_ANSWER_BYTES + 1))]
    with pytest.raises(ModelUnavailable):
        made(llm, provider).complete("rules", "data")


@BOTH
def test_a_refused_connection_is_unavailable(provider: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ModelUnavailable, match="can't be reached"):
        chat(f"http://127.0.0.1:{port}", provider).complete("rules", "data")


@pytest.mark.parametrize("step", [Declines(), Says("half", finish="content_filter")])
def test_a_model_that_declines_is_no_answer(llm: LLMServer, step: Declines | Says) -> None:
    llm.script = [step]
    with pytest.raises(ModelRefused, match="declined"):
        made(llm, "openai_compatible").complete("rules", "data")


@BOTH
@pytest.mark.parametrize(
    "step",
    [
        Says('{"facts": [', finish="length"),
        Sends(b'{"choices": ['),
        Sends(b"<html>please log in</html>"),
        Sends(b""),
        Sends(b"null"),
        Sends(b"[]"),
        Sends(b"{}"),
        Sends(b'{"choices": [], "message": []}'),
        Sends(b'{"choices": [7], "message": 7}'),
        Sends(b'{"choices": [{"message": 7}], "message": {"content": 7}}'),
        Sends(b'{"choices": [{"message": {"content": [1]}}], "message": {}}'),
        Sends(b"[" * 100_000),
        Sends(b"\xff\xfe"),
    ],
    ids=lambda step: str(step)[:60],
)
def test_half_an_answer_or_none_is_broken(llm: LLMServer, provider: str, step: Says | Sends) -> None:
    llm.script = [step]
    with pytest.raises(BrokenAnswer) as caught:
        made(llm, provider).complete("rules", "data")
    assert caught.value.retryable


# --- the probe -------------------------------------------------------------------------------------------------------
@BOTH
def test_a_probe_asks_the_server_and_not_the_model(
    llm: LLMServer, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "from-the-environment")
    made(llm, provider).probe()
    assert llm.calls == []
    (probe,) = llm.probes
    assert probe.path == {"openai_compatible": "/v1/models", "ollama": "/api/version"}[provider]
    assert probe.headers["authorization"] == "Bearer secret-key"
    assert "from-the-environment" not in json.dumps(probe.headers)


@BOTH
def test_a_probe_of_nobody_fails(provider: str) -> None:
    with pytest.raises(ModelFailed):
        chat("http://127.0.0.1:1", provider).probe()
