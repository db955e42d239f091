"""Routes of entities under `/api/v1`."""

from django.urls import path

from entities.api.remembra import views

urlpatterns = [
    path("entities", views.EntitiesView.as_view(), name="api-entities"),
]
