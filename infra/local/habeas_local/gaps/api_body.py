"""The OpenAPI ``Body`` of an HTTP API: routes, integrations, authorizers, scopes and CORS.

SAM puts every route of an ``AWS::Serverless::HttpApi`` into ``Body``; the emulator ignores it, so
each path answered 404. Whatever cannot be understood is refused when the stack is deployed, so that
no staff route is ever served without its authorizer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

from ministack.services import apigateway
from ministack.services.cloudformation import provisioners

from habeas_local.emulator import as_list, lower_first
from habeas_local.settings import Settings

_RESOURCE_TYPE = "AWS::ApiGatewayV2::Api"
_ANY_METHOD = "x-amazon-apigateway-any-method"
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace", _ANY_METHOD})
_AUTHORIZATION_TYPES = {"JWT": "JWT", "REQUEST": "CUSTOM"}


@dataclass(frozen=True)
class Authorizer:
    """One security scheme, as properties of ``AWS::ApiGatewayV2::Authorizer``."""

    authorization_type: str
    properties: dict[str, Any]


@dataclass(frozen=True)
class Route:
    """One operation: its key, its integration and how a caller is authorized."""

    key: str
    integration: dict[str, Any]
    authorization_type: str = "NONE"
    scheme: str | None = None
    scopes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Document:
    """What an OpenAPI body declares. Reading it changes nothing."""

    authorizers: dict[str, Authorizer]
    routes: list[Route]


def install(settings: Settings) -> None:
    create, update = provisioners._apigw_v2_api_create, provisioners._apigw_v2_api_update

    def create_with_body(logical_id: str, properties: dict, stack_name: str) -> Any:
        document = _declared(properties)
        api_id, attributes = create(logical_id, properties, stack_name)
        _apply(api_id, document, properties)
        return api_id, attributes

    def update_with_body(physical_id: str, old: dict, new: dict, stack_name: str, logical_id: str | None = None) -> Any:
        document = _declared(new)
        result = update(physical_id, old, new, stack_name, logical_id)
        _apply(result[0] if isinstance(result, tuple) else physical_id, document, new)
        return result

    for registry in [value for value in vars(provisioners).values() if isinstance(value, dict)]:
        handlers = registry.get(_RESOURCE_TYPE)
        if isinstance(handlers, dict) and "create" in handlers:
            handlers.update(create=create_with_body, update=update_with_body)


def _declared(properties: Mapping[str, Any]) -> Document | None:
    if properties.get("BodyS3Location"):
        raise ValueError("BodyS3Location is not emulated; use Body")
    body = properties.get("Body")
    return read(body) if isinstance(body, dict) else None


def read(body: Mapping[str, Any]) -> Document:
    """Understand ``body`` completely or raise ValueError."""
    schemes = (body.get("components") or {}).get("securitySchemes") or {}
    authorizers = {name: _authorizer(name, scheme) for name, scheme in schemes.items()}
    routes = []
    for path, operations in (body.get("paths") or {}).items():
        for method, operation in (operations or {}).items():
            if method.lower() not in _METHODS or not (operation or {}).get("x-amazon-apigateway-integration"):
                continue
            routes.append(_route(path, method.lower(), operation, body.get("security"), authorizers))
    return Document(authorizers, routes)


def _authorizer(name: str, scheme: Mapping[str, Any]) -> Authorizer:
    extension = lower_first(scheme.get("x-amazon-apigateway-authorizer"))
    kind = str(extension.get("type", "")).upper()
    if kind == "JWT":
        jwt = lower_first(extension.get("jwtConfiguration"))
        issuer, audience = jwt.get("issuer"), as_list(jwt.get("audience") or [])
        if not issuer or not audience:
            raise ValueError(f"security scheme {name}: a JWT authorizer needs an issuer and an audience")
        properties: dict[str, Any] = {
            "IdentitySource": as_list(extension.get("identitySource") or "$request.header.Authorization"),
            "JwtConfiguration": {"Issuer": issuer, "Audience": audience},
        }
    elif kind == "REQUEST":
        source = extension.get("identitySource") or []
        properties = {
            "AuthorizerUri": extension.get("authorizerUri", ""),
            "AuthorizerPayloadFormatVersion": extension.get("authorizerPayloadFormatVersion", "2.0"),
            "AuthorizerResultTtlInSeconds": extension.get("authorizerResultTtlInSeconds", 0),
            "EnableSimpleResponses": extension.get("enableSimpleResponses", False),
            "IdentitySource": source if isinstance(source, list) else [part.strip() for part in source.split(",")],
        }
    else:
        raise ValueError(f"security scheme {name}: authorizer type {kind!r} is not emulated")
    return Authorizer(_AUTHORIZATION_TYPES[kind], {"Name": name, "AuthorizerType": kind, **properties})


def _route(path: str, method: str, operation: Mapping[str, Any], default_security: Any,
           authorizers: Mapping[str, Authorizer]) -> Route:
    verb = "ANY" if method == _ANY_METHOD else method.upper()
    key = "$default" if path == "/$default" else f"{verb} {path}"
    declared = operation["x-amazon-apigateway-integration"]
    integration = {
        "IntegrationType": str(declared.get("type", "aws_proxy")).upper(),
        "IntegrationUri": declared.get("uri", ""),
        "PayloadFormatVersion": declared.get("payloadFormatVersion", "2.0"),
        "TimeoutInMillis": declared.get("timeoutInMillis", 30000),
    }
    security = operation["security"] if "security" in operation else default_security
    if not security:
        return Route(key, integration)
    if len(security) != 1 or len(security[0]) != 1:
        raise ValueError(f"{key}: exactly one security scheme per route is emulated, found {security!r}")
    ((scheme, scopes),) = security[0].items()
    if scheme == "NONE":
        return Route(key, integration)
    if scheme in authorizers:
        return Route(key, integration, authorizers[scheme].authorization_type, scheme, list(scopes or []))
    if scheme == "AWS_IAM":
        return Route(key, integration, "AWS_IAM")
    raise ValueError(f"{key}: security scheme {scheme} is not declared")


def _apply(api_id: str, document: Document | None, properties: Mapping[str, Any]) -> None:
    if document is not None:
        _replace_routes(api_id, document)
    cors = (properties.get("Body") or {}).get("x-amazon-apigateway-cors") or properties.get("CorsConfiguration")
    if isinstance(cors, dict):
        # Templates spell it AllowOrigins, the emulator's data plane reads allowOrigins.
        apigateway._apis[api_id]["corsConfiguration"] = lower_first(cors)


def _replace_routes(api_id: str, document: Document) -> None:
    apigateway._routes[api_id] = {}
    apigateway._integrations[api_id] = {}
    apigateway._authorizers[api_id] = {}
    ids = {}
    for name, authorizer in document.authorizers.items():
        ids[name], _ = provisioners._apigw_v2_authorizer_create(name, {"ApiId": api_id, **authorizer.properties}, "")
    for route in document.routes:
        integration_id, _ = provisioners._apigw_v2_integration_create("", {"ApiId": api_id, **route.integration}, "")
        provisioners._apigw_v2_route_create("", {
            "ApiId": api_id,
            "RouteKey": route.key,
            "Target": f"integrations/{integration_id}",
            "AuthorizationType": route.authorization_type,
            "AuthorizerId": ids.get(route.scheme) if route.scheme else None,
            "AuthorizationScopes": route.scopes,
        }, "")
