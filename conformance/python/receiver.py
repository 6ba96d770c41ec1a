"""A clinic's webhook server: it keeps what it was asked, and answers what the test tells it."""

import http.server
import os
import ssl
import threading
import urllib.parse
from dataclasses import dataclass

import server

EMPTY = "<Response/>"
MAX_REQUEST_BYTES = 64 * 1024
STOP_SECONDS = 10
POLL_SECONDS = 0.05
SOCKET_SECONDS = 10


@dataclass
class Received:
    """One request as it came in."""

    method: str
    url: str
    headers: dict
    body: str

    @property
    def path(self):
        return urllib.parse.urlsplit(self.url).path

    @property
    def form(self):
        return dict(urllib.parse.parse_qsl(self.body, keep_blank_values=True, strict_parsing=True))

    @property
    def signature(self):
        return self.headers.get("x-twilio-signature", "")


class Receiver:
    """An HTTPS server on 127.0.0.1, in a thread of its own, with one of run.py's certificates."""

    def __init__(self, certificate="trusted"):
        folder = server.setting("webhooks")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(folder, f"{certificate}.pem"), os.path.join(folder, f"{certificate}.key"))
        self.received = []
        self.answers = {}
        self.statuses = {}
        # The handshake is done in the request's own thread: one that fails must not stop the others.
        self.server = Listener(("127.0.0.1", 0), handler_of(self), context)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(POLL_SECONDS,), daemon=True)
        self.thread.start()

    def url(self, path):
        return f"https://127.0.0.1:{self.server.server_address[1]}{path}"

    def at(self, path):
        """What came in at a path, oldest first."""
        return [one for one in list(self.received) if one.path == path]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(STOP_SECONDS)


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, handler, context):
        super().__init__(address, handler)
        self.context = context

    def finish_request(self, request, client_address):
        request.settimeout(SOCKET_SECONDS)
        try:
            with self.context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
        except OSError:
            # A client that distrusts the certificate ends the handshake: what the test wants to see is
            # that no request came.
            pass


def handler_of(receiver):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            length = min(int(self.headers.get("Content-Length") or 0), MAX_REQUEST_BYTES)
            body = self.rfile.read(length).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(self.command, receiver.url(self.path), headers, body)
            answer = receiver.answers.get(received.path, EMPTY).encode()
            receiver.received.append(received)
            self.send_response(receiver.statuses.get(received.path, 200))
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    return Handler
