"""The route of the MCP server."""

from django.urls import path

from memories.api.mcp.views import McpView

urlpatterns = [path("mcp", McpView.as_view(), name="mcp")]
