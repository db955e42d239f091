"""The WSGI application of gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from memproject import checks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memproject.settings")
application = get_wsgi_application()
checks.refuse_unsafe()
