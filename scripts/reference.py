"""Pages of the documentation site that are made from the code. A hook of MkDocs, called by `make docs`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.testing import CliRunner

from paperclerk.cli.main import app
from paperclerk.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "paperclerk"
_CODE = re.compile(r"""code(?::\s*str)?\s*=\s*"([a-z_]+)\"""")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The decisions of the folder are in the navigation without being listed."""
    decisions = sorted(f"decisions/{path.name}" for path in (ROOT / "docs" / "decisions").glob("*.md"))
    for section in config.nav or []:
        if isinstance(section, dict) and "Decisions" in section:
            section["Decisions"] = decisions
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages."""
    pages = {
        "routes": routes(),
        "command-line": command_line(),
        "error-codes": error_codes(),
        "settings": settings(),
    }
    for name, text in pages.items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    return files


def routes() -> str:
    """Every route of docs/openapi.json with its parameters and the fields of its body."""
    described = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
    parts = ["# Routes", "Made from [openapi.json](../openapi.json). What they mean: [http.md](../http.md)."]
    for path, item in sorted(described["paths"].items()):
        for method, operation in item.items():
            parts.append(f"## {method.upper()} `{path}`")
            parts.append(_cell(operation.get("description") or operation.get("summary", "")))
            rows = [
                (p["name"], p["in"], p.get("required", False), p.get("schema", {}))
                for p in operation.get("parameters", [])
            ]
            rows += _body_fields(operation, described["components"]["schemas"])
            if rows:
                lines = ["| Name | In | Required | Type | |", "|---|---|---|---|---|"]
                for name, place, required, schema in rows:
                    kind, text = _kind(schema), _cell(schema.get("description", ""))
                    lines.append(f"| `{name}` | {place} | {'yes' if required else ''} | {kind} | {text} |")
                parts.append("\n".join(lines))
    return "\n\n".join(part for part in parts if part) + "\n"


def command_line() -> str:
    """The help of every command."""
    root = typer.main.get_command(app)
    parts = ["# Command line", "What `--help` of each command says."]
    for name in _commands("paperclerk", root):
        parts += [f"## {name}", f"```text\n{_help(name)}\n```"]
    return "\n\n".join(parts) + "\n"


def error_codes() -> str:
    """Every code that the source can give, and the files it comes from."""
    found: dict[str, set[str]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for code in _CODE.findall(path.read_text("utf-8")):
            found.setdefault(code, set()).add(str(path.relative_to(SOURCE)))
    text = (ROOT / "docs" / "http.md").read_text("utf-8")
    statuses = dict(re.findall(r"^\| (\d{3})[^|]* \| ([^|]*)", text, re.M))
    lines = [
        "# Error codes",
        "Where each comes from; [http.md](../http.md) says which reply carries it.",
        "",
    ]
    lines += ["| Code | HTTP | Given in |", "|---|---|---|"]
    for code, files in sorted(found.items()):
        status = next((s for s, codes in statuses.items() if f"`{code}`" in codes), "")
        lines.append(f"| `{code}` | {status} | {', '.join(f'`{name}`' for name in sorted(files))} |")
    return "\n".join(lines) + "\n"


def settings() -> str:
    """Every setting with its type and default."""
    lines = ["# Settings, in short", "With all they mean: [settings.md](../settings.md).", ""]
    lines += ["| Variable | Default | |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default_factory or field.default is None else f"`{field.default}`"
        lines.append(f"| `PAPERCLERK_{name.upper()}` | {default} | {_cell(field.description or '')} |")
    return "\n".join(lines) + "\n"


def _body_fields(operation: dict[str, Any], schemas: dict[str, Any]) -> list[tuple[str, str, bool, Any]]:
    rows = []
    for content in operation.get("requestBody", {}).get("content", {}).values():
        model = schemas.get(
            content.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1], content.get("schema", {})
        )
        for name, schema in model.get("properties", {}).items():
            rows.append((name, "body", name in model.get("required", ()), schema))
    return rows


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref'].rsplit('/', 1)[-1]}`"
    if "anyOf" in schema:
        return ", ".join(dict.fromkeys(_kind(option) for option in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    return str(schema.get("type", "any"))


def _cell(text: str) -> str:
    """Text that neither a table nor HTML takes for its own."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _commands(name: str, command: Any) -> Iterator[str]:
    yield name
    for word, inner in sorted(getattr(command, "commands", {}).items()):
        yield from _commands(f"{name} {word}", inner)


def _help(name: str) -> str:
    """The help as plain text."""
    plain = {"TERM": "dumb", "COLUMNS": "100", "NO_COLOR": "1"}
    words = name.split()[1:]
    output = CliRunner(env=plain).invoke(app, [*words, "--help"], prog_name="paperclerk").output
    return "\n".join(line.rstrip() for line in output.strip("\n").splitlines())
