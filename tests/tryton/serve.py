"""Serves a Tryton database on a free port of the loopback interface, and prints its address.

    serve.py CONFIG DATABASE

`trytond` itself can take any port but a free one.
"""

import logging
import sys

import trytond.config

CONFIG, DATABASE = sys.argv[1:3]
trytond.config.update_etc(CONFIG)
logging.basicConfig(level=logging.ERROR)

from trytond.pool import Pool  # noqa: E402
from trytond.wsgi import app  # noqa: E402
from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: E402


class Quiet(WSGIRequestHandler):
    """Requests are not worth a line."""

    def log_request(self, *args):
        pass


Pool.start()
# Loaded before the first request: a cold server fails it.
Pool(DATABASE).init()
server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
print(f"http://127.0.0.1:{server.server_port}/{DATABASE}", flush=True)
server.serve_forever()
