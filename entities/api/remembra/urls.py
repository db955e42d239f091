"""Routes of entities under `/api/v1`."""

from django.urls import path

from entities.api.remembra import graph, views

urlpatterns = [
    path("entities", views.EntitiesView.as_view(), name="api-entities"),
    path("entities/<str:entity_id>/relationships", graph.RelationshipsView.as_view(), name="api-entity-relationships"),
    path("entities/<str:entity_id>/neighbors", graph.NeighborsView.as_view(), name="api-entity-neighbors"),
    path("graph/path", graph.PathView.as_view(), name="api-graph-path"),
    path("graph", graph.GraphView.as_view(), name="api-graph"),
]
