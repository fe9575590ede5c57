"""The process environment the emulator reads while it is being imported.

MiniStack takes its options from environment variables, many of them at import time, and some of
them (a host's AWS profile, a proxy, another tool's port) would change what a test sees. So every
variable it could read is removed first and only the ones named here are set.
"""

from __future__ import annotations

import os
import tempfile
import time

from habeas_local.settings import LOOPBACK, Settings

_OWNED_PREFIXES = ("AWS_", "LAMBDA_", "LOCALSTACK_", "MINISTACK_", "DOCKER_", "IOT_", "SFTP_", "S3_", "_LAMBDA_")
_OWNED_NAMES = (
    "AUTH", "BIND_HOST", "CLOUDTRAIL_RECORDING", "EDGE_PORT", "GATEWAY_PORT", "PERSIST_STATE",
    "SERVICES", "SMTP_HOST", "STATE_DIR", "USE_SSL",
)


def prepare(settings: Settings) -> None:
    """Replace every emulator option in ``os.environ`` by the one ``settings`` asks for."""
    for name in list(os.environ):
        if name.startswith(_OWNED_PREFIXES) or name in _OWNED_NAMES:
            del os.environ[name]
    scratch = settings.data_dir / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        AUTH="true" if settings.enforce_iam else "false",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_REGION=settings.region,
        AWS_DEFAULT_REGION=settings.region,
        AWS_ENDPOINT_URL=settings.api_url,
        AWS_EC2_METADATA_DISABLED="true",
        BIND_HOST=LOOPBACK,
        GATEWAY_PORT=str(settings.port),
        IOT_MTLS_ENABLED="0",
        LAMBDA_EXECUTOR="local",
        LOG_LEVEL=settings.log_level,
        MINISTACK_REGION=settings.region,
        PERSIST_STATE="0",
        S3_DATA_DIR=str(settings.data_dir / "s3"),
        S3_PERSIST="0",
        SFTP_ENABLED="0",
        STATE_DIR=str(settings.data_dir / "state"),
        TMPDIR=str(scratch),
    )
    # The JWT authorizer fetches the issuer's keys over HTTP: a proxy must not get in between.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = f"{LOOPBACK},localhost"
    # Parts of the emulator write local time where AWS writes UTC.
    os.environ["TZ"] = "UTC"
    time.tzset()
    tempfile.tempdir = str(scratch)
