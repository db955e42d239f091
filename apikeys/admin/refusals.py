"""What a service refuses after the form was found right: somebody else was faster."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponseRedirect

from memproject.common.errors import AppError

M = TypeVar("M", bound=Model)


class SaysRefusals(admin.ModelAdmin[M]):
    """Says it on the page, which is loaded anew."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except AppError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(request.get_full_path())
