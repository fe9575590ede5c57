"""What one run of the local AWS was asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Settings:
    """Options of one run. Ports are the real ones, never 0."""

    port: int
    issuer_port: int
    data_dir: Path
    region: str = "eu-west-1"
    ttl_sweep_seconds: float = 2.0
    retry_backoff_seconds: float = 0.3
    throttle: bool = True
    enforce_iam: bool = False
    log_level: str = "WARNING"
    without: frozenset[str] = frozenset()

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def issuer_url(self) -> str:
        return f"http://{LOOPBACK}:{self.issuer_port}"
