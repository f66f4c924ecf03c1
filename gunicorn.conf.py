"""Configuration of the web server. gunicorn reads it from the working directory: `gunicorn config.wsgi`."""

from config import environment as env
from config.logs import logging_for_gunicorn
from config.request_limits import WEB_THREADS

_host = "0.0.0.0" if env.text("DATABASE_URL") else "127.0.0.1"
bind = f"{_host}:{env.port('PORT', 8000)}"
workers = env.number("WEB_CONCURRENCY", 2, minimum=1, maximum=256)
worker_class = "config.web_server.worker.BufferingWorker"
threads = WEB_THREADS
loglevel = "warning"  # django-structlog logs each request
logconfig_dict = logging_for_gunicorn()
graceful_timeout = 30  # seconds that running requests may take after SIGTERM
timeout = 60
control_socket_disable = True  # signals suffice
