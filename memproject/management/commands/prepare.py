"""`manage.py prepare`: prepare the database, the static files, the operator and a key for `make up`.

The last printed line is JSON: `{"key": …, "shown": …, "password_kept": …}`. `key` is for the command lines of the
banner, `shown` for its line "API key". With API_KEY set, neither contains the whole key.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apikeys import services
from core import __version__
from core.monitoring import multiprocess
from memproject import checks
from memproject.embedded import envfile

KEY_NAME = "make up"
KEY_FILE = "api-key.env"  # below DATA_DIR
KEY_VARIABLE = "API_KEY"
SHOWN = 7  # characters that are shown of an operator's key
OPERATOR = "operator"


class Command(BaseCommand):
    help = "Make the database, static files, operator and an API key ready (used by make up)."
    requires_system_checks = ()  # `handle` runs `checks.refuse_unsafe`, whose error is one sentence

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
        key, shown = key_to_print(settings.API_KEY, settings.DATA_DIR / KEY_FILE)
        self.stdout.write(json.dumps({"key": key, "shown": shown, "password_kept": ensure_operator()}))


def key_to_print(own: str, file: Path) -> tuple[str, str]:
    """The fields `key` and `shown` of the printed JSON. `own` is the operator's API_KEY, or empty."""
    if not own:
        key = ensure_kept_key(file)
        return key, key
    shown = own[:SHOWN] if len(own) >= checks.MIN_KEY_LENGTH else ""
    return f"${KEY_VARIABLE}", f"{shown}… ({KEY_VARIABLE}; the lines below read it from your shell)"


def ensure_kept_key(file: Path) -> str:
    """The key in `file`. Creates a new one if the file has none, or if its key has ended."""
    kept = envfile.read(file).get(KEY_VARIABLE, "")
    if services.ensure_key(kept, name=KEY_NAME, created_by=KEY_NAME):
        return kept
    with transaction.atomic():  # committed after the file is written: otherwise a key might exist that nobody can read
        new = services.create(tenant=services.default_tenant(), name=KEY_NAME, created_by=KEY_NAME)
        envfile.write(file, {KEY_VARIABLE: new.secret})
    return new.secret


def collect_static() -> None:
    """Collect static files unless they are current."""
    digest = hashlib.sha256((settings.BASE_DIR / "requirements.txt").read_bytes() + __version__.encode())
    for path in sorted(settings.BASE_DIR.glob("*/static/**/*.*")):
        digest.update(path.read_bytes())
    wanted = digest.hexdigest()
    stamp = settings.STATIC_ROOT / ".collected"
    if not stamp.exists() or stamp.read_text() != wanted:
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(wanted)


def ensure_operator() -> bool:
    """Create the login of the operator once; → whether its generated password is still valid."""
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
