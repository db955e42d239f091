"""Programs that train the models of the service from the data in `training/data`. Not part of the running service.
They read the settings of the service."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memproject.settings")
django.setup()
