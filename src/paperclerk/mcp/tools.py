"""The tools, on the official package's server. Called by `cli.mcp`; what they ask is done by a `Clerk`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import BaseModel, Field, ValidationError

from paperclerk import __version__
from paperclerk.domain.agent import Detail
from paperclerk.domain.errors import InvalidRequest, PaperclerkError
from paperclerk.mcp.clerk import AgentReply, Asked, Clerk, ExecutionReply

INSTRUCTIONS = (
    "Reads documents (PDF, images). `execute` gives the values of an agent's or of your own JSON Schema; "
    "`read_page` gives a page as Markdown. What is not on the page is null, never made up."
)

Headers = Mapping[str, str] | None  # of the call, where the transport has them
Document = Annotated[str, Field(description="Path of a file, or an http(s) URL.")]


class PageText(BaseModel):
    """One page as Markdown, tables included. `page` is 0-based."""

    page: int
    page_count: int
    status: str = Field(description="ok; empty: nothing is printed on it; failed: `reason` says why.")
    reason: str | None
    markdown: str


class _Server(MCPServer[Any]):
    """Says what is wrong with the arguments of a call in a sentence; an argument that no tool takes is one, too."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        takes = {tool.name: list(tool.input_schema["properties"]) for tool in await self.list_tools()}
        if name not in takes:
            raise ToolError(f"There is no tool {name!r}. There are {', '.join(takes)}.")
        if unknown := [argument for argument in arguments if argument not in takes[name]]:
            known = ", ".join(takes[name]) or "none"
            raise ToolError(f"{name} has no argument {', '.join(unknown)!r}. It takes: {known}.")
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                raise ToolError(_sentence(name, error.__cause__)) from error
            raise


def _sentence(tool: str, wrong: ValidationError) -> str:
    parts: dict[str, str] = {}
    for problem in wrong.errors(include_url=False, include_input=False):
        argument = str(problem["loc"][0])
        absent = problem["type"] == "missing"
        parts.setdefault(argument, "is required" if absent else f"is wrong ({problem['msg']})")
    listed = "; ".join(f"{argument} {what}" for argument, what in parts.items())
    return f"{tool} was not called: {listed}. Call it again with that put right."


def make_server(clerk_of: Callable[[Headers], Clerk]) -> MCPServer[Any]:
    """The server; `clerk_of` gives who does a call, and raises PaperclerkError for a caller it refuses."""
    server = _Server("paperclerk", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING")
    reads = ToolAnnotations(read_only_hint=True, destructive_hint=False)

    @server.tool(annotations=reads)
    async def execute(
        context: Context[Any, Any],
        document: Document,
        agent: Annotated[
            str | None,
            Field(description="NAME or NAME:VERSION, such as document.invoice; list_agents names them."),
        ] = None,
        json_schema: Annotated[
            dict[str, Any] | None, Field(description="A JSON Schema of what to read; replaces the agent's.")
        ] = None,
        prompt: Annotated[str, Field(description="Instructions, added to the agent's.")] = "",
        pages: Annotated[
            list[int] | None, Field(description="Pages to read, from 0; all when absent.")
        ] = None,
        detail: Annotated[Detail, Field(description="How much work to spend on reading.")] = "auto",
        grounding: Annotated[bool, Field(description="Add the place on the page of each value.")] = False,
        confidence: Annotated[bool, Field(description="Add hi, med or lo for each value.")] = False,
    ) -> ExecutionReply:
        """Reads a document by an agent, or by a JSON Schema, and returns JSON that conforms.

        Give `agent` or `json_schema`. A document that takes long is returned with a status that is neither
        `completed` nor `failed`: call look_up_result with its id.
        """
        asked = Asked(
            document=document,
            agent=agent,
            json_schema=json_schema,
            prompt=prompt,
            pages=None if pages is None else tuple(pages),
            detail=detail,
            grounding=grounding,
            confidence=confidence,
        )
        with tool_errors():
            if agent is None and json_schema is None:
                raise InvalidRequest("Give an agent (such as document.invoice) or a json_schema.")
            return _not_failed(await clerk_of(context.headers).execute(asked))

    @server.tool(annotations=reads)
    async def read_page(
        context: Context[Any, Any],
        document: Document,
        page: Annotated[int, Field(ge=0, description="The page, from 0.")] = 0,
    ) -> PageText:
        """Returns one page of a document as Markdown in reading order, with its tables."""
        asked = Asked(document=document, agent="document.markdown", pages=(page,))
        with tool_errors():
            return _page_text(page, _not_failed(await clerk_of(context.headers).execute(asked)))

    @server.tool(annotations=reads)
    async def look_up_result(
        context: Context[Any, Any], execution_id: Annotated[str, Field(description="The id of an execution.")]
    ) -> ExecutionReply:
        """Returns an execution as it stands: its status, and its response once it is completed."""
        with tool_errors():
            return await clerk_of(context.headers).look_up(execution_id)

    @server.tool(annotations=reads)
    async def list_agents(context: Context[Any, Any]) -> list[AgentReply]:
        """Lists the agents that execute takes: the kinds of documents they read."""
        with tool_errors():
            return await clerk_of(context.headers).agents()

    return server


@contextmanager
def tool_errors() -> Iterator[None]:
    """Our errors as the sentence that the model gets to read."""
    try:
        yield
    except PaperclerkError as error:
        raise ToolError(f"{error.message} [{error.code}]") from error


def _not_failed(execution: ExecutionReply) -> ExecutionReply:
    if execution.status == "failed":
        raise ToolError(execution.message or "The execution failed.")
    return execution


def _page_text(page: int, execution: ExecutionReply) -> PageText:
    if execution.status != "completed":
        raise ToolError(f"The page is still being read. Call look_up_result with {execution.id!r}.")
    account = next(account for account in execution.pages if account.page == page)
    read = execution.response["pages"]
    return PageText(
        page=page,
        page_count=len(execution.pages),
        status=account.status,
        reason=account.reason,
        markdown=_whole(read[0]) if read else "",
    )


def _whole(page: Mapping[str, Any]) -> str:
    """The page's Markdown with its tables and figures where their marks stand."""
    tables = [table["content"] or "" for table in page["tables"] or []]
    figures = {figure["id"]: figure["caption"] or "" for figure in page["figures"] or []}
    text = re.sub(r'<Table id="tb-(\d+)"/>', lambda mark: tables[int(mark[1])], page["content"])
    return re.sub(r'<Figure id="fg-(\d+)"/>', lambda mark: figures[int(mark[1])], text)
