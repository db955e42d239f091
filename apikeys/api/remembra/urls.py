"""Routes of keys under `/api/v1`."""

from django.urls import path

from apikeys.api.remembra import views

urlpatterns = [
    path("keys", views.KeysView.as_view(), name="api-keys"),
    path("keys/<str:key_id>", views.KeyView.as_view(), name="api-key"),
    path("keys/<str:key_id>/rotate", views.RotateView.as_view(), name="api-key-rotate"),
]
