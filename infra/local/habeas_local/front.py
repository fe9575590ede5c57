"""The front page server of a local Habeas: the pages, and beside them the API, at one stable address.

``python -m habeas_local.front --front-port 8787 --api-file .habeas/stack.json --pages infra/web``

* ``/{controller}/v1/...`` goes to the API as it is; the answer comes back as it is, redirects included.
* ``/_local/token?...`` and ``/_local/mail`` go to the token issuer and to the emulator's outbox, so that a page
  can show both without a word about other ports. ``/_local/health`` answers when the server is up.
* Everything else is a file below ``--pages``; a folder or a path without extension finds its HTML file.

It listens on loopback only, and answers only to loopback's names: a page elsewhere that points a name of its own
at 127.0.0.1 gets nothing.
"""

from __future__ import annotations

import argparse
import http.client
import json
import mimetypes
import re
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Sequence

from habeas_local.settings import LOOPBACK

API_PATH = re.compile(r"/[^/]+/v1(/|$)")
LOCAL_PATHS = {"/_local/token": ("issuer", "/token"), "/_local/mail": ("endpoint", "/_ministack/ses/messages")}
BODY_BYTES_MAX = 10 * 1024 * 1024
API_SECONDS_MAX = 60
# These belong to one connection, not to what is passed on. Length and host are set anew.
HOP_HEADERS = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
               "transfer-encoding", "upgrade", "host", "content-length"}
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".mjs": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".json": "application/json", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8"}


class NotDeployed(Exception):
    """There is no stack to pass requests to yet."""


def find_page(pages: Path, path: str) -> Path | None:
    """The file below ``pages`` that a path names, or None."""
    relative = urllib.parse.unquote(path).lstrip("/")
    if "\0" in relative:
        return None
    root = pages.resolve()
    wanted = root / relative
    for candidate in (wanted, wanted / "index.html", wanted.with_name(wanted.name + ".html") if wanted.name else root):
        found = candidate.resolve()
        inside = found == root or root in found.parents
        hidden = any(part.startswith(".") for part in found.relative_to(root).parts) if inside else True
        if inside and not hidden and found.is_file():
            return found
    return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Front"

    def answer(self) -> None:
        port = self.server.server_address[1]
        if self.headers.get("Host") not in (f"{LOOPBACK}:{port}", f"localhost:{port}"):
            return self.problem(421, "Misdirected Request", "This server answers only to 127.0.0.1 and localhost.")
        path, _, query = self.path.partition("?")
        if path == "/_local/health":
            return self.send(200, [("Content-Type", "text/plain")], b"ok\n")
        try:
            if API_PATH.match(path):
                return self.forward("api_url", self.path)
            if path in LOCAL_PATHS:
                base, target = LOCAL_PATHS[path]
                return self.forward(base, f"{target}?{query}" if query else target)
        except NotDeployed:
            return self.problem(503, "Not deployed", "The stack is not deployed yet: run `cargo xtask up`.")
        except (OSError, http.client.HTTPException):
            return self.problem(502, "Not answering", "The local AWS does not answer: see `cargo xtask status`.")
        self.page(path)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer

    def page(self, path: str) -> None:
        if self.command not in ("GET", "HEAD"):
            return self.problem(405, "Method Not Allowed", "Pages are only read.")
        found = find_page(self.server.pages, path)
        if found is None:
            return self.problem(404, "Not Found", "There is no page here.")
        kind = TYPES.get(found.suffix) or mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        headers = [("Content-Type", kind), ("Cache-Control", "no-cache"), ("X-Content-Type-Options", "nosniff")]
        self.send(200, headers, found.read_bytes())

    def forward(self, base: str, target: str) -> None:
        """Pass the request on, and the answer back."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit():
            return self.problem(411, "Length Required", "Send a Content-Length.")
        if int(length) > BODY_BYTES_MAX:
            return self.problem(413, "Content Too Large", "The body is larger than the API takes.")
        body = self.rfile.read(int(length))
        address = urllib.parse.urlsplit(self.server.stack()[base])
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=API_SECONDS_MAX)
        try:
            connection.putrequest(self.command, address.path + target, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in HOP_HEADERS:
                    connection.putheader(name, value)
            if body or self.command in ("POST", "PUT", "PATCH"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            reply = connection.getresponse()
            content = reply.read()
            self.send(reply.status, [(n, v) for n, v in reply.getheaders() if n.lower() not in HOP_HEADERS], content)
        finally:
            connection.close()

    def problem(self, status: int, title: str, detail: str) -> None:
        # The request's body may be unread: what follows on this connection would be taken for a request.
        self.close_connection = True
        document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        self.send(status, [("Content-Type", "application/problem+json")], json.dumps(document).encode())

    def send(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("server", "date"):
                self.send_header(name, value)
        if status != 204 and status != 304:
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and status != 204 and status != 304:
            self.wfile.write(body)

    def version_string(self) -> str:
        return "habeas-local"

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: paths of requests hold references to people's requests."""


class Front(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, api_file: Path, pages: Path) -> None:
        super().__init__((LOOPBACK, port), Handler)
        self.api_file = api_file
        self.pages = pages

    def stack(self) -> dict[str, str]:
        """Where the API is: read each time, because a deployment may move it."""
        try:
            return json.loads(self.api_file.read_text())
        except (OSError, ValueError) as problem:
            raise NotDeployed from problem


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m habeas_local.front", description=__doc__.partition("\n")[0])
    parser.add_argument("--front-port", type=int, default=8787, help="port on 127.0.0.1 (0: any free port)")
    parser.add_argument("--api-file", type=Path, required=True, help="stack.json, as `cargo xtask up` writes it")
    parser.add_argument("--pages", type=Path, required=True, help="folder of the static pages")
    options = parser.parse_args(argv)
    try:
        front = Front(options.front_port, options.api_file, options.pages)
    except OSError as problem:
        print(f"habeas_local.front: port {options.front_port} on {LOOPBACK}: {problem}", file=sys.stderr)
        return 2
    print(f"habeas_local.front ready http://{LOOPBACK}:{front.server_address[1]}", flush=True)
    try:
        front.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
