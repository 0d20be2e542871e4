"""A program that behaves as a node towards its launcher, and shows what it was given."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer

STARTED = time.monotonic()
READY_AFTER = float(os.environ.get("READY_AFTER", "0"))


class Handler(BaseHTTPRequestHandler):
    """``/readyz`` is 503 for ``READY_AFTER`` seconds; every answer holds the environment."""

    def do_GET(self) -> None:
        """Answer."""
        ready = time.monotonic() - STARTED >= READY_AFTER
        body = json.dumps({"args": sys.argv[1:], "env": dict(os.environ)}).encode()
        self.send_response(200 if ready else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingTCPServer):
    """Listens again at once after a restart; asks no name server for its own name."""

    allow_reuse_address = True
    daemon_threads = True


def main() -> None:
    """Serve until SIGTERM, which ends it with exit code 0 and a word in the log."""

    def drain(*_: object) -> None:
        print("drained", flush=True)
        sys.exit(0)

    signal.signal(signal.SIGTERM, drain)
    address = os.environ["IM_HTTP_ADDRESS"], int(os.environ["IM_HTTP_PORT"])
    print("listening on", address, flush=True)
    Server(address, Handler).serve_forever()


if __name__ == "__main__":
    main()
