"""Errors of a service after the form was valid, such as a concurrent change."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from core.errors import AppError

M = TypeVar("M", bound=Model)


class ServiceErrorMessagesMixin(admin.ModelAdmin[M]):
    """Shows the error as a message on the reloaded page. Only the button "Save" is offered."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        fewer = {"show_save_and_add_another": False, "show_save_and_continue": False}
        try:
            return super().changeform_view(request, object_id, form_url, {**fewer, **(extra_context or {})})
        except AppError as error:
            return self.refused(request, error)

    def refused(self, request: HttpRequest, error: AppError) -> HttpResponse:
        messages.error(request, error.message)
        return HttpResponseRedirect(request.get_full_path())
