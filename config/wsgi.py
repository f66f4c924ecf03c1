import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.start import ensure_ready

application = get_wsgi_application()
ensure_ready()
