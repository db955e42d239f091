"""Read one message as chat SDKs send it: its role, its text, and the number of parts without text. No framework.

`content` is a string, null, one part or a list of parts. Text parts are joined. Other parts (images, audio, files,
reasoning, tool calls and their results) are skipped and counted, and so are tool calls beside the content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TEXT_TYPES = frozenset({"text", "input_text", "output_text"})
ROLES = frozenset({"user", "assistant", "system", "developer", "tool", "function"})
# Gemini, LangChain, Cohere
ROLE_ALIASES = {"model": "assistant", "ai": "assistant", "chatbot": "assistant", "human": "user"}
# Keys of a message that have no text: OpenAI, Mistral (JavaScript), Ollama.
WITHOUT_TEXT = ("tool_calls", "toolCalls", "function_call", "audio", "images")


class ContentError(ValueError):
    """An invalid content: the path below the message's `content` (`2.text`, or empty), and the expected form."""

    def __init__(self, expected: str, *path: str) -> None:
        self.path, self.expected = path, expected
        super().__init__(": ".join(filter(None, (".".join(path), expected))))


@dataclass(frozen=True, slots=True)
class Content:
    """The text of a message ("": it has none), and the number of its parts without text."""

    text: str
    skipped_parts: int = 0


def read_content(data: Any) -> Content:
    """The text of a `content`. Raises ContentError. Linear in the number of parts and characters."""
    if data is None or isinstance(data, str):
        return Content(data or "")
    if isinstance(data, Mapping):
        data = [data]
    if not isinstance(data, list):
        raise ContentError("must be a string, null or a list of parts")
    texts = [_text(part, str(position)) for position, part in enumerate(data)]
    return Content(_joined([text for text in texts if text]), texts.count(None))


def read_body(message: Mapping[str, Any]) -> Content | None:
    """The text of a message: its `content`, else its `parts` (Gemini, Vercel AI SDK). None: the message has neither,
    and nothing that explains it, such as tool calls. Raises ContentError."""
    beside = sum(len(value) if isinstance(value, list) else 1 for key in WITHOUT_TEXT if (value := message.get(key)))
    if "content" not in message and "parts" not in message:
        return Content("", beside) if beside else Content("", 1) if _is_call(message) else None
    found = read_content(message.get("content") or message.get("parts") or message.get("content"))
    return Content(found.text, found.skipped_parts + beside)


def read_role(message: Mapping[str, Any]) -> Any:
    """The role of a message in our terms; other roles stay as they were sent. A message of LangChain has it as `type`.
    An item of OpenAI's Responses API that is a tool call has none; it counts as one of the tool."""
    if "role" in message:
        return role_of(message["role"])
    kind = message.get("type")
    if isinstance(kind, str) and role_of(kind) in ROLES:
        return role_of(kind)
    return "tool" if _is_call(message) else None


def role_of(role: Any) -> Any:
    """`user`, `assistant` … for the known names of roles in any case; anything else unchanged."""
    known = role.casefold() if isinstance(role, str) else ""
    return ROLE_ALIASES.get(known, known if known in ROLES else role)


def _is_call(message: Mapping[str, Any]) -> bool:
    """Whether this is an item of OpenAI's Responses API beside its messages: a call, its output, reasoning."""
    kind = message.get("type")
    if "role" in message or not isinstance(kind, str):
        return False
    return kind in ("reasoning", "item_reference") or kind.endswith(("_call", "_output")) or kind.startswith("mcp_")


def _text(part: Any, position: str) -> str | None:
    """The text of a part; None if it has none by its type."""
    if part is None or isinstance(part, str):
        return part
    if not isinstance(part, Mapping):
        raise ContentError("must be a string or an object", position)
    kind = part.get("type")
    if kind is not None and not isinstance(kind, str):
        raise ContentError("must be a string", position, "type")
    # Parts of Gemini and Bedrock have no type, but one key for each kind. A thought of Gemini is a text, too.
    if kind not in TEXT_TYPES if kind is not None else "text" not in part or part.get("thought"):
        return None
    text = part.get("text")
    if isinstance(text, Mapping):  # OpenAI's Assistants API: {"value": …, "annotations": […]}
        text = text.get("value")
    if text is not None and not isinstance(text, str):
        raise ContentError("must be a string", position, "text")
    return text or ""


def _joined(texts: list[str]) -> str:
    """The texts, with a line break between two that have no white space there. Models cut one sentence into several
    parts, with the spaces; people send a part for each paragraph, without."""
    pieces: list[str] = []
    for text in texts:
        if pieces and not pieces[-1][-1].isspace() and not text[0].isspace():
            pieces.append("\n")
        pieces.append(text)
    return "".join(pieces)
