"""Which addresses a webhook may reach: public ones, and those of our own network that the settings name.

A webhook's address is written by a person, its name is resolved by whoever owns the name. So it is decided on what the
name resolves to, at each delivery, and the connection goes to the very address that was decided on. Link-local
addresses, where clouds answer questions about the machine and its secrets, are never reached, whatever is allowed.
"""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

import httpx

METADATA: Final = tuple(map(ip_network, ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32")))
LONGEST: Final = 500

Address = IPv4Address | IPv6Address


class Unreachable(ValueError):
    """An address that is not to be reached; the message says why."""


def checked(url: str) -> httpx.URL:
    """An address as it may be written into a webhook."""
    try:
        read = httpx.URL(url.strip())
    except (httpx.InvalidURL, TypeError) as error:
        raise Unreachable(f"{url[:80]!r} is no address: {error}") from None
    if len(url) > LONGEST or read.scheme not in ("https", "http") or not read.host:
        raise Unreachable("an address begins with https:// and has a host")
    if read.userinfo or read.fragment:
        raise Unreachable("an address has no password and no # in it; deliveries are signed")
    return read


def resolved(url: httpx.URL, allowed: Sequence[str]) -> Address:
    """The address to connect to. Every address of the name has to be allowed: nobody knows which one is tried."""
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unreachable(f"{url.host} does not resolve: {error}") from None
    addresses = [_plain(str(entry[4][0])) for entry in found]
    for address in addresses:
        permit(address, url, allowed)
    return addresses[0]


def permit(address: Address, url: httpx.URL, allowed: Sequence[str]) -> None:
    if any(address in network for network in METADATA if network.version == address.version):
        raise Unreachable(f"{url.host} is {address}, where machines are asked about themselves; it is never reached")
    ours = url.host in allowed or any(address in network for network in _networks(allowed, address.version))
    if not address.is_global and not ours:
        raise Unreachable(f"{url.host} is {address}, in a private network; name it in CALLCENTER_HOOKS_ALLOWED")
    if url.scheme != "https" and not ours:
        raise Unreachable("only addresses in our own network are reached without https")


def _networks(allowed: Sequence[str], version: int):  # type: ignore[no-untyped-def]
    for text in allowed:
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            continue
        if network.version == version:
            yield network


def _plain(text: str) -> Address:
    """An IPv4 address that is written as an IPv6 one is that IPv4 address."""
    address = ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    return mapped or address
