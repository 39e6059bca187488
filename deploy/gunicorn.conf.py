"""gunicorn's settings, locally and in production."""

import os

bind = os.environ.get("GROUNDSWELL_BIND", "127.0.0.1:8000")
worker_class = "gthread"
# A thread is a request in hand: those that wait for one group commit wait together.
workers = int(os.environ.get("GROUNDSWELL_HTTP_WORKERS", "2"))
threads = int(os.environ.get("GROUNDSWELL_HTTP_THREADS", "32"))
# On one machine: what the processes have in common is in memory once, and one that was killed is
# back at once. Elsewhere SIGHUP is to load what is new.
preload_app = os.environ.get("GROUNDSWELL_LOCAL") == "true"
keepalive = 5
timeout = 30
graceful_timeout = 15
accesslog = None
loglevel = "warning"
