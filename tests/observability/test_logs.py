"""Log lines: they reach standard error as it is then, and never stop who writes them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from paperclerk.observability.logs import Format, configure_logs


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    before = structlog.get_config()
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.configure(**before)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_holds_no_values(form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    configure_logs("info", form)

    def fail(key: str) -> float:
        return 1 / (len(key) - len(key))

    try:
        fail("".join(["pck_", "secret"]))
    except ZeroDivisionError:
        structlog.get_logger("test").exception("a request failed")
        logging.getLogger("library").exception("a call failed")
    assert out.getvalue().count("ZeroDivisionError") >= 2 and "pck_secret" not in out.getvalue()


class Gone(io.StringIO):
    """A pipe whose reader has left."""

    def write(self, text: str, /) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("gone", ["closed", "broken"])
def test_who_logs_goes_on_when_standard_error_is_gone(gone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, then = (io.StringIO() if gone == "closed" else Gone()), io.StringIO()
    monkeypatch.setattr("sys.stderr", first)
    configure_logs("info", "json")
    log = structlog.get_logger("test")
    if gone == "closed":
        log.info("one")
        assert json.loads(first.getvalue())["event"] == "one"
        first.close()
    log.warning("a worker process ended", code=-9)
    logging.getLogger("library").warning("careful")
    monkeypatch.setattr("sys.stderr", then)
    log.warning("again", code=-9)
    logging.getLogger("library").warning("careful")
    lines = [json.loads(line) for line in then.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["again", "careful"] and lines[0]["code"] == -9
