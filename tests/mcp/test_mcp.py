"""The official client of the Model Context Protocol against `paperclerk mcp`, over both transports."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from tests.api.conftest import SCHEMA, Running, serving
from tests.documents_made import make_pdf
from tests.markdown.documents import HARVEST, report
from typer.testing import CliRunner

from paperclerk.cli.main import app
from paperclerk.domain.errors import InvalidRequest
from paperclerk.engines.embedded.engine import EmbeddedEngine
from paperclerk.mcp.clerk import WAIT_S, Asked, Files
from paperclerk.mcp.local import KEPT, Local, LocalClerk
from paperclerk.security.outbound import OutboundGuard

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "mcp.md"
TOOLS = {"execute", "read_page", "look_up_result", "list_agents"}
READ = {"invoice_number": "R-2041", "total": 118.5}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("server"), allow_private_addresses="") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "bill.pdf").write_bytes(make_pdf(2))
    (tmp_path / "open" / "report.pdf").write_bytes(report())
    (tmp_path / "hidden.pdf").write_bytes(make_pdf(1))
    return tmp_path / "open"


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PAPERCLERK_")}
    return kept | more


@asynccontextmanager
async def over_stdio(*arguments: str | Path, **variables: str) -> AsyncIterator[Client]:
    command = ["-m", "paperclerk", "mcp", *map(str, arguments)]
    started = StdioServerParameters(command=sys.executable, args=command, env=environment(**variables))
    async with Client(started, read_timeout_seconds=100) as client:
        yield client


@contextmanager
def listening(*arguments: str | Path, **variables: str) -> Iterator[str]:
    command = [sys.executable, "-m", "paperclerk", "mcp", "--transport", "http", "--port", "0"]
    with subprocess.Popen(
        [*command, *map(str, arguments)], stdout=subprocess.PIPE, text=True, env=environment(**variables)
    ) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


@asynccontextmanager
async def over_http(url: str, key: str | None = None) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=100) as http,
        Client(streamable_http_client(url, http_client=http), read_timeout_seconds=100) as client,
    ):
        yield client


async def called(client: Client, tool: str, **arguments: Any) -> Any:
    """What the tool returns, structured and as text the same; for an error the sentence."""
    result = await client.call_tool(tool, arguments)
    if result.is_error:
        return f"error: {result.content[0].text}"
    if tool != "list_agents":
        assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


async def check_tools(client: Client, folder: Path) -> None:
    """What holds whatever the transport, and wherever it is executed."""
    listed = await client.list_tools()
    assert {tool.name for tool in listed.tools} == TOOLS
    assert all(tool.description and tool.output_schema for tool in listed.tools)

    bill = str(folder / "bill.pdf")
    done = await called(client, "execute", document=bill, json_schema=SCHEMA, pages=[1], grounding=True)
    assert done["status"] == "completed" and done["response"]["invoice_number"] == "R-2041"
    boxes = done["response"]["invoice_number_metadata"]["bboxes"]
    assert boxes[0]["content"] == "R-2041" and boxes[0]["page"] == 1
    assert [page["status"] for page in done["pages"]] == ["skipped", "ok"]
    by_agent = await called(client, "execute", document=bill, agent="document.invoice")
    assert by_agent["response"]["invoice_id"] == "R-2041"
    assert await called(client, "look_up_result", execution_id=by_agent["id"]) == by_agent

    page = await called(client, "read_page", document=str(folder / "report.pdf"), page=0)
    assert (page["page"], page["page_count"], page["status"]) == (0, 3, "ok")
    assert page["markdown"].startswith("# Report of the year") and "<Table" not in page["markdown"]
    assert all(cell in page["markdown"] for cell in HARVEST[1])

    agents = (await called(client, "list_agents"))["result"]
    assert {"document.invoice", "document.markdown"} <= {agent["name"] for agent in agents}
    await check_errors(client, bill, folder)


async def check_errors(client: Client, bill: str, folder: Path) -> None:
    wrong: dict[str, tuple[str, dict[str, Any]]] = {
        "[invalid_request]": ("execute", {"document": bill}),
        "[unknown_agent]": ("execute", {"document": bill, "agent": "document.invoce"}),
        "[invalid_schema]": ("execute", {"document": bill, "json_schema": {"type": "no such type"}}),
        "[file_not_found]": ("execute", {"document": str(folder / "none.pdf"), "agent": "document.invoice"}),
        "[url_not_allowed]": ("execute", {"document": "http://127.0.0.1/a.pdf", "agent": "document.invoice"}),
        "2 pages": ("read_page", {"document": bill, "page": 7}),
        "_not_found]": ("look_up_result", {"execution_id": "nothing"}),
        "page is wrong (Input should be greater": ("read_page", {"document": bill, "page": -1}),
        "execute was not called: document is required. Call": ("execute", {}),
        "no argument 'schema'. It takes: document, agent, json_schema": ("execute", {"schema": {}}),
        "There are execute, read_page,": ("extract", {"document": bill}),
    }
    for said, (tool, arguments) in wrong.items():
        outcome = await called(client, tool, **arguments)
        assert outcome.startswith("error: ") and said in outcome, (said, outcome)
        assert (
            "Traceback" not in outcome
            and "pydantic" not in outcome
            and outcome != f"error: Error executing tool {tool}"
        )


def test_stdio_in_this_process(folder: Path) -> None:
    async def main() -> None:
        async with over_stdio() as client:
            await check_tools(client, folder)

    asyncio.run(main())


def test_stdio_against_a_server(folder: Path, served: Running) -> None:
    key = served.key("stdio")

    async def main() -> None:
        async with over_stdio("--server", f"{served.url}/v1", PAPERCLERK_KEY=key) as client:
            await check_tools(client, folder)
        async with over_stdio("--server", served.url, "--key", "nonsense") as client:
            assert "[invalid_api_key]" in await called(client, "list_agents")

    asyncio.run(main())


def test_http_in_this_process_reads_only_the_folder_it_is_given(folder: Path) -> None:
    async def main(url: str) -> None:
        async with over_http(url) as client:
            done = await called(client, "execute", document="bill.pdf", json_schema=SCHEMA)
            assert done["response"] == READ
            for hidden in (folder.parent / "hidden.pdf", "../hidden.pdf", "link.pdf", "/etc/passwd", "a\0b"):
                outcome = await called(client, "read_page", document=str(hidden))
                assert "[file_not_found]" in outcome, hidden
            definition = await called(client, "execute", document="bill.pdf", agent="/etc/passwd.yaml")
            assert "[file_not_found]" in definition
        async with httpx2.AsyncClient() as http:
            rebound = await http.post(url, json={}, headers={"Host": "evil.example.org"})
            assert rebound.status_code == 421

    (folder / "link.pdf").symlink_to(folder.parent / "hidden.pdf")
    with listening("--files", folder) as url:
        asyncio.run(main(url))


def test_http_against_a_server_is_done_as_the_caller(folder: Path, served: Running) -> None:
    first, second = served.key("first"), served.key("second")
    asked = {"document": "bill.pdf", "json_schema": SCHEMA}

    async def main(url: str) -> None:
        async with over_http(url, first) as client:
            done = await called(client, "execute", **asked)
            assert done["response"] == READ
        async with over_http(url, second) as client:
            outcome = await called(client, "look_up_result", execution_id=done["id"])
            assert "[prediction_not_found]" in outcome
        async with over_http(url) as client:
            assert "[missing_api_key]" in await called(client, "execute", **asked)

    with listening("--server", served.url, "--files", folder) as url:
        asyncio.run(main(url))


def test_http_reads_no_files_unless_a_folder_is_named(folder: Path) -> None:
    async def main(url: str) -> None:
        async with over_http(url) as client:
            outcome = await called(client, "read_page", document=str(folder / "bill.pdf"))
            assert "[file_not_allowed]" in outcome

    with listening() as url:
        asyncio.run(main(url))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--transport", "http", "--host", "0.0.0.0"), "without a key"),
        (("--transport", "http", "--host", "0.0.0.0", "--server", "http://a", "--key", "k"), "without a key"),
        (("--server", "http://a"), "PAPERCLERK_KEY"),
        (("--key", "k"), "--server"),
        (("--files", "/no/such/folder"), "no folder"),
    ],
)
def test_wrong_use_is_said(arguments: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(app, ["mcp", *arguments])
    assert done.exit_code == 4 and said in done.output


async def check_waiting(folder: Path) -> None:
    files = Files(folder, folder)
    local = Local(EmbeddedEngine(), OutboundGuard(), files, max_bytes=1_000_000, threads=1)
    clerk = LocalClerk(local, wait_s=0)
    asked = Asked(document="bill.pdf", json_schema=SCHEMA)
    started = await clerk.execute(asked)
    assert started.status == "running" and started.response is None
    for _ in range(1000):
        await asyncio.sleep(0.05)
        if (done := await clerk.look_up(started.id)).status != "running":
            break
    assert done.status == "completed" and done.response == READ
    clerk.close()


def test_what_takes_long_is_looked_up_later(folder: Path) -> None:
    asyncio.run(check_waiting(folder))


def test_the_documented_client_works_as_it_stands() -> None:
    code = re.findall(r"^```python\n(.*?)^```", DOCS.read_text("utf-8"), re.MULTILINE | re.DOTALL)[0]
    code = code.replace(".venv/bin/paperclerk", str(Path(sys.executable).with_name("paperclerk")))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout.split() == [re.search(r"response.*# (\S+)", code)[1]], done.stderr


def test_every_tool_and_its_wait_are_documented() -> None:
    text = DOCS.read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == TOOLS
    assert f"waits {WAIT_S:g} seconds" in text and f"last {KEPT} results" in text


def test_a_missing_file_is_looked_for_where_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest) as raised:
        Files(folder=Path("/"), base=tmp_path).path("none.pdf")
    assert str(tmp_path) in raised.value.message
