"""Transcripts as chat SDKs send them, and the text that each message keeps. Every dialect is tested with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PNG = "data:image/png;base64,iVBORw0KGgo="
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
IMAGE = {"type": "image_url", "image_url": {"url": PNG}}


@dataclass(frozen=True)
class Shape:
    """`kept`: for each message with a text its index, its role in our terms, and the text. `said_at`: the time of the
    first of them."""

    name: str
    messages: list[Any]
    kept: list[tuple[int, str, str]]
    skipped: int = 0
    said_at: str | None = None
    speaker: str | None = None


def user(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **more}


def one(title: str, content: Any, text: str, skipped: int = 0, said_at: str | None = None, /, **more: Any) -> Shape:
    """A single message of the user."""
    speaker = more.get("name") or None
    return Shape(title, [user(content, **more)], [(0, "user", text)], skipped, said_at, speaker)


def between(name: str, *odd: Any, skipped: int = 0, kept: tuple[tuple[int, str, str], ...] = ()) -> Shape:
    """Odd turns between two ordinary ones."""
    last = len(odd) + 1
    messages = [user("I live in Oslo."), *odd, user("My dog is called Rex.")]
    return Shape(
        name, messages, [(0, "user", "I live in Oslo."), *kept, (last, "user", "My dog is called Rex.")], skipped
    )


SHAPES = [
    one("a string", "I live in Oslo.", "I live in Oslo."),
    one("a string with line breaks", " I live\n\nin Oslo.\t", " I live\n\nin Oslo.\t"),
    one("OpenAI: one text part", [{"type": "text", "text": "I live in Oslo."}], "I live in Oslo."),
    one("OpenAI: two text parts", [{"type": "text", "text": "Hi."}, {"type": "text", "text": "I ski."}], "Hi.\nI ski."),
    one("OpenAI: text and image", [{"type": "text", "text": "My new car."}, IMAGE], "My new car.", 1),
    one("OpenAI: image first", [IMAGE, IMAGE, {"type": "text", "text": "My two cars."}], "My two cars.", 2),
    one(
        "OpenAI: audio and file",
        [
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
            {"type": "file", "file": {"file_id": "file_1"}},
            {"type": "text", "text": "Listen, my song."},
        ],
        "Listen, my song.",
        2,
    ),
    one("OpenAI Responses: input_text", [{"type": "input_text", "text": "I am vegan."}], "I am vegan."),
    one(
        "OpenAI Responses: input_image",
        [{"type": "input_image", "image_url": PNG, "detail": "auto"}, {"type": "input_text", "text": "My cat."}],
        "My cat.",
        1,
    ),
    between(
        "OpenAI Responses: output_text",
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Noted.", "annotations": []}],
        },
        kept=((1, "assistant", "Noted."),),
    ),
    between(
        "OpenAI Responses: items without a role",
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "22 °C"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
        skipped=4,
    ),
    one(
        "OpenAI Assistants: a text with a value",
        [{"type": "text", "text": {"value": "I play chess.", "annotations": []}}],
        "I play chess.",
    ),
    between("OpenAI: null with tool_calls", {"role": "assistant", "content": None, "tool_calls": [CALL]}, skipped=1),
    between("OpenAI: tool_calls without content", {"role": "assistant", "tool_calls": [CALL, CALL]}, skipped=2),
    between(
        "OpenAI: text with tool_calls",
        {"role": "assistant", "content": "Let me look.", "tool_calls": [CALL]},
        skipped=1,
        kept=((1, "assistant", "Let me look."),),
    ),
    between(
        "OpenAI: a tool's message",
        {"role": "tool", "tool_call_id": "call_1", "content": "22 °C in Oslo"},
        kept=((1, "tool", "22 °C in Oslo"),),
    ),
    between(
        "OpenAI: function_call and a function's message",
        {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": "{}"}},
        {"role": "function", "name": "weather", "content": "22 °C"},
        skipped=1,
        kept=((2, "function", "22 °C"),),
    ),
    between(
        "OpenAI: system and developer",
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Never swear."}]},
        kept=((1, "system", "Be brief."), (2, "developer", "Never swear.")),
    ),
    between(
        "OpenAI: a refusal",
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "I can't help."}], "refusal": None},
        skipped=1,
    ),
    between("OpenAI: a spoken answer", {"role": "assistant", "content": None, "audio": {"id": "audio_1"}}, skipped=1),
    between("a null turn", {"role": "assistant", "content": None}),
    between("an empty turn", {"role": "assistant", "content": ""}, user(" \n ")),
    between("an empty list", {"role": "assistant", "content": []}, user([{"type": "text", "text": ""}])),
    between(
        "Anthropic: thinking, text and tool_use",
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "The user lives in Oslo.", "signature": "x"},
                {"type": "text", "text": "I look up the weather."},
                {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}},
            ],
        },
        skipped=2,
        kept=((1, "assistant", "I look up the weather."),),
    ),
    between(
        "Anthropic: tool_use alone",
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}]},
        user([{"type": "tool_result", "tool_use_id": "toolu_1", "content": "22 °C"}]),
        skipped=2,
    ),
    one(
        "Anthropic: tool_result and text",
        [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "22 °C"}]},
            {"type": "text", "text": "Thanks, I love the sun.", "cache_control": {"type": "ephemeral"}},
        ],
        "Thanks, I love the sun.",
        1,
    ),
    one(
        "Anthropic: image and document",
        [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "A contract."}},
            {"type": "text", "text": "I signed it in May."},
        ],
        "I signed it in May.",
        2,
    ),
    between(
        "Anthropic: a sentence in several parts",
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "As the page says, "},
                {"type": "text", "text": "grass is green", "citations": []},
                {"type": "text", "text": " in May."},
            ],
        },
        kept=((1, "assistant", "As the page says, grass is green in May."),),
    ),
    Shape(
        "Gemini: parts and the role model",
        [
            {
                "role": "user",
                "parts": [{"text": "I live in Oslo."}, {"inlineData": {"mimeType": "image/png", "data": "x"}}],
            },
            {"role": "model", "parts": [{"text": "She lives in Oslo.", "thought": True}, {"text": "Nice city!"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "weather", "args": {}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"t": 22}}}]},
        ],
        [(0, "user", "I live in Oslo."), (1, "assistant", "Nice city!")],
        4,
    ),
    one(
        "Bedrock: parts without a type",
        [{"text": "I live in Oslo."}, {"image": {"format": "png"}}],
        "I live in Oslo.",
        1,
    ),
    Shape(
        "Vercel AI SDK: parts",
        [
            {"id": "1", "role": "user", "parts": [{"type": "text", "text": "I live in Oslo."}]},
            {
                "id": "2",
                "role": "assistant",
                "content": "",
                "parts": [
                    {"type": "step-start"},
                    {"type": "reasoning", "text": "Think."},
                    {"type": "tool-weather", "state": "output-available", "input": {}, "output": {}},
                    {"type": "text", "text": "It is sunny."},
                ],
            },
        ],
        [(0, "user", "I live in Oslo."), (1, "assistant", "It is sunny.")],
        3,
    ),
    Shape(
        "LangChain: type instead of role",
        [
            {"type": "human", "content": "I live in Oslo.", "additional_kwargs": {}},
            {
                "type": "ai",
                "content": "",
                "tool_calls": [{"name": "weather", "args": {}, "id": "1", "type": "tool_call"}],
            },
            {"type": "tool", "content": "22 °C", "tool_call_id": "1", "name": "weather"},
            {"type": "ai", "content": [{"type": "text", "text": "It is warm.", "index": 0}], "tool_calls": []},
        ],
        [(0, "user", "I live in Oslo."), (2, "tool", "22 °C"), (3, "assistant", "It is warm.")],
        1,
    ),
    Shape(
        "Cohere: roles in capitals",
        [{"role": "USER", "content": "I live in Oslo."}, {"role": "CHATBOT", "content": "Nice."}],
        [(0, "user", "I live in Oslo."), (1, "assistant", "Nice.")],
    ),
    one("Ollama: images beside the text", "My house.", "My house.", 2, images=["iVBORw0KGgo=", "iVBORw0KGgo="]),
    between("mem0: one part instead of a list", user(IMAGE), skipped=1),
    one("parts as strings", ["I live in Oslo.", "I ski.", None], "I live in Oslo.\nI ski.", 1),
    one("null for name and timestamp", "I live in Oslo.", "I live in Oslo.", name=None, timestamp=None),
    one("empty name and timestamp", "I live in Oslo.", "I live in Oslo.", name="", timestamp=""),
    one(
        "a name and an ISO time",
        "I ski.",
        "I ski.",
        0,
        "2026-03-01T08:30:00Z",
        name="Ann",
        timestamp="2026-03-01T10:30:00+02:00",
    ),
    one("Unix seconds", "I ski.", "I ski.", 0, "2023-11-14T22:13:20Z", timestamp=1_700_000_000),
    one(
        "Unix seconds with a fraction", "I ski.", "I ski.", 0, "2023-11-14T22:13:20.500000Z", timestamp=1_700_000_000.5
    ),
    one("Unix milliseconds", "I ski.", "I ski.", 0, "2023-11-14T22:13:20.123000Z", timestamp=1_700_000_000_123),
    one("Unix seconds as a string", "I ski.", "I ski.", 0, "2023-11-14T22:13:20Z", timestamp="1700000000"),
    Shape("nothing but tools", [{"role": "assistant", "content": None, "tool_calls": [CALL]}], [], 1),
]

# Malformed messages, and the field that the refusal names.
MALFORMED: list[tuple[Any, str]] = [
    (5, ""),
    ("I live in Oslo.", ""),
    (None, ""),
    ([], ""),
    ({}, "role"),
    ({"role": "user"}, "content"),
    ({"content": "x"}, "role"),
    ({"role": None, "content": "x"}, "role"),
    ({"role": "", "content": "x"}, "role"),
    ({"role": 5, "content": "x"}, "role"),
    ({"type": "text", "text": "x"}, "role"),
    (user(5), "content"),
    (user(True), "content"),
    (user("a\0b"), "content"),
    (user([5]), "content.0"),
    (user([["x"]]), "content.0"),
    (user([{"type": "text", "text": "x"}, {"type": 5}]), "content.1.type"),
    (user([{"type": "text", "text": 5}]), "content.0.text"),
    (user([{"type": "text", "text": ["x"]}]), "content.0.text"),
    (user([{"type": "text", "text": {"value": 5}}]), "content.0.text"),
    (user({"type": "text", "text": 5}), "content.0.text"),
    (user([{"type": "text", "text": "a\0b"}]), "content"),
    ({"role": "user", "parts": 5}, "content"),
    (user("x", name=5), "name"),
    (user("x", name="n" * 129), "name"),
    (user("x", timestamp="noon"), "timestamp"),
    (user("x", timestamp=True), "timestamp"),
    (user("x", timestamp=5), "timestamp"),
    (user("x", timestamp=-1_700_000_000), "timestamp"),
    (user("x", timestamp=1_700_000_000_000_000), "timestamp"),
    (user("x", timestamp=10**400), "timestamp"),
    (user("x", timestamp="9" * 64), "timestamp"),
    (user("x", timestamp=[1]), "timestamp"),
    (user("x", timestamp={}), "timestamp"),
]
