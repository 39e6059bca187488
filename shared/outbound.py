"""HTTP to places that somebody else chose, as far as their addresses are allowed.

A name is resolved once; every address that it has must be allowed, and the connection goes to one
of those. So the answer that was checked is the one that is used, while Host, SNI and the check of
the certificate stay with the name.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import create_connection

CONNECT_SECONDS, READ_SECONDS = 5.0, 10.0
WHOLE_SECONDS = 20.0
"""For an exchange: a receiver may not hold us by sending a byte now and then."""

_MOST = 3
Resolve = Callable[..., list[Any]]
Allows = Callable[[str], bool]


class NotAllowed(Exception):
    """A name or address where nothing may be sent."""


def allowed_addresses(
    host: str, port: int, allows: Allows, resolve: Resolve = socket.getaddrinfo
) -> list[str]:
    """What a name resolves to. Raises NotAllowed when any of it is not allowed, OSError when the
    name cannot be resolved."""
    found = [each[4][0] for each in resolve(host, port, type=socket.SOCK_STREAM)]
    if not found or not all(allows(address) for address in found):
        raise NotAllowed(f"{host} leads to an address where nothing may be sent.")
    return list(dict.fromkeys(found))


def session(allows: Allows) -> requests.Session:
    """For one exchange, into addresses that `allows` allows: no proxies or credentials of the
    environment."""
    made = requests.Session()
    made.trust_env = False
    for scheme in ("http://", "https://"):
        made.mount(scheme, _Adapter(allows))
    return made


class _Checked:
    """Of a connection: where it may go, and for how long."""

    _line: socket.socket | None = None
    _watch: threading.Timer | None = None

    def __init__(self, *args: Any, allows: Allows, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._allows = allows

    def _new_conn(self: Any) -> socket.socket:
        try:
            connected: socket.socket = self._connect()
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"{self.host} did not answer in time") from error
        except OSError as error:
            raise NewConnectionError(self, f"{self.host} cannot be reached: {error}") from error
        # The TLS layer takes the socket over; a second handle of it can still end it.
        self._line = connected.dup()
        self._watch = threading.Timer(WHOLE_SECONDS, _cut, [self._line])
        self._watch.daemon = True
        self._watch.start()
        return connected

    def _connect(self: Any) -> socket.socket:
        last: OSError = TimeoutError()
        for address in allowed_addresses(self._dns_host, self.port, self._allows)[:_MOST]:
            try:
                return create_connection((address, self.port), CONNECT_SECONDS)
            except OSError as error:
                last = error
        raise last

    def close(self: Any) -> None:
        super().close()  # type: ignore[misc]
        if self._watch is not None:
            self._watch.cancel()
            self._line.close()


def _cut(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


class _Plain(_Checked, HTTPConnection):
    pass


class _Secure(_Checked, HTTPSConnection):
    pass


class _Adapter(HTTPAdapter):
    """Makes its connections as _Checked says."""

    def __init__(self, allows: Allows) -> None:
        super().__init__()
        self._allows = allows

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = partial(_BY_SCHEME[pool.scheme], allows=self._allows)
        return pool


_BY_SCHEME = {"http": _Plain, "https": _Secure}
