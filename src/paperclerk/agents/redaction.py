"""The ready-made agent `document.redaction`: a copy of a document with personal data covered. Read by `builtin`.

Two names of the hosted service mean the same agent. The copy is an artifact, whose address the reply gives as
`redacted_uri` beside the values (docs/redaction.md).
"""

from __future__ import annotations

from typing import Any

from paperclerk.domain.agent import Agent

NAME = "document.redaction"


def _text(description: str) -> dict[str, Any]:
    return {"type": ["string", "null"], "description": description}


SCHEMA: dict[str, Any] = {
    "title": "PersonalData",
    "type": "object",
    "properties": {
        "person_name": _text("Name of the person, patient, customer or applicant"),
        "date_of_birth": _text("Date of birth"),
        "address": _text("Postal address of the person"),
        "phone_number": _text("Telephone number of the person"),
        "email": _text("E-mail address of the person"),
        "account_number": _text("Account number, IBAN or card number"),
        "social_security_number": _text("Social security number or tax id of the person"),
        "record_number": _text("Patient id, medical record number, member id or customer number"),
    },
}

AGENT = Agent(
    name=NAME,
    version="1",
    json_schema=SCHEMA,
    prompt="Find the personal data of the person that the document is about.",
    description="A copy of a document with personal data covered, and what was covered.",
    domain=NAME,
    defaults={"redact": {"fields": ["*"], "kinds": ["name", "email", "phone", "account", "ssn"]}},
)
OLDER_NAMES = ("healthcare/phi-redaction", "hr/resume-redaction")
