"""The front page server: pages, the API beside them, and nothing for anybody else."""

from __future__ import annotations

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Iterator

import pytest

from habeas_local.front import Front


class _Api(BaseHTTPRequestHandler):
    """Answers what it was asked, and a redirect for exports."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        seen = {"method": self.command, "path": self.path, "body": self.rfile.read(length).decode(),
                "headers": {name.lower(): value for name, value in self.headers.items()}}
        body = json.dumps(seen).encode()
        self.send_response(303 if self.path.endswith("/export") else 201)
        self.send_header("Location", "http://127.0.0.1:1/signed")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = do_OPTIONS = _answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    api = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    pages = tmp_path / "web"
    (pages / "staff").mkdir(parents=True)
    (pages / "index.html").write_text("<h1>Habeas</h1>")
    (pages / "request.html").write_text("<h1>Request</h1>")
    (pages / "staff" / "index.html").write_text("<h1>Staff</h1>")
    (pages / "main.js").write_text("export {}")
    (pages / ".hidden").write_text("secret")
    (tmp_path / "outside.html").write_text("secret")
    (tmp_path / "stack.json").write_text(json.dumps({
        "api_url": f"http://127.0.0.1:{api.server_port}/_aws/execute-api/a1/$default",
        "issuer": f"http://127.0.0.1:{api.server_port}", "endpoint": f"http://127.0.0.1:{api.server_port}"}))
    server = Front(0, tmp_path / "stack.json", pages)
    for each in (api, server):
        threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    for each in (server, api):
        each.shutdown()
        each.server_close()


def ask(front: Front, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, Any, str]:
    connection = http.client.HTTPConnection("127.0.0.1", front.server_address[1], timeout=5)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, text


@pytest.mark.parametrize("path, text", [
    ("/", "<h1>Habeas</h1>"), ("/index.html", "<h1>Habeas</h1>"), ("/request", "<h1>Request</h1>"),
    ("/request?ref=1", "<h1>Request</h1>"), ("/staff/", "<h1>Staff</h1>"), ("/staff", "<h1>Staff</h1>"),
])
def test_a_page_is_found_by_its_name(front: Front, path: str, text: str) -> None:
    status, headers, body = ask(front, "GET", path)
    assert (status, body) == (200, text)
    assert headers["Content-Type"] == "text/html; charset=utf-8"


def test_a_script_has_a_scripts_type(front: Front) -> None:
    assert ask(front, "GET", "/main.js")[1]["Content-Type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize("path", ["/../outside.html", "/%2e%2e/outside.html", "/staff/..%2f..%2foutside.html",
                                  "/.hidden", "/absent", "//etc/passwd", "/%00", "/a/v2/x"])
def test_nothing_outside_the_pages_is_served(front: Front, path: str) -> None:
    assert ask(front, "GET", path)[0] == 404


def test_a_request_reaches_the_api_as_it_is(front: Front) -> None:
    status, headers, body = ask(front, "POST", "/shop/v1/consents?a=%20b", '{"a": 1}', Origin="http://x",
                                Content_Type="application/json", Authorization="Bearer t")
    seen = json.loads(body)
    assert status == 201 and headers["Location"]
    assert seen["path"] == "/_aws/execute-api/a1/$default/shop/v1/consents?a=%20b"
    assert seen["body"] == '{"a": 1}'
    assert seen["method"] == "POST" and seen["headers"]["authorization"] == "Bearer t"
    assert seen["headers"]["origin"] == "http://x" and seen["headers"]["content-type"] == "application/json"


def test_a_redirect_is_passed_back_not_followed(front: Front) -> None:
    status, headers, _ = ask(front, "GET", "/shop/v1/requests/r1/export")
    assert (status, headers["Location"]) == (303, "http://127.0.0.1:1/signed")


def test_the_local_token_comes_from_the_issuer(front: Front) -> None:
    assert json.loads(ask(front, "GET", "/_local/token?scope=breach:write")[2])["path"] == "/token?scope=breach:write"


def test_a_name_that_points_here_from_elsewhere_gets_nothing(front: Front) -> None:
    assert ask(front, "GET", "/", Host="evil.example")[0] == 421


def test_pages_are_only_read(front: Front) -> None:
    assert ask(front, "POST", "/index.html", "x")[0] == 405


def test_a_body_larger_than_the_api_takes_is_refused_unread(front: Front) -> None:
    assert ask(front, "POST", "/shop/v1/requests", None, Content_Length=str(11 << 20))[0] == 413


def test_before_the_first_deployment_it_says_what_to_do(front: Front) -> None:
    front.api_file.unlink()
    status, _, body = ask(front, "GET", "/shop/v1/alerts")
    assert status == 503 and "cargo xtask up" in body


def test_an_api_that_is_gone_is_told_apart(front: Front) -> None:
    front.api_file.write_text(json.dumps({"api_url": "http://127.0.0.1:1"}))
    assert ask(front, "GET", "/shop/v1/alerts")[0] == 502
