"""Which outgoing URLs and addresses are allowed: one parser, one allow rule. Called by `outbound` only.

What passes `parse_url` is taken apart here once; nothing after it parses the URL again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import quote

import idna

from paperclerk.domain.errors import AddressNotAllowed

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL_CHARS = 8192
PORTS = {"http": 80, "https": 443}

_URL = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)(#.*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]@%]+)(:(?P<port>[0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

# Reserved for private use by RFC 6761, RFC 6762 and ICANN: no public name ends like this.
_PRIVATE_SUFFIXES = frozenset({"localhost", "localdomain", "local", "internal", "invalid"})

# Global by the registry that `ipaddress` reads, and still not the public internet.
_NOT_PUBLIC_V4 = tuple(
    map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "224.0.0.0/4", "240.0.0.0/4"))
)
# Public IPv6 is 2000::/3 without what carries IPv4 inside or is set apart for protocols and documents.
_PUBLIC_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
_ISATAP = (0x00005EFE, 0x02005EFE)  # interface identifiers that carry an IPv4 address in their last 32 bits


@dataclass(frozen=True)
class OutboundUrl:
    """A URL taken apart. `host` is ASCII, without brackets or trailing dot; `address` is set for a literal.

    `target` is what stands in the request line: path and query, never the fragment.
    """

    scheme: str
    host: str
    port: int
    target: str
    address: Address | None

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def parse_url(url: str) -> OutboundUrl:
    """Takes `url` apart. Raises AddressNotAllowed for every form that two parsers could read differently."""
    if len(url) > MAX_URL_CHARS:
        raise AddressNotAllowed(f"The URL has more than {MAX_URL_CHARS} characters; shorten it.")
    if "\\" in url or any(unicodedata.category(c)[0] in "CZ" for c in url):
        raise AddressNotAllowed(
            "The URL holds a backslash, a space or a control character; percent-encode what belongs to it."
        )
    parts = _URL.fullmatch(url)
    if parts is None:
        raise AddressNotAllowed("Only http:// and https:// URLs can be used; write the full URL.")
    authority = _AUTHORITY.fullmatch(parts["authority"])
    if authority is None:
        raise AddressNotAllowed(
            "The URL needs a plain host name or address, with no user name, zone or escapes before the path."
        )
    scheme = parts["scheme"].lower()
    port = int(authority["port"]) if authority["port"] else PORTS[scheme]
    if not 0 < port < 65536:
        raise AddressNotAllowed(f"Port {port} does not exist; use 1 to 65535.")
    host, address = _parse_host(authority["host"])
    return OutboundUrl(scheme, host, port, _target(parts["rest"]), address)


def _target(rest: str) -> str:
    target = rest if rest.startswith("/") else "/" + rest
    return quote(target, safe="/?%:@!$&'()*+,;=-._~[]|\"<>^`{}")


def _parse_host(text: str) -> tuple[str, Address | None]:
    if text.startswith("["):
        try:
            address = IPv6Address(text[1:-1])
        except ValueError:
            raise AddressNotAllowed(f"{text!r} is not an IPv6 address.") from None
        return str(address), address
    host = _ascii_host(text)
    if not _NUMBER.fullmatch(host.rsplit(".", 1)[-1]):
        return host, None
    try:
        literal = IPv4Address(text)  # the text as sent: four decimal numbers, no leading zeros, no final dot
    except ValueError:
        raise AddressNotAllowed(
            f"{text!r} is not written as an IPv4 address is: four numbers, 0-255."
        ) from None
    return str(literal), literal


def _ascii_host(text: str) -> str:
    name = text.lower().removesuffix(".")
    if not name.isascii():
        try:
            # Without the UTS 46 mapping: full-width digits and circled letters are refused, not translated.
            name = idna.encode(name).decode("ascii")
        except idna.IDNAError:
            raise AddressNotAllowed(f"{text!r} is not a host name (IDNA 2008 refuses it).") from None
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise AddressNotAllowed(f"{text[:80]!r} is not a host name.")
    return name


def is_private_name(host: str) -> bool:
    """Whether a name can only mean something inside a network: one label, or a reserved suffix."""
    return "." not in host or host.rsplit(".", 1)[-1] in _PRIVATE_SUFFIXES


def is_public(address: Address) -> bool:
    """The allow rule: global unicast, and no prefix that carries another address inside."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _NOT_PUBLIC_V4)
    return (
        address in _PUBLIC_V6
        and address.scope_id is None
        and not any(address in network for network in _NOT_PUBLIC_V6)
        and (int(address) >> 32) & 0xFFFFFFFF not in _ISATAP
    )


def is_in(address: Address, networks: Sequence[Network]) -> bool:
    """Whether one of `networks` holds `address`; other IP versions never do."""
    return any(address.version == network.version and address in network for network in networks)


def parse_networks(text: str) -> tuple[Network, ...]:
    """Reads a comma-separated list like `10.0.0.0/8, fd00::/8, 127.0.0.1`. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def parse_address(text: str) -> Address:
    """An address as a resolver gives it, zone included. Raises ValueError."""
    return ip_address(text)
