"""The response to a login of the admin from an address with too many failures (django-axes)."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.http.client_address import client_address

log = logging.getLogger(__name__)


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """429 with Retry-After: at most the whole lockout time."""
    seconds = round(settings.AXES_COOLOFF_TIME.total_seconds())
    log.warning("The admin login is locked for %s.", client_address(request))
    said = {**admin.site.each_context(request), "minutes": seconds // 60}
    page = render(request, "core/locked_out.html", said, status=429)
    page["Retry-After"] = str(seconds)
    return page
