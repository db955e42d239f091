"""Routes of webhooks of mem0's clients. Every path ends in a slash."""

from django.urls import path

from webhooks.api.platform import views

urlpatterns = [
    path(
        "api/v1/webhooks/projects/<str:webhook_project>/",
        views.PlatformProjectWebhooksView.as_view(),
        name="platform-webhooks",
    ),
    path("api/v1/webhooks/<str:webhook_id>/", views.PlatformProjectWebhookView.as_view(), name="platform-webhook"),
]
