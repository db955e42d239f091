"""`manage.py prepare`: the database, the static files, the operator and a fresh key, made ready for `make up`.

The last line it prints is JSON: `{"key": …, "password_kept": …}`.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from apikeys import services
from memproject import __version__, checks
from memproject.common import multiprocess

KEY_NAME = "make up"
OPERATOR = "operator"


class Command(BaseCommand):
    help = "Make the database, static files, operator and a fresh API key ready (used by make up)."
    requires_system_checks = ()  # `checks.refuse_unsafe` says what is wrong in one sentence

    def handle(self, **options: Any) -> None:
        if not os.environ.get("OPERATOR_PASSWORD"):
            raise CommandError("OPERATOR_PASSWORD is not set.")
        try:
            checks.refuse_unsafe()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        call_command("migrate", interactive=False, verbosity=0)
        collect_static()
        multiprocess.empty()
        services.ensure_environment_key()
        tenant = services.default_tenant()
        services.revoke_named(tenant, KEY_NAME)
        key = services.create(tenant=tenant, name=KEY_NAME, created_by="make up")
        self.stdout.write(json.dumps({"key": key.secret, "password_kept": ensure_operator()}))


def collect_static() -> None:
    """Collect static files unless they are those of these requirements and of our own apps."""
    digest = hashlib.sha256((settings.BASE_DIR / "requirements.txt").read_bytes() + __version__.encode())
    for path in sorted(settings.BASE_DIR.glob("*/static/**/*.*")):
        digest.update(path.read_bytes())
    wanted = digest.hexdigest()
    stamp = settings.STATIC_ROOT / ".collected"
    if not stamp.exists() or stamp.read_text() != wanted:
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(wanted)


def ensure_operator() -> bool:
    """Make the operator's login once; → whether the password that was made for it is still in force."""
    password = os.environ["OPERATOR_PASSWORD"]
    manager = get_user_model()._default_manager
    user = manager.filter(username=OPERATOR).first()
    if user is None:
        try:
            validate_password(password)
        except ValidationError as error:
            raise CommandError(f"OPERATOR_PASSWORD is too weak. {' '.join(error.messages)}") from None
        user = manager.create_superuser(OPERATOR, password=password)
    return bool(user.check_password(password))
