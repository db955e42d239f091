"""The service's settings, with an extractor that some texts hang."""

from memproject.settings import *  # noqa: F403
from memproject.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.e2e.hanging.apps.HangingConfig"]
