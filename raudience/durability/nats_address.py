"""Where NATS is, as it is written down; nothing of its client is loaded for that."""

from __future__ import annotations

import msgspec

__all__ = ["Address"]


class Address(msgspec.Struct, frozen=True):
    """Where the servers are, and how to be let in. tls: with `ca` (a file) or the authorities of this machine; `creds`
    is a file of credentials. patience: seconds for which servers that do not answer are a pause and no error."""

    servers: tuple[str, ...]
    prefix: str
    replicas: int | None = None
    patience: float = 30.0
    tls: bool = False
    ca: str | None = None
    creds: str | None = None
    user: str | None = None
    password: str | None = None

    def __str__(self) -> str:
        return f"nats://{','.join(self.servers)}/{self.prefix}"
