"""Projects of mem0's clients: settings. Members and new projects belong to the administration of the service."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.errors import ScopeDenied
from core.http.base import PlatformView
from memories.api.platform import project_schema as schema
from memories.api.platform.project_serializers import PlatformProjectOut, PlatformUpdateProjectIn, ProjectRecord
from memories.services import projects

ELSEWHERE = (
    "Projects are names: a project begins with its first memory. Access is given by API keys; create them in the "
    "admin (/admin) or with POST /api/v1/keys."
)


class PlatformProjectsView(PlatformView):
    permission_classes = (requires(POST=Scope.WRITE),)

    @schema.create_project
    def post(self, request: Request, org_id: str) -> Response:
        raise ScopeDenied(ELSEWHERE)


class ProjectPathView(PlatformView):
    """A view whose path names a project."""

    def project(self, request: Request, org_id: str, name: str) -> str:
        """Raises NotFound if the caller may not manage it."""
        return projects.checked(principal(request), org_id, self.name("project_name", name))


class PlatformProjectView(ProjectPathView):
    permission_classes = (requires(GET=Scope.READ, PATCH=Scope.WRITE, DELETE=Scope.DELETE),)

    @schema.get_project
    def get(self, request: Request, org_id: str, project_name: str) -> Response:
        caller, project = principal(request), self.project(request, org_id, project_name)
        body = PlatformProjectOut.render(ProjectRecord(org_id, project, projects.read(caller, project)))
        wanted = [name for said in request.query_params.getlist("fields") for name in said.split(",") if name]
        return Response({name: body[name] for name in wanted if name in body} if wanted else body)

    @schema.update_project
    def patch(self, request: Request, org_id: str, project_name: str) -> Response:
        caller, project = principal(request), self.project(request, org_id, project_name)
        values = projects.change(caller, project, self.body(request, PlatformUpdateProjectIn))
        return self.ok(PlatformProjectOut, ProjectRecord(org_id, project, values))

    @schema.delete_project
    def delete(self, request: Request, org_id: str, project_name: str) -> Response:
        self.project(request, org_id, project_name)
        raise ScopeDenied("Nothing was deleted: memories are deleted by their owners, with delete_all or delete_users.")


class PlatformMembersView(ProjectPathView):
    permission_classes = (requires(GET=Scope.READ, POST=Scope.WRITE, PUT=Scope.WRITE, DELETE=Scope.WRITE),)

    @schema.get_members
    def get(self, request: Request, org_id: str, project_name: str) -> Response:
        return self._refused(request, org_id, project_name)

    @schema.add_member
    def post(self, request: Request, org_id: str, project_name: str) -> Response:
        return self._refused(request, org_id, project_name)

    @schema.update_member
    def put(self, request: Request, org_id: str, project_name: str) -> Response:
        return self._refused(request, org_id, project_name)

    @schema.remove_member
    def delete(self, request: Request, org_id: str, project_name: str) -> Response:
        return self._refused(request, org_id, project_name)

    def _refused(self, request: Request, org_id: str, project_name: str) -> Response:
        self.project(request, org_id, project_name)
        raise ScopeDenied(ELSEWHERE)
