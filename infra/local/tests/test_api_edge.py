"""Gap ``api_edge``: what API Gateway does in front of the function."""

from __future__ import annotations

import pytest

from support import Account, api_template, api_url, http

HANDLER = """
def handle(event):
    record(event["routeKey"])
    return {"statusCode": 200, "headers": {"access-control-allow-origin": "*", "x-own": "kept"},
            "body": json.dumps({"cookies": event.get("cookies"), "headers": sorted(event["headers"]),
                                "size": len(event.get("body") or "")})}
"""


@pytest.fixture(scope="module")
def api(module_account: Account) -> str:
    template = api_template(
        module_account,
        {"Open": {"Path": "/open", "Method": "POST"},
         "Slow": {"Path": "/slow", "Method": "GET",
                  "RouteSettings": {"ThrottlingBurstLimit": 2, "ThrottlingRateLimit": 0.1}}},
        HANDLER,
        CorsConfiguration={"AllowOrigins": ["https://shop.example"], "AllowMethods": ["POST"]},
        DefaultRouteSettings={"ThrottlingBurstLimit": 50, "ThrottlingRateLimit": 50})
    return api_url(module_account, module_account.deploy(template))


def test_a_route_is_throttled_and_others_are_not(api: str) -> None:
    assert [http("GET", f"{api}/slow").status for _ in range(3)] == [200, 200, 429]
    assert http("GET", f"{api}/slow").json == {"message": "Too Many Requests"}
    assert [http("POST", f"{api}/open", b"").status for _ in range(3)] == [200, 200, 200]


def test_a_large_body_is_refused(api: str) -> None:
    six_megabytes = 6 * 1024 * 1024
    assert http("POST", f"{api}/open", b"x" * six_megabytes, content_type="text/plain").json["size"] == six_megabytes
    assert http("POST", f"{api}/open", b"x" * (six_megabytes + 1), content_type="text/plain").status == 413
    # Anything but text grows by a third on its way to the function.
    assert http("POST", f"{api}/open", b"x" * (5 * 1024 * 1024), content_type="application/octet-stream").status == 413


def test_only_a_preflight_is_answered_by_the_gateway(module_account: Account, api: str) -> None:
    before = len(module_account.records("api"))
    good = http("OPTIONS", f"{api}/open", origin="https://shop.example", access_control_request_method="POST")
    assert (good.status, good.headers["access-control-allow-origin"]) == (204, "https://shop.example")
    bad = http("OPTIONS", f"{api}/open", origin="https://evil.example", access_control_request_method="POST")
    assert bad.status == 204 and "access-control-allow-origin" not in bad.headers
    assert http("OPTIONS", f"{api}/open").status == 404
    assert len(module_account.records("api")) == before


def test_cors_headers_are_the_gateways_own(api: str) -> None:
    answer = http("POST", f"{api}/open", b"", origin="https://evil.example")
    assert answer.headers["x-own"] == "kept"
    assert "access-control-allow-origin" not in answer.headers
    allowed = http("POST", f"{api}/open", b"", origin="https://shop.example")
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"


def test_cookies_have_a_field_of_their_own(api: str) -> None:
    event = http("POST", f"{api}/open", b"", cookie="a=1; b=2").json
    assert event["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in event["headers"]
    assert http("POST", f"{api}/open", b"").json["cookies"] is None
