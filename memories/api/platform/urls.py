"""The routes of mem0's clients. Every path ends in a slash."""

from django.urls import path

from memories.api.platform import batches, entities, exports, profiles, projects, views

urlpatterns = [
    path("v1/ping/", views.PingView.as_view(), name="platform-ping"),
    path("v3/memories/add/", views.AddView.as_view(), name="platform-add"),
    path("v3/memories/", views.ListView.as_view(), name="platform-list"),
    path("v3/memories/search/", views.SearchView.as_view(), name="platform-search"),
    path("v2/memories/", views.PlainListView.as_view(), name="platform-list-v2"),
    path("v2/memories/search/", views.SearchV2View.as_view(), name="platform-search-v2"),
    path("v1/memories/", views.MemoriesView.as_view(), name="platform-memories"),
    path("v1/memories/search/", views.SearchV1View.as_view(), name="platform-search-v1"),
    path("v1/memories/<str:memory_id>/", views.MemoryView.as_view(), name="platform-memory"),
    path("v1/memories/<str:memory_id>/history/", views.HistoryView.as_view(), name="platform-history"),
    path("v1/batch/", batches.BatchView.as_view(), name="platform-batch"),
    path("v2/entities/user/<path:user_id>/profile/", profiles.ProfileView.as_view(), name="platform-profile"),
    path("v1/entities/", entities.EntitiesView.as_view(), name="platform-entities"),
    path("v2/entities/<str:entity_type>/<path:entity_name>/", entities.EntityView.as_view(), name="platform-entity"),
    path(
        "v1/entities/<str:entity_type>/<path:entity_name>/",
        entities.EntityV1View.as_view(),
        name="platform-entity-v1",
    ),
    path("v1/event/<str:event_id>/", views.EventView.as_view(), name="platform-event"),
    path("v1/events/", views.EventsView.as_view(), name="platform-events"),
    path("v2/profiles/jobs/", profiles.ProfileJobsView.as_view(), name="platform-profile-jobs"),
    path("v2/profiles/jobs/<str:job>/", profiles.ProfileJobView.as_view(), name="platform-profile-job"),
    path("v2/profiles/settings/", profiles.ProfileSettingsView.as_view(), name="platform-profile-settings"),
    path("v1/exports/", exports.ExportsView.as_view(), name="platform-exports"),
    path("v1/exports/get/", exports.ExportView.as_view(), name="platform-export"),
    path("v1/summary/", exports.SummaryView.as_view(), name="platform-summary"),
    path("v1/feedback/", exports.FeedbackView.as_view(), name="platform-feedback"),
    path("api/v1/orgs/organizations/<str:org_id>/projects/", projects.ProjectsView.as_view(), name="platform-projects"),
    path(
        "api/v1/orgs/organizations/<str:org_id>/projects/<str:project_name>/",
        projects.ProjectView.as_view(),
        name="platform-project",
    ),
    path(
        "api/v1/orgs/organizations/<str:org_id>/projects/<str:project_name>/members/",
        projects.MembersView.as_view(),
        name="platform-members",
    ),
]
