"""The Postman collection (format 2.1): a folder a group, each of which runs by itself from first to last."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from contracts.document import Document, Group
from contracts.example_order import Step, plan
from contracts.requests import ADDRESS, ID, JsonPath, path_value

_FORMAT = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def collection(document: Document) -> str:
    plans = {group: plan(document, group) for group in document.groups}
    names = _names(document, [step for steps in plans.values() for step in steps])
    made = {
        "info": {
            "name": document.raw["info"]["title"],
            "description": document.raw["info"]["description"],
            "schema": _FORMAT,
        },
        "variable": [
            {"key": "baseUrl", "value": "http://127.0.0.1:8080"},
            {"key": "apiKey", "value": ""},
            {"key": "masterKey", "value": ""},
            *({"key": "receiverUrl", "value": address} for address in _addresses(plans)),
            *({"key": name, "value": known} for known, name in names.items()),
        ],
        "item": [
            {"name": group.title, "item": [_item(step, names) for step in steps]} for group, steps in plans.items()
        ],
    }
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"


def _addresses(plans: dict[Group, list[Step]]) -> list[str]:
    """The first address in an example that is to be the caller's own, if there is one."""
    bodies = [json.dumps(step.request.body) for steps in plans.values() for step in steps]
    return [found[0] for body in bodies if (found := ADDRESS.search(body))][:1]


def _names(document: Document, steps: list[Step]) -> dict[str, str]:
    """A variable for each example id that a request carries: named after its path parameter, else its prefix."""
    wanted = dict.fromkeys(known for step in steps for known in step.request.ids)
    names: dict[str, str] = {}
    for operation in document.operations:
        for said in operation.raw.get("parameters", ()):
            if said["in"] == "path":
                known = path_value(document, operation, said["name"], said)
                if known in wanted and said["name"] not in names.values():
                    names.setdefault(known, said["name"])
    for known in wanted:
        name = base = known.partition("_")[0] + "_id"
        number = 2
        while known not in names and name in names.values():
            name, number = f"{base}_{number}", number + 1
        names.setdefault(known, name)
    return names


def variable(name: str) -> str:
    return "{{" + name + "}}"


def _item(step: Step, names: dict[str, str]) -> dict[str, Any]:
    def filled(text: str) -> str:
        return ID.sub(lambda found: variable(names[found[0]]) if found[0] in names else found[0], text)

    asked = step.request
    target = filled(asked.target)
    split = urlsplit(target)
    headers = []
    if asked.key:
        key = variable("masterKey" if asked.key == "master" else "apiKey")
        headers.append(("Authorization", f"{asked.scheme} {key}") if asked.scheme else ("X-API-Key", key))
    if step.later:
        headers.append(("Prefer", "respond-async"))
    made: dict[str, Any] = {
        "method": asked.method,
        "header": [{"key": key, "value": value} for key, value in headers],
        "url": {
            "raw": variable("baseUrl") + target,
            "host": [variable("baseUrl")],
            "path": split.path.removeprefix("/").split("/"),
            "query": [{"key": key, "value": filled(value)} for key, value in asked.query],
        },
    }
    if asked.body is not None:
        made["header"].append({"key": "Content-Type", "value": "application/json"})
        raw = ADDRESS.sub(variable("receiverUrl"), filled(json.dumps(asked.body, ensure_ascii=False, indent=2)))
        made["body"] = {"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}}
    title = step.operation.raw.get("summary", step.operation.name)
    if step.example and len(step.operation.bodies) > 1:
        title += f": {step.example.title}"
    return {
        "name": title + (" (for what follows)" if step.prepares else ""),
        "event": [{"listen": "test", "script": {"type": "text/javascript", "exec": _script(step, names)}}],
        "request": made,
    }


def _script(step: Step, names: dict[str, str]) -> list[str]:
    statuses = step.statuses
    lines = [
        f'pm.test("answers {" or ".join(map(str, statuses))}", () => '
        f"pm.expect(pm.response.code).to.be.oneOf({list(statuses)}));"
    ]
    media = step.operation.media(statuses[0])
    if media == "application/json":
        lines.append('pm.test("the body is JSON", () => pm.response.json());')
    elif media:
        lines.append(
            f'pm.test("the body is {media}", () => pm.expect(pm.response.headers.get("Content-Type"))'
            f'.to.include("{media}"));'
        )
    for known, place in step.captures:
        lines.append(f'pm.collectionVariables.set("{names[known]}", pm.response.json(){_at(place)});')
    return lines


def _at(place: JsonPath) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place)
