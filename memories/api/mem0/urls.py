"""Routes under `/v1`. No trailing slash."""

from django.urls import path

from memories.api.mem0 import views

urlpatterns = [
    path("memories", views.Mem0MemoriesView.as_view(), name="v1-memories"),
    path("memories/search", views.SearchView.as_view(), name="v1-search"),
    path("memories/user/<path:user_id>", views.UserView.as_view(), name="v1-user"),
    path("memories/<str:memory_id>", views.Mem0MemoryView.as_view(), name="v1-memory"),
    path("memories/<str:memory_id>/history", views.Mem0HistoryView.as_view(), name="v1-history"),
    path("events/<str:event_id>", views.Mem0EventView.as_view(), name="v1-event"),
]
