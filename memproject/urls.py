"""Every route of the service. Unknown paths are answered in the dialect that their prefix belongs to."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularRedocView as ReDocView
from drf_spectacular.views import SpectacularSwaggerView

from core.http.openapi_view import OpenApiView
from memproject.status.views import HealthView, MetricsView, PrometheusView, StatusView

urlpatterns = [
    path("health", HealthView.as_view(), name="health"),
    path("v1/health", HealthView.as_view(), name="v1-health"),
    path("api/v1/health", HealthView.as_view(), name="api-health"),
    path("status", StatusView.as_view(), name="status"),
    path("v1/status", StatusView.as_view(), name="v1-status"),
    path("metrics", PrometheusView.as_view(), name="metrics"),
    path("v1/metrics", MetricsView.as_view(), name="v1-metrics"),
    path("", include("memories.api.platform.urls")),
    path("", include("webhooks.api.platform.urls")),
    path("", include("memories.api.mcp.urls")),
    path("v1/", include("memories.api.mem0.urls")),
    path("api/v1/", include("memories.api.remembra.urls")),
    path("api/v1/", include("apikeys.api.remembra.urls")),
    path("api/v1/", include("entities.api.remembra.urls")),
    path("api/v1/", include("webhooks.api.remembra.urls")),
    path("admin/", admin.site.urls),
    path("openapi.json", OpenApiView.as_view(), name="openapi"),
    path("docs", SpectacularSwaggerView.as_view(url_name="openapi"), name="docs"),
    path("redoc", ReDocView.as_view(url_name="openapi", template_name="memproject/redoc.html"), name="redoc"),
]

handler400 = "core.http.exception_handler.bad_request"
handler403 = "core.http.exception_handler.permission_denied"
handler404 = "core.http.exception_handler.page_not_found"
handler500 = "core.http.exception_handler.server_error"
