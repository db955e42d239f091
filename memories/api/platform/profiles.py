"""Profiles of mem0's clients. They are computed when they are read; jobs have nothing to do."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.errors import InvalidRequest, ScopeDenied
from core.http.base import PlatformView
from memories.api.platform import project_schema as schema
from memories.api.platform.owner_views import delete_owner
from memories.api.platform.project_serializers import (
    EntityProfile,
    PlatformProfileJobIn,
    PlatformProfileJobOut,
    PlatformProfileJobStateOut,
    PlatformProfileOut,
    PlatformProfileSettingsIn,
    PlatformProfileSettingsOut,
    ProfileJob,
    ProfileJobState,
)
from memories.api.platform.responses import PlatformMessageOut
from memories.api.platform.serializers import PlatformProjectQuery
from memories.services import projects
from memories.services.profile import profile


class PlatformProfileView(PlatformView):
    """The path is also that of a user whose id ends in `/profile`, whom `reset` deletes."""

    permission_classes = (requires(GET=Scope.READ, DELETE=Scope.DELETE),)
    atomic = False

    @schema.get_profile
    def get(self, request: Request, user_id: str) -> Response:
        caller, user_id = principal(request), self.name("user_id", user_id)
        project = caller.one_project(self.query(request, PlatformProjectQuery).get("project_id"))
        return self.ok(PlatformProfileOut, EntityProfile(user_id, profile(caller, user_id, project)))

    @schema.delete_profile_owner
    def delete(self, request: Request, user_id: str) -> Response:
        return self.ok(PlatformMessageOut, delete_owner(request, "user", f"{user_id}/profile"))


class PlatformProfileJobsView(PlatformView):
    permission_classes = (requires(POST=Scope.WRITE),)

    @schema.create_profile_job
    def post(self, request: Request) -> Response:
        data = self.body(request, PlatformProfileJobIn)
        return self.ok(PlatformProfileJobOut, ProfileJob(data["operation"]))


class PlatformProfileJobView(PlatformView):
    """All jobs are the same one."""

    permission_classes = (requires(GET=Scope.READ),)

    @schema.get_profile_job
    def get(self, request: Request, job: str) -> Response:
        return self.ok(PlatformProfileJobStateOut, ProfileJobState())


class PlatformProfileSettingsView(PlatformView):
    permission_classes = (requires(GET=Scope.READ, POST=Scope.WRITE),)

    @schema.get_profile_settings
    def get(self, request: Request) -> Response:
        caller = principal(request)
        project = caller.one_project(self.query(request, PlatformProjectQuery).get("project_id"))
        kept = projects.read(caller, project).get(projects.PROFILES, {})
        return self.ok(PlatformProfileSettingsOut, kept)

    @schema.update_profile_settings
    def post(self, request: Request) -> Response:
        caller, data = principal(request), self.body(request, PlatformProfileSettingsIn)
        if caller.user_id is not None:
            raise ScopeDenied("This API key acts for one user and may not change settings of the project.")
        project = caller.one_project(data.pop("project_id", None))
        if not data:
            raise InvalidRequest("Send enabled, entities or both.", field="enabled")
        for kind, settings in data.get("entities", {}).items():
            if not isinstance(settings, dict):
                raise InvalidRequest(f"entities.{kind[:64]}: must be a JSON object", field="entities")
        return self.ok(PlatformProfileSettingsOut, projects.change_profiles(caller, project, data))
