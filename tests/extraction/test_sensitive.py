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
        # what stands beside it does not hide it
        ("account", "Visa 4111 1111 1111 1111 12/26", ["4111 1111 1111 1111"]),
        ("account", "Auth 4111 1111 1111 1111 123", ["4111 1111 1111 1111"]),
        ("account", "12 4111-1111-1111-1111 123 4567", ["4111-1111-1111-1111"]),
        ("account", "2024-05-01 4111111111111111 100", ["4111111111111111"]),
        ("account", "3782 822463 10005 12/26", ["3782 822463 10005"]),
        (
            "account",
            "4111 1111 1111 1111 5500 0000 0000 0004",
            ["4111 1111 1111 1111", "5500 0000 0000 0004"],
        ),
        ("account", "Visa4111 1111 1111 1111", ["4111 1111 1111 1111"]),
        ("account", "4111.1111.1111.1111 12.50", ["4111.1111.1111.1111"]),
        ("account", "4111\u20111111\u20111111\u20111111", ["4111\u20111111\u20111111\u20111111"]),
        ("account", "12 15 18 20 22 25 30 35 40", []),
        ("account", "1.50 12.25 100.00 250.00", []),
        ("account", "ID12 DE89 3704 0044 0532 0130 00", ["DE89 3704 0044 0532 0130 00"]),
        ("account", "IBANDE89370400440532013000BICCOBADEFF", ["DE89370400440532013000"]),
        ("account", "DE89-3704-0044-0532-0130-00 12", ["DE89-3704-0044-0532-0130-00"]),
        ("account", "IBAN GB82 WEST 1234 5698 7654 3Z BIC", ["GB82 WEST 1234 5698 7654 3Z"]),
        ("account", "Account no. 2: 12345678", ["12345678"]),
        ("ssn", "078-05-1120-A", ["078-05-1120"]),
        ("ssn", "SSN-078-05-1120", ["078-05-1120"]),
        ("ssn", "078\u201305\u20131120", ["078\u201305\u20131120"]),
        ("ssn", "SSN 078051120", ["078051120"]),
        ("ssn", "Social security no. 078 05 1120 12", ["078 05 1120"]),
        ("phone", "(212)555-0100", ["(212)555-0100"]),
        ("phone", "1.212.555.0100", ["212.555.0100"]),
        ("phone", "+1 212 555 0100x123", ["+1 212 555 0100"]),
        ("phone", "212-555-0100x12", ["212-555-0100"]),
        ("phone", "12 030 5550123", ["030 5550123"]),
        ("phone", "12 0049 30 5550123", ["0049 30 5550123"]),
        ("phone", "030 5550123 20240012 12345678 12345678", ["030 5550123"]),
        ("phone", "Tel. (office) 555 0100", ["555 0100"]),
        ("phone", "Tel. 1: 555 0100", ["555 0100"]),
        ("phone", "07911123456", ["07911123456"]),
        ("phone", "Total 1 001 234 567", []),
        ("phone", "1 030 555 123", []),
    ],
)
def test_what_is_found(kind: str, line: str, expected: list[str]) -> None:
    assert [line[start:end] for start, end in found(kind, line)] == expected
