from django.apps import AppConfig


class EntitiesConfig(AppConfig):
    name = "entities"
    verbose_name = "Knowledge"
    default_auto_field = "django.db.models.BigAutoField"
