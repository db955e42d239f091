"""The schema of the model's response: as JSON schema for servers with structured output, and for parsing any response.
Parts that do not fit are left out and counted."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections import Counter
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo, WithJsonSchema

from entities.relation_types import RELATION_TYPES
from entities.types import ENTITY_TYPES
from memories.extraction.llm.base import BrokenAnswer

Refused = Counter[str]
T = TypeVar("T", bound=BaseModel)
YEARS = range(3, 9997)  # there is room for a time zone, and for a year more or less


def _strict(found: dict[str, Any]) -> None:
    """As servers want it that hold a model to a schema: nothing left out, nothing added."""
    found["required"] = list(found.get("properties", {}))
    found["additionalProperties"] = False
    for field in found.get("properties", {}).values():
        field.pop("default", None)
        field.pop("title", None)
    found.pop("title", None)
    found.pop("description", None)


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_extra=_strict)


def _fitting(model: type[BaseModel], reason: str) -> BeforeValidator:
    """A list without the elements that don't fit; what is no list is an empty one."""

    def check(found: object, info: ValidationInfo) -> list[BaseModel]:
        return each(model, found, reason, _refused(info))

    return BeforeValidator(check)


def _refused(info: ValidationInfo) -> Refused:
    return info.context if isinstance(info.context, Counter) else Refused()


def each(model: type[T], found: object, reason: str, refused: Refused) -> list[T]:
    """The elements of `found` that fit `model`; the others are counted under `reason`."""
    if found is None:
        return []
    if not isinstance(found, list):
        refused[reason] += 1
        return []
    fitting = []
    for element in found:
        try:
            fitting.append(model.model_validate(element, context=refused))
        except (ValidationError, RecursionError):
            refused[reason] += 1
    return fitting


def _one_of(allowed: tuple[str, ...]) -> tuple[BeforeValidator, WithJsonSchema]:
    """One of these words, however it is spelled."""

    def check(found: object) -> str:
        word = found.strip().upper().replace(" ", "_") if isinstance(found, str) else ""
        if word not in allowed:
            raise ValueError("not one of the list")
        return word

    return BeforeValidator(check), WithJsonSchema({"type": "string", "enum": list(allowed)})


def _decision(found: object, info: ValidationInfo) -> str | None:
    """None for a decision that doesn't exist: the fact may be good, and others decide."""
    word = found.strip().lower() if isinstance(found, str) else None
    if word not in DECISIONS:
        _refused(info)["unknown decision"] += 1
        return None
    return word


def _share(default: float) -> BeforeValidator:
    """A number between 0 and 1, brought there if need be."""

    def check(found: object) -> float:
        if isinstance(found, bool) or not isinstance(found, int | float):
            return default
        return default if math.isnan(found) else float(min(max(found, 0), 1))

    return BeforeValidator(check)


def _moment(found: object, info: ValidationInfo) -> str | None:
    """The ISO form of a time that there is; None for others."""
    if found is None or found == "":
        return None
    if not isinstance(found, str) or moment_of(found, dt.UTC) is None:
        _refused(info)["unknown time"] += 1
        return None
    return found


def _pairs(found: object) -> object:
    return [{"name": name, "value": value} for name, value in found.items()] if isinstance(found, dict) else found


def _number(found: object) -> object:
    """None for what is no whole number: it can't be one that was offered, and must not cost the fact."""
    if isinstance(found, str) and found.strip().isdecimal() and len(found) < 10:
        return int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) else None if found is None else UNKNOWN


def _text(found: object) -> object:
    return found.strip() if isinstance(found, str) else "" if found is None else found


DECISIONS = ("add", "duplicate", "update", "end")
UNKNOWN = -1  # a candidate or message that nobody can mean
StrippedText = Annotated[str, BeforeValidator(_text)]
Time = Annotated[str | None, BeforeValidator(_moment)]
EntityTypeName = Annotated[str, *_one_of(ENTITY_TYPES)]
RelationTypeName = Annotated[str, *_one_of(RELATION_TYPES)]
DecisionName = Annotated[
    str | None, BeforeValidator(_decision), WithJsonSchema({"type": "string", "enum": list(DECISIONS)})
]


class AnswerEntity(_Part):
    name: StrippedText
    type: EntityTypeName


class Property(_Part):
    name: StrippedText
    value: StrippedText


class AnswerRelation(_Part):
    source: StrippedText
    type: RelationTypeName
    target: StrippedText
    properties: Annotated[list[Property], _fitting(Property, "malformed property"), BeforeValidator(_pairs)] = []
    valid_from: Time = None
    valid_to: Time = None
    ended: bool = False


class AnswerFact(_Part):
    content: StrippedText
    evidence: StrippedText
    message: Annotated[int, BeforeValidator(_number)] = 0
    importance: Annotated[float, _share(0.5)] = 0.5
    confidence: Annotated[float, _share(0.8)] = 0.8
    valid_from: Time = None
    decision: DecisionName = "add"
    candidate: Annotated[int | None, BeforeValidator(_number)] = None
    reason: StrippedText = ""
    entities: Annotated[list[AnswerEntity], _fitting(AnswerEntity, "malformed entity")] = []
    relations: Annotated[list[AnswerRelation], _fitting(AnswerRelation, "malformed relation")] = []


class Answer(_Part):
    facts: list[AnswerFact]
    user_name: str | None


ANSWER: dict[str, Any] = Answer.model_json_schema()


def read(text: str, refused: Refused) -> tuple[list[AnswerFact], str | None]:
    """The facts of an answer that fit, and how it says that the user is called. Raises BrokenAnswer."""
    found = _object(text)
    if not isinstance(found.get("facts"), list):
        raise BrokenAnswer("The language model's answer has no list of facts.")
    name = found.get("user_name")
    return each(AnswerFact, found["facts"], "malformed fact", refused), name if isinstance(name, str) else None


def _object(text: str) -> dict[str, Any]:
    """The JSON object of an answer, without what a model may put around it: its thoughts, a fence, a greeting."""
    text = text.rpartition("</think>")[2]
    try:
        found, _ = json.JSONDecoder().raw_decode(text[max(text.find("{"), 0) :])
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BrokenAnswer("The language model's answer is no JSON object.")
    return found


def moment_of(text: str | None, zone: dt.tzinfo) -> dt.datetime | None:
    """A day, a month, a year or a moment in ISO form, aware; None when it is none of them."""
    if text is None:
        return None
    full = f"{text}-01-01" if len(text) == 4 else f"{text}-01" if len(text) == 7 else text
    try:
        found = dt.datetime.fromisoformat(full)
    except ValueError:
        return None
    if found.year not in YEARS:
        return None
    return found if found.tzinfo else found.replace(tzinfo=zone)
