"""Tables of what the service answers and sends."""

from memproject.delivery.models.delivery import Delivery
from memproject.delivery.models.receipt import Receipt
from memproject.delivery.models.webhook import Webhook

__all__ = ["Delivery", "Receipt", "Webhook"]
