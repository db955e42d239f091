"""Adjectives for revisions: which are alive, in a scope, current."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from memories.types import Scope

if TYPE_CHECKING:
    from memories.models import Revision  # noqa: F401  (named in a string below)


class RevisionQuerySet(models.QuerySet["Revision"]):
    def in_scope(self, scope: Scope) -> Self:
        """Inside the tenant, and inside the user, projects, agent and run where the scope names them."""
        rows = self.filter(tenant=scope.tenant_id)
        if scope.user_id is not None:
            rows = rows.filter(user_id=scope.user_id)
        if scope.projects is not None:
            rows = rows.filter(project__in=scope.projects)
        if scope.agent_id is not None:
            rows = rows.filter(agent_id=scope.agent_id)
        if scope.run_id is not None:
            rows = rows.filter(run_id=scope.run_id)
        return rows

    def open(self, as_of: dt.datetime | None = None) -> Self:
        """The last word about each memory, now or then."""
        if as_of is None:
            return self.filter(retired_at=None)
        return self.filter(Q(retired_at=None) | Q(retired_at__gt=as_of), recorded_at__lte=as_of)

    def alive(self, moment: dt.datetime) -> Self:
        """Known now, valid now, not archived, not expired: what a reader sees without asking for more."""
        return self.open().filter(
            Q(valid_to=None) | Q(valid_to__gt=moment),
            Q(expires_at=None) | Q(expires_at__gt=moment),
            archived=False,
        )
