from django.apps import AppConfig


class ApiKeysConfig(AppConfig):
    name = "apikeys"
    verbose_name = "API keys and tenants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apikeys.api import openapi  # noqa: F401  (drf-spectacular finds its extensions once they are imported)
