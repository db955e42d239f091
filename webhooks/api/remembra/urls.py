"""Routes of webhooks under `/api/v1`."""

from django.urls import path

from webhooks.api.remembra import views

urlpatterns = [
    path("webhooks", views.WebhooksView.as_view(), name="api-webhooks"),
    path("webhooks/<str:webhook_id>", views.WebhookView.as_view(), name="api-webhook"),
    path("webhooks/<str:webhook_id>/deliveries", views.DeliveriesView.as_view(), name="api-deliveries"),
    path("webhooks/<str:webhook_id>/test", views.TestView.as_view(), name="api-webhook-test"),
]
