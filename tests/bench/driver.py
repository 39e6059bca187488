"""A load driver that costs little, so that what is measured is the server.

One thread, non-blocking sockets, requests rendered beforehand; it reads no more of an answer than
its status and length.
"""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Drive:
    """What came of one drive; latencies in seconds."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def answers(self) -> int:
        return sum(self.statuses.values())

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


@dataclass
class _Client:
    socket: socket.socket
    sent_at: float = 0.0
    received: bytes = b""


def post(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get(path: str, token: str) -> bytes:
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
    return head.encode()


def drive(port: int, requests: Iterator[bytes], *, clients: int, seconds: float) -> Drive:
    """Keep `clients` requests in flight for so long, each client sending its next at once."""
    result = Drive()
    selector = selectors.DefaultSelector()
    crowd = [_Client(socket.create_connection(("127.0.0.1", port))) for _ in range(clients)]
    began = time.perf_counter()
    until = began + seconds
    for client in crowd:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(client.socket, selectors.EVENT_READ, client)
        _send(client, next(requests))
    busy = clients
    while busy:
        for key, _ in selector.select(5):
            client = key.data
            if not _received_all(client, result):
                continue
            if time.perf_counter() < until:
                _send(client, next(requests))
            else:
                busy -= 1
    result.seconds = time.perf_counter() - began
    for client in crowd:
        client.socket.close()
    return result


def _send(client: _Client, request: bytes) -> None:
    client.received = b""
    client.sent_at = time.perf_counter()
    client.socket.sendall(request)


def _received_all(client: _Client, result: Drive) -> bool:
    chunk = client.socket.recv(65_536)
    if not chunk:
        raise ConnectionError(f"closed after {client.received[:200]!r}")
    client.received += chunk
    head, separator, body = client.received.partition(b"\r\n\r\n")
    if not separator:
        return False
    at = head.lower().find(b"content-length:")
    length = int(head[at + 15 : head.find(b"\r", at) if b"\r" in head[at:] else None])
    if len(body) < length:
        return False
    result.statuses[int(head[9:12])] += 1
    result.latencies.append(time.perf_counter() - client.sent_at)
    return True


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]
