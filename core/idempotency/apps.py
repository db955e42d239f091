from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    name = "core.idempotency"
    label = "core"
    verbose_name = "Idempotency records"
    default_auto_field = "django.db.models.BigAutoField"
