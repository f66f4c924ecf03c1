"""The web server, however it is started: `gunicorn config.wsgi`."""

from config import environment as env
from config.logs import logging_of_the_web_server
from config.request_limits import WEB_THREADS

_host = "0.0.0.0" if env.text("DATABASE_URL") else "127.0.0.1"
bind = f"{_host}:{env.port('PORT', 8000)}"
workers = env.number("WEB_CONCURRENCY", 2, least=1, most=256)
worker_class = "config.serving.BufferingWorker"
threads = WEB_THREADS
loglevel = "warning"  # requests have lines of their own
logconfig_dict = logging_of_the_web_server()
graceful_timeout = 30  # seconds that requests get to end after SIGTERM
timeout = 60
control_socket_disable = True  # signals are enough
