"""Docs that cannot lie: settings, routes, error codes, the committed description of the routes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from paperclerk.api import errors, unsupported
from paperclerk.domain.errors import InvalidRequest
from paperclerk.security.plans import load_plans
from paperclerk.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "paperclerk"
HTTP = (ROOT / "docs" / "http.md").read_text("utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text("utf-8")
COMMAND_LINE_ONLY = {"port_not_free", "invalid_setting", "file_not_allowed", "draft_is_worse", "unknown_case"}


def test_every_setting_is_documented_and_no_other() -> None:
    documented = re.findall(r"^\| `PAPERCLERK_(\w+)` \|", SETTINGS, re.MULTILINE)
    assert documented == [name.upper() for name in Settings.model_fields]
    for name, field in Settings.model_fields.items():
        assert field.description, name
        if isinstance(field.default, int | str) and field.default:
            shown = re.search(rf"`PAPERCLERK_{name.upper()}` \| `([^`]*)`", SETTINGS)
            assert shown and type(field.default)(shown[1]) == field.default, name


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PAPERCLERK_BASE_URL", "clerk.example.org", "https://clerk.example.org"),
        ("PAPERCLERK_DATABASE_URL", "sqlite://", "sqlite:///PATH"),
        ("PAPERCLERK_MODEL_URL", "http://gpu:8000/v1", "no PAPERCLERK_MODEL"),
    ],
)
def test_a_wrong_setting_is_refused_and_an_empty_one_is_not_set(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidRequest, match=f"{name}.*{says}"):
        load_settings()
    monkeypatch.setenv(name, "")
    assert load_settings() == Settings()


def test_the_committed_description_is_that_of_the_routes() -> None:
    from scripts.openapi import TARGET, description

    assert TARGET.read_text("utf-8") == description(), "the routes have changed: make openapi"


def test_every_route_is_documented_and_no_other() -> None:
    described = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
    routes = {f"{method.upper()} {path}" for path, item in described["paths"].items() for method in item}
    assert set(re.findall(r"^\| `([A-Z]+ /v1/\S+)` \|", HTTP, re.MULTILINE)) == routes
    for family in unsupported.FAMILIES:
        assert f"`/v1/{family}`" in HTTP


def test_every_field_is_documented() -> None:
    described = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))["components"]["schemas"]
    for model in (
        "DocumentExecuteBody",
        "DocumentGenerateBody",
        "ImageExecuteBody",
        "ConfigBody",
        "ExecutionReply",
    ):
        for name in described[model]["properties"]:
            assert f"`{name}`" in HTTP, f"{model}.{name}"


def test_every_error_code_is_documented() -> None:
    codes = set(errors.FAILURE_STATUSES) | errors.REPLIED_AS_FAILED
    codes |= {code for code, _ in errors.FRAMEWORK.values()}
    for path in SOURCE.rglob("*.py"):
        codes |= set(re.findall(r'\bcode ?= ?"([a-z_]+)"', path.read_text("utf-8")))
    missing = {code for code in codes - COMMAND_LINE_ONLY if f"`{code}`" not in HTTP}
    assert not missing
    listed = set(re.findall(r"`([a-z_]+)`", HTTP[HTTP.index("| Status | Codes |") :]))
    assert listed - codes <= {"strict", "detail", "code"}, "a code that nothing gives"


def test_every_class_of_errors_has_a_status() -> None:
    """A new kind of error must not fall through to 500."""

    def below(kind: type) -> set[type]:
        return {kind}.union(*(below(sub) for sub in kind.__subclasses__()))

    from paperclerk.domain.errors import PaperclerkError

    for kind in below(PaperclerkError) - {PaperclerkError}:
        status = errors.status_of(kind.__new__(kind))
        assert status < 500 or (kind, status) == (errors.DatabaseAway, 503), kind


def test_documents_that_are_too_large_are_413_from_an_execution_too() -> None:
    """An execution keeps the code of its error only."""
    for path in SOURCE.rglob("*.py"):
        for code in re.findall(
            r'DocumentTooLarge\((?:[^()]|\([^()]*\))*code="([a-z_]+)"', path.read_text("utf-8")
        ):
            assert errors.status_of_failure(code) == 413, code


def test_the_built_in_plans_are_documented() -> None:
    for name in load_plans().by_name:
        assert f"`{name}`" in HTTP
