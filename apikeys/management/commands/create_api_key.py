"""`manage.py create_api_key --name NAME`: create an API key and show it once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from apikeys import services
from apikeys.models import Tenant
from apikeys.scopes import Role
from core.errors import AppError


class Command(BaseCommand):
    help = "Create an API key. It is shown once and not stored."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True, help="what the key is for")
        parser.add_argument("--role", choices=[r.value for r in Role], default=Role.EDITOR.value)
        parser.add_argument("--tenant", default=services.DEFAULT_TENANT, help="slug (default: %(default)s)")
        parser.add_argument("--user", help="bind the key to this end user")
        parser.add_argument("--project", action="append", default=[], help="allow this project only; may be repeated")
        parser.add_argument("--expires-at", help="ISO 8601 time with offset")
        parser.add_argument("--replace", action="store_true", help="revoke earlier keys with this name")
        parser.add_argument("--quiet", action="store_true", help="print only the key")

    def handle(self, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"], erased_at=None).first()
        if tenant is None:
            raise CommandError(f"No tenant with the slug '{options['tenant']}'.")
        expires_at = parse_datetime(options["expires_at"]) if options["expires_at"] else None
        if options["expires_at"] and (expires_at is None or expires_at.tzinfo is None):
            raise CommandError("--expires-at takes an ISO 8601 time with an offset, such as 2027-01-01T00:00:00Z.")
        if options["replace"]:
            services.revoke_named(tenant, options["name"])
        try:
            new = services.create(
                tenant=tenant,
                name=options["name"],
                role=Role(options["role"]),
                user_id=options["user"],
                project_ids=options["project"],
                expires_at=expires_at,
                created_by="command",
            )
        except AppError as error:
            raise CommandError(error.message) from None
        if options["quiet"]:
            self.stdout.write(new.secret)
            return
        self.stdout.write(f"{new.secret}\nThis is the only time the key '{new.row.name}' is shown.")
