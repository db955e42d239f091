"""Routes under `/api/v1`."""

from django.urls import path

from memories.api.remembra import (
    batches,
    conversations,
    entities,
    export,
    history,
    maintenance,
    reviews,
    revise,
    temporal,
    tenants,
    users,
    views,
)

urlpatterns = [
    path("memories", views.MemoriesView.as_view(), name="api-memories"),
    path("memories/recall", views.RecallView.as_view(), name="api-recall"),
    path("memories/batch", batches.BatchView.as_view(), name="api-batch"),
    path("memories/cleanup-expired", maintenance.CleanupView.as_view(), name="api-cleanup-expired"),
    path("memories/<str:memory_id>", views.MemoryView.as_view(), name="api-memory"),
    path("memories/<str:memory_id>/history", history.HistoryView.as_view(), name="api-history"),
    path("memories/<str:memory_id>/supersede", revise.SupersedeView.as_view(), name="api-supersede"),
    path("memories/<str:memory_id>/restore", revise.RestoreView.as_view(), name="api-restore"),
    path("ingest/conversation", conversations.ConversationView.as_view(), name="api-ingest-conversation"),
    path("temporal/decay/report", temporal.ReportView.as_view(), name="api-decay-report"),
    path("temporal/memory/<str:memory_id>/decay", temporal.DecayView.as_view(), name="api-decay"),
    path("temporal/cleanup", temporal.CleanView.as_view(), name="api-temporal-cleanup"),
    path("users/<str:user_id>/profile", users.ProfileView.as_view(), name="api-profile"),
    path("entities/<str:entity_id>/memories", entities.EntityMemoriesView.as_view(), name="api-entity-memories"),
    path("events/<str:event_id>", views.EventView.as_view(), name="api-event"),
    path("tenants", tenants.TenantsView.as_view(), name="api-tenants"),
    path("tenants/<str:tenant_id>", tenants.TenantView.as_view(), name="api-tenant"),
    path("reviews", reviews.ReviewsView.as_view(), name="api-reviews"),
    path("reviews/<str:review_id>", reviews.DecisionView.as_view(), name="api-review"),
    path("export", export.ExportView.as_view(), name="api-export"),
    path("erasures/<str:receipt_id>", maintenance.ErasureView.as_view(), name="api-erasure"),
]
