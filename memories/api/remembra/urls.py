"""Routes under `/api/v1`."""

from django.urls import path

from memories.api.remembra import views

urlpatterns = [
    path("memories", views.MemoriesView.as_view(), name="api-memories"),
    path("memories/recall", views.RecallView.as_view(), name="api-recall"),
    path("memories/<str:memory_id>", views.MemoryView.as_view(), name="api-memory"),
    path("memories/<str:memory_id>/history", views.HistoryView.as_view(), name="api-history"),
    path("events/<str:event_id>", views.EventView.as_view(), name="api-event"),
]
