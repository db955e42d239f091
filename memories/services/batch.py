"""Several stores in one request: items succeed or fail separately; the accepted ones are committed together."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from apikeys.types import Principal
from core.errors import AppError
from memories.models import Source
from memories.services.store import enqueue_writes, results, source_of
from memories.types import StoreCommand, WriteResult

BatchAnswer = WriteResult | AppError


def store_all(principal: Principal, commands: Sequence[StoreCommand | AppError], *, wait: bool) -> list[BatchAnswer]:
    """The result of each command in order; items that the API refused keep their error."""
    sources: list[Source] = []
    refused: dict[int, AppError] = {}
    for index, command in enumerate(commands):
        try:
            if isinstance(command, AppError):
                raise command
            sources.append(source_of(principal, command))
        except AppError as error:
            refused[index] = error
    response_context = {str(index): [e.code, e.status, e.message, e.data] for index, e in refused.items()}
    return _joined(enqueue_writes(sources, wait=wait, response_context=response_context), refused)


def replayed(principal: Principal, sources: Sequence[uuid.UUID], response_context: dict[str, Any]) -> list[BatchAnswer]:
    """The results of a batch that was accepted before."""
    refused: dict[int, AppError] = {}
    for index, (code, status, message, data) in response_context.items():
        refused[int(index)] = error = AppError(message, **data)
        error.code, error.status = code, status
    return _joined(results(principal.tenant_id, sources), refused)


def _joined(accepted: Sequence[WriteResult], refused: dict[int, AppError]) -> list[BatchAnswer]:
    following = iter(accepted)
    return [refused.get(index) or next(following) for index in range(len(accepted) + len(refused))]
