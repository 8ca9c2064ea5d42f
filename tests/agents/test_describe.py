"""What clients are told about a schema."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from paperclerk.agents import builtin
from paperclerk.agents.describe import schema_info
from paperclerk.domain.agent import Agent
from paperclerk.domain.errors import NotFound


def test_a_ready_made_agent() -> None:
    agent = builtin.lookup("document.receipt")
    info = schema_info("document.receipt:latest")
    assert (info.domain, info.schema_version) == ("document.receipt", agent.version)
    assert info.json_schema == agent.json_schema
    text = json.dumps(agent.json_schema, sort_keys=True)
    assert info.schema_hash == hashlib.sha256(text.encode()).hexdigest()[:8]
    assert info.gql_stmt.startswith(
        "{ receipt_id transaction_date merchant_name merchant_address { street city"
    )
    assert "items { description quantity unit_price total_price }" in info.gql_stmt


def test_unknown() -> None:
    with pytest.raises(NotFound):
        schema_info("document.nothing")


@pytest.mark.parametrize(
    ("title", "class_name"),
    [
        ("Invoice", "Invoice"),
        ("My invoice", "MyInvoice"),
        ("class", "Class"),
        ("1099-NEC form", "Model1099NECForm"),
        ("", "Model"),
        ("日本", "日本"),
        ("!?", "Model"),
        (None, "AcmeBills"),
        ('X"""\nimport os', "XImportOs"),
    ],
)
def test_the_title_is_a_class_name(title: str | None, class_name: str) -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"due-date": {}, "total": {}}}
    if title is not None:
        schema["title"] = title
    info = schema_info(Agent("acme/bills", "3", schema))
    assert info.json_schema["title"] == class_name
    assert schema.get("title") == title
    assert info.domain == "acme/bills"
    assert info.gql_stmt == "{ total }"
