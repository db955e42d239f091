"""The service's settings, with an extractor that some texts hang."""

from memproject.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.e2e.hanging.apps.HangingConfig"]  # noqa: F405
