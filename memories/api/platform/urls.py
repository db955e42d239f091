"""The routes of mem0's clients. Every path ends in a slash."""

from django.urls import path

from memories.api.platform import batch_views, exports, owner_views, profiles, projects, views

urlpatterns = [
    path("v1/ping/", views.PlatformPingView.as_view(), name="platform-ping"),
    path("v3/memories/add/", views.PlatformAddView.as_view(), name="platform-add"),
    path("v3/memories/", views.PlatformListView.as_view(), name="platform-list"),
    path("v3/memories/search/", views.PlatformSearchView.as_view(), name="platform-search"),
    path("v2/memories/", views.PlatformPlainListView.as_view(), name="platform-list-v2"),
    path("v2/memories/search/", views.PlatformSearchV2View.as_view(), name="platform-search-v2"),
    path("v1/memories/", views.PlatformMemoriesView.as_view(), name="platform-memories"),
    path("v1/memories/search/", views.PlatformSearchV1View.as_view(), name="platform-search-v1"),
    path("v1/memories/<str:memory_id>/", views.PlatformMemoryView.as_view(), name="platform-memory"),
    path("v1/memories/<str:memory_id>/history/", views.PlatformHistoryView.as_view(), name="platform-history"),
    path("v1/batch/", batch_views.PlatformBatchView.as_view(), name="platform-batch"),
    path("v2/entities/user/<path:user_id>/profile/", profiles.PlatformProfileView.as_view(), name="platform-profile"),
    path("v1/entities/", owner_views.PlatformEntitiesView.as_view(), name="platform-entities"),
    path(
        "v2/entities/<str:entity_type>/<path:entity_name>/",
        owner_views.PlatformEntityView.as_view(),
        name="platform-entity",
    ),
    path(
        "v1/entities/<str:entity_type>/<path:entity_name>/",
        owner_views.PlatformEntityV1View.as_view(),
        name="platform-entity-v1",
    ),
    path("v1/event/<str:event_id>/", views.PlatformEventView.as_view(), name="platform-event"),
    path("v1/events/", views.PlatformEventsView.as_view(), name="platform-events"),
    path("v2/profiles/jobs/", profiles.PlatformProfileJobsView.as_view(), name="platform-profile-jobs"),
    path("v2/profiles/jobs/<str:job>/", profiles.PlatformProfileJobView.as_view(), name="platform-profile-job"),
    path("v2/profiles/settings/", profiles.PlatformProfileSettingsView.as_view(), name="platform-profile-settings"),
    path("v1/exports/", exports.PlatformExportsView.as_view(), name="platform-exports"),
    path("v1/exports/get/", exports.PlatformExportView.as_view(), name="platform-export"),
    path("v1/summary/", exports.PlatformSummaryView.as_view(), name="platform-summary"),
    path("v1/feedback/", exports.PlatformFeedbackView.as_view(), name="platform-feedback"),
    path(
        "api/v1/orgs/organizations/<str:org_id>/projects/",
        projects.PlatformProjectsView.as_view(),
        name="platform-projects",
    ),
    path(
        "api/v1/orgs/organizations/<str:org_id>/projects/<str:project_name>/",
        projects.PlatformProjectView.as_view(),
        name="platform-project",
    ),
    path(
        "api/v1/orgs/organizations/<str:org_id>/projects/<str:project_name>/members/",
        projects.PlatformMembersView.as_view(),
        name="platform-members",
    ),
]
