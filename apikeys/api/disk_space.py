"""Refuses requests that store while the database's disk is nearly full. Reads, deletions and key management go on."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apikeys.api.throttles import required_scope
from apikeys.scopes import Scope
from core import disk


class DiskSpace(BaseThrottle):
    """A throttle class without a rate: DRF calls throttles after authentication and before the view."""

    def allow_request(self, request: Request, view: Any) -> bool:
        if required_scope(request, view) is Scope.WRITE:
            disk.require_space()
        return True
