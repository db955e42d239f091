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
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from apikeys import services
from memproject import __version__
from memproject.common import multiprocess

KEY_NAME = "make up"
OPERATOR = "operator"


class Command(BaseCommand):
    help = "Make the database, static files, operator and a fresh API key ready (used by make up)."

    def handle(self, **options: Any) -> None:
        if not os.environ.get("OPERATOR_PASSWORD"):
            raise CommandError("OPERATOR_PASSWORD is not set.")
        call_command("migrate", interactive=False, verbosity=0)
        collect_static()
        multiprocess.empty()
        services.ensure_environment_key()
        tenant = services.default_tenant()
        services.revoke_named(tenant, KEY_NAME)
        key = services.create(tenant=tenant, name=KEY_NAME, created_by="make up")
        self.stdout.write(json.dumps({"key": key.secret, "password_kept": ensure_operator()}))


def collect_static() -> None:
    """Collect static files unless they are those of these requirements."""
    locked = (settings.BASE_DIR / "requirements.txt").read_bytes()
    wanted = hashlib.sha256(locked + __version__.encode()).hexdigest()
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
        user = manager.create_superuser(OPERATOR, password=password)
    return bool(user.check_password(password))
