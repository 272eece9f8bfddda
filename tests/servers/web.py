"""A small web for the proxies to talk to: one server that answers in place of every site, plain and encrypted.

In: requests as a proxy sends them to its parent, with whole addresses or as CONNECT. Out: a page, a picture, a
redirect or a failure, by the last part of the path. It listens on loopback, and nothing that it does leaves it.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from typing_extensions import override

#: A phrase that the phrase filter is told to refuse.
BANNED_PHRASE = "zzbannedphrase"
_HTML = "text/html; charset=utf-8"
#: Last part of the path -> status, type, body.
_ANSWERS: dict[str, tuple[int, str, bytes]] = {
    "picture.png": (200, "image/png", b"\x89PNG\r\n\x1a\n" + bytes(300)),
    "style.css": (200, "text/css", b"p { color: black }\n" * 9),
    "script.js": (200, "application/javascript", b"void 0;\n" * 40),
    "program.exe": (200, "application/x-msdownload", b"MZ" + bytes(900)),
    "big": (200, _HTML, b"<p>" + b"a long page " * 20_000),
    "phrase": (200, _HTML, f"<p>In the middle of it {BANNED_PHRASE} stands.".encode()),
    "empty": (204, _HTML, b""),
    "moved": (302, _HTML, b"<p>elsewhere"),
    "missing": (404, _HTML, b"<p>no such page"),
    "forbidden": (403, _HTML, b"<p>the site says no"),
    "broken": (500, _HTML, b"<p>the site is broken"),
}


class _Site(BaseHTTPRequestHandler):
    """Every site."""

    protocol_version = "HTTP/1.1"
    #: Head and body leave in one piece: no waiting for acknowledgements.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        page = f"<title>{len(path)}</title><p>{'An ordinary page. ' * (1 + len(path) % 7)}".encode()
        if path.endswith("/slow"):
            time.sleep(1)
        status, content_type, body = _ANSWERS.get(path.rpartition("/")[2], (200, _HTML, page))
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        if content_type == "image/png":
            self.send_header("Cache-Control", "max-age=600")
        if status == 302:
            self.send_header("Location", "http://www.example.test/elsewhere")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def do_CONNECT(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        self.wfile.flush()
        self.close_connection = True
        with tls(ssl.PROTOCOL_TLS_SERVER).wrap_socket(self.connection, server_side=True) as secure:
            _Site(secure, self.client_address, self.server)

    @override
    def log_message(self, *_args: Any) -> None:
        """Nobody reads it."""


class _Web(ThreadingHTTPServer):
    daemon_threads = True

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A proxy that hangs up is no failure of the web."""


def tls(protocol: int) -> ssl.SSLContext:
    """Encryption without any certificate (anonymous key agreement): a tunnel is all that is wanted of it."""
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("aNULL:@SECLEVEL=0")
    return context


@contextmanager
def web() -> Iterator[int]:
    """The web, for as long as it is wanted. Gives its port on 127.0.0.1."""
    server = _Web(("127.0.0.1", 0), _Site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
