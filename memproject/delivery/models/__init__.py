"""Tables of what the service answers and sends."""

from memproject.delivery.models.receipt import Receipt

__all__ = ["Receipt"]
