"""Forms of the admin. A refusal of a service is shown beside its field."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError

from apikeys import services, tenants
from apikeys.limits import STANDARD
from apikeys.models import ApiKey, Tenant
from core.errors import InvalidRequest
from core.ids import new_id

NEW_KEY_SALT = "apikeys.admin.new-key"
ROOM = {"rate_limits": forms.Textarea({"rows": 2, "cols": 60})}


def _limits(said: object) -> dict[str, str]:
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise ValidationError('must be an object of limits, such as {"v1": "200/m"}')
    try:
        return services.checked_limits(said)
    except InvalidRequest as error:
        raise ValidationError(error.message) from None


class TenantForm(forms.ModelForm[Tenant]):
    class Meta:
        model = Tenant
        fields = ("slug", "name", "default_project", "rate_limits")
        widgets = ROOM

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        try:
            tenants.check_slug(slug)
        except InvalidRequest as error:
            raise ValidationError(error.message) from None
        if Tenant.objects.filter(slug=slug, erased_at=None).exists():
            raise ValidationError("another tenant has this slug")
        return slug

    def clean_rate_limits(self) -> dict[str, str]:
        return _limits(self.cleaned_data["rate_limits"])


class KeyForm(forms.ModelForm[ApiKey]):
    class Meta:
        model = ApiKey
        fields = (
            "tenant",
            "name",
            "role",
            "user_id",
            "project_ids",
            "rate_limit_tier",
            "rate_limits",
            "expires_at",
        )
        widgets = ROOM

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "rate_limit_tier" in self.fields:
            known = dict.fromkeys((*services.tiers(), self.instance.rate_limit_tier or STANDARD))
            self.fields["rate_limit_tier"] = forms.ChoiceField(
                choices=[(tier, tier) for tier in known], initial=STANDARD, help_text="See RATE_LIMIT_TIERS."
            )

    def clean_rate_limits(self) -> dict[str, str]:
        return _limits(self.cleaned_data["rate_limits"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        tier = data.get("rate_limit_tier", STANDARD)
        kept = tier == self.initial.get("rate_limit_tier")  # may be a tier that was removed from the settings
        name, expires_at = data.get("name", "-"), data.get("expires_at")
        try:
            services.check_fields(name=name, expires_at=expires_at, tier=STANDARD if kept else tier)
        except InvalidRequest as error:
            raise ValidationError({str(error.data["field"]): error.message}) from None
        return data


def one_time_token() -> str:
    """The signed id of the key that a form will create. A repeated submit fails at the primary key."""
    return signing.dumps(str(new_id()), salt=NEW_KEY_SALT)


class NewKeyForm(KeyForm):
    """The form of a new key. `one_time_token` contains the id of the key."""

    one_time_token = forms.CharField(
        widget=forms.HiddenInput, error_messages={"required": "The form is incomplete: open it again."}
    )

    def clean_one_time_token(self) -> UUID:
        try:
            return UUID(signing.loads(self.cleaned_data["one_time_token"], salt=NEW_KEY_SALT))
        except (signing.BadSignature, ValueError):
            raise ValidationError("The form has expired: open it again.") from None
