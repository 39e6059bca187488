"""An order-free hash of a set: two services agree on what they hold without comparing lists.

Members are hashed and summed modulo 2**256, so that adding and taking away commute and a late
message changes nothing but when the sums agree.
"""

from hashlib import sha256

_MODULUS = 1 << 256
EMPTY = f"{0:064x}"


def combine(total: str, *, came: list[str], went: list[str]) -> str:
    """The hash (64 hexadecimal digits) of the set after `came` joined it and `went` left it."""
    value = int(total, 16)
    value += sum(_member(name) for name in came) - sum(_member(name) for name in went)
    return f"{value % _MODULUS:064x}"


def _member(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest(), "big")
