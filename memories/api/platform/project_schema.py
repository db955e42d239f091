"""The OpenAPI document's entry for each operation about projects, profiles, exports and feedback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema

from core.errors import ScopeDenied
from core.http.platform import PlatformErrorOut
from core.http.responses import answer
from memories.api import examples as ex
from memories.api.platform import project_serializers as api
from memories.api.platform.schema import FILTERED, PROJECT_ID, F, example, said
from memories.api.platform.serializers import PlatformFilteredIn, PlatformProjectQuery
from memories.services.profile import Profile, Topic
from memories.services.user_statistics import UserStats

PROJECT = [
    OpenApiParameter("org_id", OpenApiTypes.STR, "path", examples=[OpenApiExample("Tenant", api.ORG)]),
    OpenApiParameter("project_name", OpenApiTypes.STR, "path", examples=[OpenApiExample("Project", "default")]),
]
PROFILE = api.EntityProfile(
    "user_123", Profile(UserStats(1, 1, 1, ex.TIME, ex.TIME), {"fact": 1}, [Topic("google", 1)], [], [ex.MEMORY])
)
USER = OpenApiParameter("user_id", OpenApiTypes.STR, "path", examples=[OpenApiExample("User", "user_123")])
SETTINGS = {"enabled": True, "entities": {"user": {"custom_instructions": "Keep the tastes."}}}
REFUSED = "Always 403: access is given by API keys, which the admin and `/api/v1/keys` manage."


def _refused(operation: str, summary: str, *, body: Any = None) -> Callable[[F], F]:
    return extend_schema(
        operation_id=operation,
        summary=summary,
        description=REFUSED,
        parameters=PROJECT if "member" in operation or "delete" in operation else PROJECT[:1],
        request=api.PlatformProjectMemberIn if body is not None else None,
        responses={403: answer(PlatformErrorOut, "Always refused", ScopeDenied(REFUSED))},
        examples=example("Refused", body) if body is not None else None,
        extensions={"x-example-refused": True},
    )


create_project = _refused("create_project", "Create a project (refused)", body={"name": "support"})
delete_project = _refused("delete_project", "Delete a project (refused)")
get_members = _refused("list_project_members", "List the members of a project (refused)")
add_member = _refused("add_project_member", "Add a member to a project (refused)", body={"email": "ann@example.com"})
update_member = _refused("update_project_member", "Update a member of a project (refused)", body={"role": "OWNER"})
remove_member = _refused("delete_project_member", "Remove a member from a project (refused)")
get_project = extend_schema(
    operation_id="get_project",
    summary="Get the settings of a project",
    description="`fields` names the settings to return; it may be repeated.",
    parameters=[*PROJECT, OpenApiParameter("fields", OpenApiTypes.STR, many=True)],
    responses={200: answer(api.PlatformProjectOut, "The project")},
)
update_project = extend_schema(
    operation_id="update_project",
    summary="Update the settings of a project",
    description=(
        "Instructions and categories are kept and given to the language model, if the service has one (the first "
        "4,000 characters). The other settings are only kept."
    ),
    parameters=PROJECT,
    request=api.PlatformUpdateProjectIn,
    responses={200: answer(api.PlatformProjectOut, "The project")},
    examples=example("Instructions", {"custom_instructions": "Keep the tastes of the user."}),
)
get_profile = extend_schema(
    operation_id="get_profile",
    summary="Get the profile of a user",
    description="Facts, topics and entities of the memories of a user, computed for this request.",
    parameters=[USER, PlatformProjectQuery],
    responses={200: answer(api.PlatformProfileOut, "The profile", PROFILE)},
)
delete_profile_owner = extend_schema(
    operation_id="delete_profile_owner",
    summary="Delete the memories of a user whose id ends in /profile",
    description=(
        "Erases all memories of the user `{user_id}/profile`, whose path as an entity this is. Profiles are computed: "
        "there is none to delete."
    ),
    parameters=[USER, PROJECT_ID],
    request=None,
    responses={200: said("Entity deleted successfully!")},
)
create_profile_job = extend_schema(
    operation_id="create_profile_job",
    summary="Generate profiles",
    description="Changes nothing: profiles are computed when they are read. The status is `not_enabled`.",
    request=api.PlatformProfileJobIn,
    responses={200: answer(api.PlatformProfileJobOut, "The job")},
    examples=example("One user", {"operation": "trigger", "entity_type": "user", "entity_id": "user_123"}),
)
get_profile_job = extend_schema(
    operation_id="get_profile_job",
    summary="Get a job",
    description="The status is `not_enabled`.",
    parameters=[OpenApiParameter("job", OpenApiTypes.STR, "path", examples=[OpenApiExample("Job", "not_enabled")])],
    responses={200: answer(api.PlatformProfileJobStateOut, "The job")},
)
get_profile_settings = extend_schema(
    operation_id="get_profile_settings",
    summary="Get the settings of profiles",
    description="The settings as they were stored.",
    parameters=[PlatformProjectQuery],
    responses={200: answer(api.PlatformProfileSettingsOut, "The settings", SETTINGS)},
)
update_profile_settings = extend_schema(
    operation_id="update_profile_settings",
    summary="Update the settings of profiles",
    description="The settings are kept, at most 16 KB; profiles have the same form with any schema.",
    request=api.PlatformProfileSettingsIn,
    responses={200: answer(api.PlatformProfileSettingsOut, "The settings", SETTINGS)},
    examples=example("Instructions", SETTINGS),
)
create_export = extend_schema(
    operation_id="create_export",
    summary="Create an export",
    description="The export contains the memories as JSON and ignores the schema. A request for the export reads them.",
    request=api.PlatformExportIn,
    responses={201: answer(api.PlatformExportCreatedOut, "Created")},
    examples=example("Memories of a user", {"schema": {"type": "object"}, **FILTERED}),
)
get_export = extend_schema(
    operation_id="get_export",
    summary="Get an export",
    description="The memories of an export, or those that match the filters; at most 10,000.",
    request=api.PlatformGetExportIn,
    responses={200: answer(api.PlatformExportOut, "The memories")},
    examples=example("Memories of a user", FILTERED),
)
get_summary = extend_schema(
    operation_id="get_summary",
    summary="Get a summary",
    description="The 20 newest memories that match the filters, one on each line.",
    request=PlatformFilteredIn,
    responses={200: answer(api.PlatformSummaryOut, "The summary")},
    examples=example("Memories of a user", FILTERED),
)
feedback = extend_schema(
    operation_id="add_feedback",
    summary="Rate a memory",
    description="The feedback is kept with the memory, which the admin shows, and erased with it.",
    request=api.PlatformFeedbackIn,
    responses={200: answer(api.PlatformFeedbackOut, "The feedback")},
    examples=example(
        "Positive", {"memory_id": ex.MEMORY_ID, "feedback": "POSITIVE", "feedback_reason": "It was right."}
    ),
)
