"""Kinds of data that are found by their form; all numbers are made up or of the standards' own examples."""

from __future__ import annotations

import pytest

from paperclerk.extraction.sensitive import found


@pytest.mark.parametrize(
    ("kind", "line", "expected"),
    [
        ("email", "Write to a.b+c@mail.example.org, please", ["a.b+c@mail.example.org"]),
        ("email", "j.doe @example.com", ["j.doe @example.com"]),
        ("email", "3 pieces @ 4.50", []),
        ("phone", "Call +1 (212) 555-0100 now", ["+1 (212) 555-0100"]),
        ("phone", "(212) 555-0100", ["(212) 555-0100"]),
        ("phone", "030 5550123", ["030 5550123"]),
        ("phone", "01 23 45 67 89", ["01 23 45 67 89"]),
        ("phone", "Tel.: 555 0100", ["555 0100"]),
        ("phone", "Date 2024-03-01 Total 1,234.50 Invoice 10045", []),
        ("phone", "DE89 3704 0044 0532 0130 00", []),
        ("account", "DE89 3704 0044 0532 0130 00 COBADEFF", ["DE89 3704 0044 0532 0130 00"]),
        ("account", "GB82WEST12345698765432", ["GB82WEST12345698765432"]),
        ("account", "DE88 3704 0044 0532 0130 00", []),
        ("account", "4111 1111 1111 1111 exp 01/30", ["4111 1111 1111 1111"]),
        ("account", "Account no. 12345678", ["12345678"]),
        ("account", "Order 12345678", []),
        ("ssn", "SSN 078-05-1120", ["078-05-1120"]),
        ("ssn", "Part 1078-05-11200", []),
        ("name", "Marigold", []),
    ],
)
def test_what_is_found(kind: str, line: str, expected: list[str]) -> None:
    assert [line[start:end] for start, end in found(kind, line)] == expected
