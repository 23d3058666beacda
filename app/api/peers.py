"""From where a request comes: the other end of the connection, or what an entrance of the county's own says of it.

Only machines named in `JIEXIANG_PEERS` are believed about anybody but themselves; anybody can write a header.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from app.api.frontdoor import Scope

__all__ = ["Networks", "counted_as", "is_peer", "source_of"]

Networks = tuple[IPv4Network | IPv6Network, ...]

BITS_OF_ONE = 64
"""How much of an IPv6 address is given out; the rest whoever has it chooses, of every connection anew if need be."""


def is_peer(address: str, peers: Networks) -> bool:
    """Tell whether an address is that of an entrance of the county's own."""
    if not peers:
        return False
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in peers)


def source_of(scope: Scope, peers: Networks) -> str:
    """Return the address that a request comes from: the last that is no peer, going back through what peers say."""
    address = (scope.get("client") or ("",))[0]
    if not is_peer(address, peers):
        return str(address)
    told = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    for one in reversed(",".join(told).split(",")):
        if not is_peer(one.strip(), peers):
            return _plain(one.strip()) or str(address)
    return str(address)


def counted_as(address: str) -> str:
    """Return under which name limits count an address: IPv6 by its network, IPv4 written as IPv6 as what it is."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Network((int(parsed), BITS_OF_ONE), strict=False))


def _plain(text: str) -> str:
    """Return an address as it is written, or nothing where it is none."""
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
