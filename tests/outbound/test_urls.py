"""Which URLs pass the guard. Every refused form here names or could name an address inside."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperclerk.domain.errors import AddressNotAllowed, FetchFailed, PaperclerkError
from paperclerk.security.outbound import OutboundGuard, OutboundLimits
from paperclerk.security.outbound_url import is_public, parse_networks, parse_url

INSIDE = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "0.0.0.0", "192.168.0.9"]


def spellings(address: str) -> list[str]:
    """Numeric ways to write an IPv4 address that some URL parser or resolver takes."""
    number = int(ipaddress.IPv4Address(address))
    a, b, c, d = number >> 24, number >> 16 & 255, number >> 8 & 255, number & 255
    high, low = number >> 16, number & 0xFFFF
    return [
        address,
        f"{address}.",
        str(number),
        hex(number),
        f"0{number:o}",
        f"0X{number:X}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{number & 0xFFFF}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"{hex(a)}.{hex(b)}.{hex(c)}.{hex(d)}",
        f"{a:04o}.{b}.{hex(c)}.{d}",
        f"{a}%2e{b}%2e{c}%2e{d}",
        f"{a}。{b}。{c}。{d}",
        "".join(chr(ord(digit) + 0xFEE0) if digit.isdigit() else digit for digit in address),
        f"[::{high:x}:{low:x}]",
        f"[::ffff:{high:x}:{low:x}]",
        f"[::ffff:{address}]",
        f"[::ffff:0:{high:x}:{low:x}]",
        f"[64:ff9b::{high:x}:{low:x}]",
        f"[64:ff9b:1::{high:x}:{low:x}]",
        f"[2002:{high:x}:{low:x}::1]",
        f"[2001:0:{high:x}:{low:x}::1]",
        f"[fe80::5efe:{high:x}:{low:x}]",
        f"[2a00:1450::5efe:{high:x}:{low:x}]",
        f"[{address}]",
    ]


REFUSED = [f"http://{host}/x" for address in INSIDE for host in spellings(address)] + [
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://240.1.1.1/",
    "http://198.18.0.1/",
    "http://192.0.2.7/",
    "http://192.0.0.192/",
    "http://168.63.129.16/",
    "http://192.88.99.1/",
    "http://[::]/",
    "http://[::1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fc00::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[fd00:ec2::254]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[100::1]/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://a.localhost/",
    "http://printer.local/",
    "http://metadata.google.internal/",
    "http://intranet/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "http://public.example@127.0.0.1/",
    "http://user:pw@public.example/",
    "http://127.0.0.1\\@public.example/",
    "http://public.example\\.evil/",
    "http://127.0.0.1#@public.example/",
    "http://127.0.0.1?@public.example/",
    "http://public.example:22/",
    "http://public.example:8080/",
    "http://public.example:0/",
    "http://public.example:99999/",
    "http://public.example:80:80/",
    "http://public.example:+80/",
    "http:///etc/passwd",
    "http:/public.example/",
    "http:public.example",
    "//public.example/",
    "/public.example",
    "public.example/a.pdf",
    "",
    "http://",
    "http://public.example /",
    " http://public.example/",
    "http://public.example/\r\nX: y",
    "http://public.example/a\tb",
    "http://public.example/a\u2028b",
    "http://public.example/\u200ba",
    "http://public.exa\u00admple/",
    "http://public..example/",
    "http://-public.example/",
    "http://public%2eexample/",
    "http://[public.example]/",
    "http://" + "a." * 200 + "example/",
    "http://public.example/" + "a" * 9000,
    "file:///etc/passwd",
    "ftp://public.example/a",
    "gopher://127.0.0.1:6379/_INFO",
    "data:text/plain,x",
    "javascript:alert(1)",
    "s3://bucket/key",
    "hTtP://169.254.169.254/",
    "view-source:http://public.example/",
]

ALLOWED = {
    "http://public.example": ("http", "public.example", 80, "/"),
    "https://PUBLIC.example./a.pdf?x=1#page=2": ("https", "public.example", 443, "/a.pdf?x=1"),
    "https://public.example:443/a%20b.pdf": ("https", "public.example", 443, "/a%20b.pdf"),
    "https://b\u00fccher.example/\u00fc": ("https", "xn--bcher-kva.example", 443, "/%C3%BC"),
    "https://xn--bcher-kva.example/": ("https", "xn--bcher-kva.example", 443, "/"),
    "http://public.example?q=a@b:c": ("http", "public.example", 80, "/?q=a@b:c"),
    "http://8.8.8.8/": ("http", "8.8.8.8", 80, "/"),
    "https://[2A00:1450:4001::200E]/": ("https", "2a00:1450:4001::200e", 443, "/"),
    "http://under_score.public.example/": ("http", "under_score.public.example", 80, "/"),
    "http://7zip.public.example/": ("http", "7zip.public.example", 80, "/"),
}


async def public(_: str) -> Sequence[str]:
    return ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]


def check(url: str, guard: OutboundGuard) -> object:
    return asyncio.run(guard.check(url))


@pytest.mark.parametrize("url", REFUSED)
def test_refused(url: str) -> None:
    with pytest.raises(AddressNotAllowed) as refusal:
        check(url, OutboundGuard(resolver=public))
    assert refusal.value.code == "url_not_allowed"


@pytest.mark.parametrize("url", ALLOWED)
def test_allowed(url: str) -> None:
    parsed = parse_url(url)
    assert (parsed.scheme, parsed.host, parsed.port, parsed.target) == ALLOWED[url]
    check(url, OutboundGuard(resolver=public))


@pytest.mark.parametrize(
    "answers",
    [
        ["10.0.0.1"],
        ["93.184.215.14", "10.0.0.1"],
        ["::ffff:93.184.215.14"],
        ["93.184.215.14", "fd00::1"],
        ["2606:2800::1%eth0"],
    ],
)
def test_every_answer_of_the_resolver_must_be_public(answers: list[str]) -> None:
    async def resolver(_: str) -> Sequence[str]:
        return answers

    with pytest.raises(AddressNotAllowed):
        check("http://mixed.example/", OutboundGuard(resolver=resolver))


def test_a_name_without_address_and_a_slow_resolver_fail_cleanly() -> None:
    async def unknown(_: str) -> Sequence[str]:
        raise OSError("no such name")

    async def slow(_: str) -> Sequence[str]:
        await asyncio.sleep(30)
        return []

    with pytest.raises(FetchFailed, match="has no address"):
        check("http://public.example/", OutboundGuard(resolver=unknown))
    with pytest.raises(FetchFailed, match="did not resolve in time"):
        check("http://public.example/", OutboundGuard(resolver=slow, limits=OutboundLimits(resolve_s=0.05)))


def test_allowed_networks_open_addresses_ports_and_names() -> None:
    async def inside(_: str) -> Sequence[str]:
        return ["10.1.2.3"]

    guard = OutboundGuard(parse_networks("10.0.0.0/8, ::1"), resolver=inside)
    for url in (
        "http://10.9.9.9:8080/",
        "http://[::1]:9/",
        "http://minio:9000/b",
        "http://files.corp.internal/",
    ):
        assert check(url, guard).exempt  # type: ignore[attr-defined]
    for url in ("http://192.168.0.1/", "http://[::ffff:10.1.2.3]/", "http://8.8.8.8:8080/", "http://10.1/"):
        with pytest.raises(AddressNotAllowed):
            check(url, guard)


def test_the_port_rule_holds_when_only_some_answers_are_in_an_allowed_network() -> None:
    async def both(_: str) -> Sequence[str]:
        return ["10.1.2.3", "93.184.215.14"]

    guard = OutboundGuard(parse_networks("10.0.0.0/8"), resolver=both)
    check("http://both.example/", guard)
    with pytest.raises(AddressNotAllowed, match="Port 8080"):
        check("http://both.example:8080/", guard)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "intranet", "10.0.0.0;::1"])
def test_networks_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError):
        parse_networks(text)


@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://", "http://[", "http://a@"]))
def test_any_text_is_either_refused_or_taken_apart(text: str, start: str) -> None:
    try:
        parsed = parse_url(start + text)
    except PaperclerkError:
        return
    assert str(parse_url(str(parsed))) == str(parsed)
    assert parsed.host.isascii() and parsed.target.isascii()


@given(st.ip_addresses(v=6, network="::/3") | st.ip_addresses(v=6, network="4000::/2"))
def test_ipv6_outside_global_unicast_is_never_public(address: ipaddress.IPv6Address) -> None:
    assert not is_public(address)
