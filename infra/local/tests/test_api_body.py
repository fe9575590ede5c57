"""Gap ``api_body``: routes, authorizers, scopes and CORS of an HTTP API come from its OpenAPI body."""

from __future__ import annotations

import json

import pytest

from support import Account, api_template, api_url, http


@pytest.fixture(scope="module")
def api(module_account: Account) -> str:
    account = module_account
    template = api_template(
        account,
        {
            "Public": {"Path": "/consents/{subject}", "Method": "POST"},
            "Read": {"Path": "/staff/requests", "Method": "GET",
                     "Auth": {"Authorizer": "Staff", "AuthorizationScopes": ["dsr.read", "dsr.admin"]}},
            "Write": {"Path": "/staff/requests/{id}", "Method": "POST",
                      "Auth": {"Authorizer": "Staff", "AuthorizationScopes": ["dsr.admin"]}},
        },
        CorsConfiguration={"AllowOrigins": ["https://shop.example"], "AllowMethods": ["POST"],
                           "AllowHeaders": ["content-type"], "MaxAge": 600},
        Auth={"Authorizers": {"Staff": {
            "IdentitySource": "$request.header.Authorization",
            "JwtConfiguration": {"issuer": account.emulator.issuer, "audience": ["habeas-staff"]}}}})
    return api_url(account, account.deploy(template))


def test_a_public_route_reaches_the_function(api: str) -> None:
    answer = http("POST", f"{api}/consents/ada?purpose=mail&purpose=news", b'{"yes":true}', content_type="application/json")
    assert answer.status == 200
    event = answer.json
    assert event["version"] == "2.0"
    assert event["routeKey"] == "POST /consents/{subject}"
    assert event["pathParameters"] == {"subject": "ada"}
    assert event["queryStringParameters"] == {"purpose": "mail,news"}
    assert json.loads(event["body"]) == {"yes": True}


def test_other_paths_and_methods_are_not_found(api: str) -> None:
    assert http("GET", f"{api}/consents/ada").status == 404
    assert http("POST", f"{api}/elsewhere", b"").status == 404


def test_a_staff_route_needs_a_token_with_a_scope_of_the_route(module_account: Account, api: str) -> None:
    token = module_account.emulator.token
    assert http("GET", f"{api}/staff/requests").status == 401
    assert http("GET", f"{api}/staff/requests", authorization=f"Bearer {token()}").status == 403
    reader = token(scope="dsr.read", controllers="c1 c2")
    answer = http("GET", f"{api}/staff/requests", authorization=f"Bearer {reader}")
    assert answer.status == 200
    jwt = answer.json["requestContext"]["authorizer"]["jwt"]
    assert jwt["claims"]["sub"] == "staff-1"
    assert jwt["claims"]["controllers"] == "c1 c2"
    assert jwt["scopes"] == ["dsr.read"]
    assert http("POST", f"{api}/staff/requests/1", b"", authorization=f"Bearer {reader}").status == 403
    admin = token(scope="other dsr.admin")
    assert http("POST", f"{api}/staff/requests/1", b"", authorization=f"Bearer {admin}").status == 200


@pytest.mark.parametrize("wish", [
    {"iss": "https://elsewhere.example"}, {"aud": "another-api"}, {"exp": -60}, {"nbf": 60}, {"key": "other"},
    {"kid": "unknown"},
], ids=lambda wish: next(iter(wish)))
def test_a_bad_token_is_unauthorized(module_account: Account, api: str, wish: dict) -> None:
    token = module_account.emulator.token(scope="dsr.admin", **wish)
    assert http("GET", f"{api}/staff/requests", authorization=f"Bearer {token}").status == 401


def test_cors_is_read_from_the_body(api: str) -> None:
    preflight = http("OPTIONS", f"{api}/consents/ada", origin="https://shop.example", access_control_request_method="POST")
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == "https://shop.example"
    assert preflight.headers["access-control-max-age"] == "600"


def _body(**operation: object) -> dict:
    integration = {"type": "aws_proxy", "uri": "arn:aws:lambda:eu-west-1:000000000000:function:f"}
    return {"openapi": "3.0.1", "info": {"title": "t", "version": "1"},
            "paths": {"/staff": {"get": {"x-amazon-apigateway-integration": integration, "responses": {}, **operation}}}}


@pytest.mark.parametrize("body", [
    _body(security=[{"Undeclared": []}]),
    _body(security=[{}]),
    {**_body(), "components": {"securitySchemes": {"Odd": {"x-amazon-apigateway-authorizer": {"type": "magic"}}}}},
    {**_body(), "components": {"securitySchemes": {"Bare": {"x-amazon-apigateway-authorizer": {"type": "jwt"}}}}},
], ids=["undeclared scheme", "empty requirement", "unknown type", "no issuer"])
def test_a_body_that_is_not_understood_fails_the_deployment(account: Account, body: dict) -> None:
    template = {"Resources": {"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": body}}}}
    with pytest.raises(AssertionError, match="ROLLBACK"):
        account.deploy(template)


def test_an_update_replaces_the_routes(account: Account) -> None:
    first = api_template(account, {"Old": {"Path": "/old", "Method": "GET"}})
    url = api_url(account, account.deploy(first))
    assert http("GET", f"{url}/old").status == 200
    second = api_template(account, {"New": {"Path": "/new", "Method": "GET"}})
    assert api_url(account, account.deploy(second)) == url
    assert http("GET", f"{url}/new").status == 200
    assert http("GET", f"{url}/old").status == 404
