"""Routes of entities under `/api/v1`."""

from django.urls import path

from entities.api.remembra import change, graph, views

urlpatterns = [
    path("entities", views.EntitiesView.as_view(), name="api-entities"),
    path("entities/merge", change.MergeView.as_view(), name="api-entities-merge"),
    path("entities/<str:entity_id>", change.EntityView.as_view(), name="api-entity"),
    path("entities/<str:entity_id>/split", change.SplitView.as_view(), name="api-entity-split"),
    path("entities/<str:entity_id>/relationships", graph.RelationshipsView.as_view(), name="api-entity-relationships"),
    path("entities/<str:entity_id>/neighbors", graph.NeighborsView.as_view(), name="api-entity-neighbors"),
    path("graph/path", graph.PathView.as_view(), name="api-graph-path"),
    path("graph", graph.GraphView.as_view(), name="api-graph"),
]
