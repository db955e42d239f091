"""The pages of `docs/api/`, written from the OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from contracts.document import ApiOperation, Document, Example, Field, Group
from contracts.requests import Request, request

BEGIN, END = "<!-- operations: written by make docs -->", "<!-- end of operations -->"
_WIDTH = 110


def pages(document: Document) -> dict[str, str]:
    """Each group's page, by its file's name."""
    return {group.page: "\n".join(_page(document, group)) + "\n" for group in document.groups}


def index(document: Document, hand_written: str) -> str:
    """The index with its list of operations anew, between the two marks."""
    head, _, rest = hand_written.partition(BEGIN)
    tail = rest.partition(END)[2]
    return "\n".join([head + BEGIN, "", *_list(document), "", END + tail])


def curl(asked: Request) -> str:
    """The request as a line for a shell that has `$URL`, `$KEY` and `$MASTER_KEY`."""
    parts = ["curl -s"]
    if asked.method not in ("GET", "POST") or (asked.method == "POST" and asked.body is None):
        parts[0] += f" -X {asked.method}"
    parts[0] += f' "$URL{asked.target}"'
    if asked.key:
        variable = "$MASTER_KEY" if asked.key == "master" else "$KEY"
        parts.append(f'-H "Authorization: Bearer {variable}"' if asked.bearer else f'-H "X-API-Key: {variable}"')
    if asked.body is not None:
        parts.append('-H "Content-Type: application/json"')
        parts.append("-d '" + _json(asked.body).replace("'", "'\\''") + "'")
    lines = [parts[0]]
    for part in parts[1:]:
        if len(lines[-1]) + len(part) < _WIDTH and "\n" not in part:
            lines[-1] += " " + part
        else:
            lines[-1] += " \\"
            lines.append("  " + part)
    return "\n".join(lines)


def _list(document: Document) -> Iterator[str]:
    yield "| operation | summary |"
    yield "|---|---|"
    for group in document.groups:
        for operation in document.of(group):
            link = f"[`{operation.name}`]({group.page}#{anchor(operation)})"
            yield f"| {link} | {_cell(operation.raw.get('summary', ''))} |"


def anchor(operation: ApiOperation) -> str:
    """The fragment that GitHub gives the operation's heading."""
    return "".join(c for c in operation.name.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def _page(document: Document, group: Group) -> Iterator[str]:
    yield f"# `{group.title}`" if group.dialect else "# Service"
    yield ""
    yield "Generated from the OpenAPI document by `make docs`. [README.md](README.md) has the rules for all operations."
    for operation in document.of(group):
        yield from _operation(document, operation)


def _operation(document: Document, operation: ApiOperation) -> Iterator[str]:
    yield from ("", f"## {operation.name}", "")
    yield operation.raw.get("summary", "").rstrip(".") + "." + (" No key is needed." if operation.public else "")
    for note in (operation.raw.get("description", ""), document.body_note(operation)):
        if note:
            yield from ("", note)
    fields = list(document.fields(operation))
    if fields:
        yield from ("", "| name | in | type | required | default | limits | description |", "|" + "---|" * 7)
        yield from (_row(document, field) for field in fields)
    for example in operation.bodies or (None,):
        if example and len(operation.bodies) > 1:
            yield from ("", f"{example.title}:")
        yield from ("", "```bash", curl(request(document, operation, example)), "```")
    for status in operation.successes:
        yield from _answers(operation, status)
    errors = [f"{status} {_codes(examples)}".strip() for status, examples in operation.answers.items() if status >= 300]
    if errors:
        yield from ("", f"[Errors](README.md#errors): {', '.join(errors)}.")


def _answers(operation: ApiOperation, status: int) -> Iterator[str]:
    said = operation.raw["responses"][str(status)].get("description", "")
    examples = operation.answers[status]
    yield from ("", f"Answers {status}{f' ({said})' if said and len(examples) < 2 else ''}:")
    for example in examples:
        if len(examples) > 1:
            yield from ("", f"{example.title}:")
        text = example.value if isinstance(example.value, str) else _json(example.value)
        yield from ("", f"```{'json' if 'json' in operation.media(status) else 'text'}", text.rstrip("\n"), "```")


def _row(document: Document, field: Field) -> str:
    default = f"`{json.dumps(field.schema['default'])}`" if "default" in field.schema else ""
    cells = (
        f"`{field.name}`",
        field.where,
        _type(document, field.schema),
        "yes" if field.required else "",
        default,
        _limits(field.schema),
        field.meaning,
    )
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _type(document: Document, schema: dict[str, Any]) -> str:
    resolved = document.resolve(schema)
    choices = resolved.get("oneOf") or resolved.get("anyOf")
    if choices:
        name = " or ".join(dict.fromkeys(_type(document, choice) for choice in choices))
    elif resolved.get("type") == "array":
        inner = _type(document, resolved["items"])
        name = f"array of {f'({inner})' if ' or ' in inner else inner}"
    else:
        name = {"date-time": "time", "date": "date", "uri": "URL"}.get(
            resolved.get("format", ""), resolved.get("type", "any")
        )
    return name + (" or null" if resolved.get("nullable") else "")


def _limits(schema: dict[str, Any]) -> str:
    if "oneOf" in schema:
        return "; ".join(filter(None, map(_limits, schema["oneOf"])))
    said = []
    if "enum" in schema:
        said.append(", ".join(f"`{value}`" for value in schema["enum"] if value is not None))
    for least, most, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
    ):
        low, high = schema.get(least), schema.get(most)
        if high is not None:
            said.append(f"{f'{low:,} to ' if low is not None else 'at most '}{high:,}{unit}")
        elif low is not None and not (unit and low == 1):
            said.append(f"at least {low:,}{unit}")
    return "; ".join(said)


def _codes(examples: tuple[Example, ...]) -> str:
    found = [e.value["error"]["code"] for e in examples if isinstance(e.value, dict) and "error" in e.value]
    return " ".join(f"`{code}`" for code in dict.fromkeys(found))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _json(value: Any, indent: str = "") -> str:
    """On one line where that is readable, else its parts, each on one line where that is."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent + line) < _WIDTH or not isinstance(value, dict | list):
        return line
    inner = indent + "  "
    if isinstance(value, list):
        parts, ends = [_json(part, inner) for part in value], "[]"
    else:
        parts, ends = [f"{json.dumps(key)}: {_json(part, inner)}" for key, part in value.items()], "{}"
    return ends[0] + "\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}" + ends[1]
