"""A model for tests: an OpenAI-compatible server on loopback that knows the truth of its documents.

It answers from the pages and the fields that it was shown and from nothing else: a truth counts as shown where it
is found in the words of those pages. What it is asked for is named by the model's name. Faults can be switched on,
one by one, so that what the pipeline loses by itself and by each fault is measured.
"""

from __future__ import annotations

import base64
import datetime as dt
import functools
import io
import json
import re
import threading
import time
import unicodedata
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import numpy as np
from dateutil import parser as dateparser
from PIL import Image

from paperclerk.domain.document import Page

PAGE = re.compile(r'<page number="(\d+)">\n(.*?)\n</page>', re.S)
NUMBER = re.compile(r"[-(]?\d(?:[\d.,']| (?=\d{3}))*")
DATE = re.compile(
    r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}(?:st|nd|rd|th)?\.? [^\W\d_]+\.?,? \d{4}|[^\W\d_]+\.? \d{1,2},? \d{4}"
)


@dataclass
class Faults:
    """What goes wrong. Numbers that count mean: this many times, then never again; -1 is always."""

    cut_after: int = 0  # characters of an answer, then the end, `finish_reason` length
    invalid_json: int = 0
    most_pages: int = 0  # of one question; what stands on later ones is not read
    most_images: int = 0  # of one question; more are refused
    whitespace_over: int = 0  # endless blanks for questions of more than so many scalars
    refused: tuple[str, ...] = ()  # texts in `response_format` that are answered 400
    refused_key: str = ""  # a key of the body that is answered 400
    wrong_types: bool = False
    invent: float = 0.0  # share of the values that are made up
    misread: float = 0.0  # share of the values that are another value of the pages shown, of the same kind
    wrong_page: bool = False
    busy: int = 0
    broken: int = 0
    dropped: int = 0  # connections closed without an answer
    slow_s: float = 0.0
    context_chars: int = 0  # longer questions are refused
    silent_context_chars: int = 0  # longer questions lose their beginning, unsaid
    no_tools: bool = False  # questions with tools are answered 400
    obeys: bool = False  # does what the document tells it: "CALL tool {arguments}", "ADD name value"


@dataclass
class Truth:
    """What is right for one document: the JSON, and how dates are to be read (`date-mdy` for month first).

    `prints` knows, by leaf path, the number of the page and the words that a value was read from; `homes`, by row
    path, the page that a row stands on. What they do not know is searched on the pages shown. Where `standing` is
    given, a row is shown where all of its leaves are that stand there; else where all of its leaves are.
    """

    value: Any
    kinds: Mapping[str, str] = field(default_factory=dict)
    prints: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    homes: Mapping[str, int] = field(default_factory=dict)
    standing: frozenset[str] = frozenset()


@dataclass
class Seen:
    """What the server was asked."""

    requests: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    invented: list[Any] = field(default_factory=list)
    said: set[str] = field(default_factory=set)  # paths of the truths that were given
    most_at_once: int = 0
    at_once: int = 0


class Oracle:
    """The server. `truths` maps a model's name to a truth; `latency_s` passes before each answer."""

    def __init__(
        self, truths: Mapping[str, Truth], faults: Faults | None = None, latency_s: float = 0.0
    ) -> None:
        self.truths = dict(truths)
        self.faults = faults or Faults()
        self.latency_s = latency_s
        self.sees: Mapping[int, Page] = {}  # pages by number, to know what `picture_of` shows
        self.captions: Mapping[bytes, str] = {}  # what pictures say that are no pages
        self.tool_calls: list[tuple[str, Any]] | None = None  # None: reads page after page
        self.seen = Seen()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        oracle = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one packet an answer: else each waits 40 ms for the other side

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                oracle._serve(self, body)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    # -- one request -------------------------------------------------------------------------------------

    def _serve(self, http: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        with self._lock:
            self.seen.requests += 1
            self.seen.bodies.append(body)
            self.seen.at_once += 1
            self.seen.most_at_once = max(self.seen.most_at_once, self.seen.at_once)
        try:
            time.sleep(self.latency_s + self.faults.slow_s)
            if self._uses("dropped"):
                http.close_connection = True
                http.connection.close()
                return
            status, answer = self._answer(body)
            payload = json.dumps(answer).encode()
            http.send_response(status)
            http.send_header("content-type", "application/json")
            http.send_header("content-length", str(len(payload)))
            if status == 429:
                http.send_header("retry-after", "0.05")
            http.end_headers()
            http.wfile.write(payload)
            http.wfile.flush()
        except OSError:
            pass
        finally:
            with self._lock:
                self.seen.at_once -= 1

    def _uses(self, name: str) -> bool:
        with self._lock:
            left: int = getattr(self.faults, name)
            if left > 0:
                setattr(self.faults, name, left - 1)
            return left != 0

    def _answer(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self._uses("busy"):
            return 429, _error("rate limit reached")
        if self._uses("broken"):
            return 500, _error("the model crashed")
        format_text = json.dumps(body.get("response_format", {}))
        named = [w for w in self.faults.refused if w in format_text]
        if named:
            return 400, _error(f"response_format: unsupported keyword {named[0]}")
        if self.faults.refused_key and self.faults.refused_key in body:
            return 400, _error(f"{self.faults.refused_key}: extra fields are not permitted")
        asked = "\n".join(_text_of(m) for m in body["messages"] if m["role"] != "assistant")
        if self.faults.context_chars and len(asked) > self.faults.context_chars:
            return 400, _error(
                "This model's maximum context length is exceeded; reduce the length of the messages"
            )
        if self.faults.silent_context_chars:
            asked = asked[-self.faults.silent_context_chars :]
        if 0 < self.faults.most_images < len(_pictures(body)):
            return 400, _error(f"at most {self.faults.most_images} images are taken")
        if "tools" in body and self.faults.no_tools:
            return 400, _error("tools are not supported by this model")
        if "tools" in body:
            text, finish, message = self._with_tools(body, asked)
        else:
            text, finish = self._written(body, asked)
            message = {"role": "assistant", "content": text}
        usage = {"prompt_tokens": len(asked) // 4, "completion_tokens": len(text) // 4, "total_tokens": 0}
        return 200, {
            "id": "x", "object": "chat.completion", "created": 0, "model": body["model"], "usage": usage,
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        }  # fmt: skip

    def _seen_in_pictures(self, body: dict[str, Any]) -> dict[int, str]:
        """The words of the pages that the pictures of a question show; where they are is in their colours."""
        shown: dict[int, str] = {}
        for number, picture in enumerate(_pictures(body), 1):
            if picture in self.captions:
                shown[number] = self.captions[picture]
            elif self.sees:
                with Image.open(io.BytesIO(picture)) as image:
                    x0, y0, b = image.getpixel((0, 0))
                    x1, y1, _ = image.getpixel((image.width - 1, image.height - 1))
                page = self.sees[b + 1]
                inside = [
                    " ".join(
                        w.text for w in (page.words[i] for i in line.words)
                        if x0 <= 255 * w.box.cx / page.width <= x1 and y0 <= 255 * w.box.cy / page.height <= y1
                    )
                    for line in page.lines
                ]  # fmt: skip
                shown[b + 1] = shown.get(b + 1, "") + "\n" + "\n".join(t for t in inside if t)
        return shown

    def _with_tools(self, body: dict[str, Any], asked: str) -> tuple[str, str, dict[str, Any]]:
        """The next tool call, in the script's order, or the answer when there is none or no step is left."""
        done = sum(len(m.get("tool_calls") or ()) for m in body["messages"])
        script = self.tool_calls
        if script is None:
            count = int((re.findall(r"The document has (\d+) pages", asked) or ["1"])[0])
            script = [("read_page", {"page": n}) for n in range(1, count + 1)]
        ordered = re.findall(r"CALL (\w+) (\{.*?\})", asked) if self.faults.obeys else []
        script = [*script, *((name, json.loads(given)) for name, given in ordered)]
        if done < len(script) and "No steps are left" not in asked:
            name, arguments = script[done]
        else:
            forms = {t["function"]["name"]: t["function"]["parameters"] for t in body["tools"]}
            truth = self.truths[body["model"]]
            name, arguments = (
                "answer",
                _Answering(self, _pages(asked), truth).object(forms["answer"], truth.value, ""),
            )
            if self.faults.obeys:
                arguments |= {k: {"v": v, "q": v, "p": 1} for k, v in re.findall(r"ADD (\w+) (\w+)", asked)}
        text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        call = {"id": f"c{done}", "type": "function", "function": {"name": name, "arguments": text}}
        return text, "tool_calls", {"role": "assistant", "content": None, "tool_calls": [call]}

    def _written(self, body: dict[str, Any], asked: str) -> tuple[str, str]:
        form = _form_of(body, asked)
        if self._uses("invalid_json"):
            return '{"total": {"v": 3, "q": ', "stop"
        if self.faults.whitespace_over and _count(form) > self.faults.whitespace_over:
            return "{" + " " * 400, "length"
        pages = _pages(asked) or self._seen_in_pictures(body)
        if self.faults.most_pages:
            pages = {n: text for n, text in pages.items() if n <= self.faults.most_pages}
        truth = self.truths[body["model"]]
        answer = _Answering(self, pages, truth).object(form, truth.value, "")
        text = json.dumps(answer, ensure_ascii=False)
        limit = min(self.faults.cut_after or 10**9, 4 * (body.get("max_tokens") or 10**9))
        return (text[:limit], "length") if len(text) > limit else (text, "stop")


class Answering:
    """A server that answers everything with the same `status` and JSON; where `status` is None there is none."""

    def __init__(self, status: int | None, body: Any) -> None:
        self.status, self.body = status, body
        self.requests = 0

    def __enter__(self) -> Self:
        answering = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                answering.requests += 1
                self.rfile.read(int(self.headers["content-length"]))
                payload = json.dumps(answering.body).encode()
                self.send_response(answering.status or 500)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if self.status is None:
            self._server.server_close()
        else:
            threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.status is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"


def picture_of(page: int, max_side: int) -> bytes:
    """A page as a picture whose every pixel says where it is: red across, green down, blue the page's index."""
    side = np.linspace(0, 255, max_side).astype(np.uint8)
    pixels = np.full((max_side, max_side, 3), page, np.uint8)
    pixels[..., 0], pixels[..., 1] = side[None, :], side[:, None]
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=1)
    return out.getvalue()


def said_at_once(truth: Truth, form: Mapping[str, Any], pages: Mapping[int, str]) -> set[str]:
    """The leaf paths that the oracle gives when it is shown all pages, by number, and asked for all of `form`."""
    oracle = Oracle({"m": truth})
    _Answering(oracle, pages, truth).object(form, truth.value, "")
    return oracle.seen.said


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": None}}


def _pages(asked: str) -> dict[int, str]:
    """The text shown of each page."""
    pages: dict[int, str] = {}
    for number, text in PAGE.findall(asked):
        pages[int(number)] = f"{pages[int(number)]}\n{text}" if int(number) in pages else text
    return pages


def _pictures(body: Mapping[str, Any]) -> list[bytes]:
    content = body["messages"][-1]["content"]
    urls = (
        [p["image_url"]["url"] for p in content if p["type"] == "image_url"]
        if isinstance(content, list)
        else []
    )
    return [base64.b64decode(url.split(",")[1]) for url in urls]


def _text_of(message: Mapping[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return "\n".join(p["text"] for p in content if p["type"] == "text")


def _form_of(body: Mapping[str, Any], asked: str) -> Any:
    shape = body.get("response_format", {})
    if shape.get("type") == "json_schema":
        return shape["json_schema"]["schema"]
    return json.loads(asked[asked.rindex("nothing else:\n") + len("nothing else:\n") :])


def _is_leaf(form: Mapping[str, Any]) -> bool:
    return {"v", "q"} <= set(form.get("properties", ())) <= {"v", "q", "p"}


def _count(form: Any) -> int:
    if _is_leaf(form):
        return 1
    inner = [form["items"]] if "items" in form else form.get("properties", {}).values()
    return sum(_count(i) for i in inner)


@dataclass
class _Answering:
    """One answer in the making."""

    oracle: Oracle
    pages: Mapping[int, str]
    truth: Truth

    def object(self, form: Mapping[str, Any], value: Any, path: str) -> Any:
        if _is_leaf(form):
            return self.leaf(form, value, path)
        if form.get("type") == "array":
            return list(self.rows(form["items"], value if isinstance(value, list) else [], path))
        known = value if isinstance(value, dict) else {}
        return {
            name: self.object(inner, known.get(name), f"{path}.{name}" if path else name)
            for name, inner in form["properties"].items()
        }

    def rows(self, form: Mapping[str, Any], values: Sequence[Any], path: str) -> Iterator[Any]:
        """The rows that stand on one of the pages, in the truth's order."""
        for i, row in enumerate(values):
            here = f"{path}[{i}]"
            page = self._home(row, here)
            if page is None:
                continue
            part = _Answering(self.oracle, {page: self.pages[page]}, self.truth)
            if _is_leaf(form):
                yield part.object(form, row, here)
            else:
                yield {"p": page, "r": part.object(form["properties"]["r"], row, here)}

    def _home(self, row: Any, path: str) -> int | None:
        """The page shown that holds all of the row; of a row with a home, all that its home holds."""
        values = list(scalars(row, path))
        if path in self.truth.homes:
            home = self.truth.homes[path]
            if home not in self.pages:
                return None
            values = (
                [(p, v) for p, v in values if p in self.truth.standing] if self.truth.standing else values
            )
            pages = [home] if values else []
        else:
            pages = list(self.pages)
        return next((n for n in pages if all(self._words(p, v, n) is not None for p, v in values)), None)

    def _words(self, path: str, value: Any, page: int) -> str | None:
        """The words on a page that say `value`, None when it is not shown there."""
        if path in self.truth.prints:
            home, words = self.truth.prints[path]
            if home == page and _find_text(words, self.pages[page]) is not None:
                return words
            return None
        return find(value, self.truth.kinds.get(shape_of(path), ""), self.pages[page])

    def leaf(self, form: Mapping[str, Any], truth: Any, path: str) -> Any:
        faults, seen = self.oracle.faults, self.oracle.seen
        page, quote = next(
            ((n, q) for n in self.pages if (q := self._words(path, truth, n)) is not None), (None, None)
        )
        value: Any = truth if quote is not None else None
        if value is not None and faults.misread:
            value, quote = self._misread(value, quote, path)
        if isinstance(value, str) and not {"string", "enum"} & {*_types(form), *form["properties"]["v"]}:
            value = None
        if value is not None:
            seen.said.add(path)
        if faults.invent and zlib.crc32(f"{path} {len(seen.bodies)}".encode()) % 1000 < 1000 * faults.invent:
            value = (
                987654.25 if isinstance(truth, (int, float)) else f"Zyxomma Quillfeather {len(seen.invented)}"
            )
            quote = quote or "Zyxomma"
            seen.invented.append(value)
        if value is not None and faults.wrong_types:
            value = {"wrong": value} if isinstance(value, str) else f"{value} or so"
        if value is None and "null" not in _types(form) and not form["properties"]["v"].get("nullable"):
            value = ""
        shown = next(iter(self.pages), 1) if page is None else page
        said = {"v": value, "q": "" if quote in (None, value) else quote, "p": shown + 7 * faults.wrong_page}
        return {k: v for k, v in said.items() if k in form["properties"]}

    def _misread(self, value: Any, quote: str | None, path: str) -> tuple[Any, str | None]:
        """Now and then another number, day or line of the pages shown."""
        chance = zlib.crc32(f"{path} {len(self.oracle.seen.bodies)} {self.truth.value}".encode())
        if chance % 1000 >= 1000 * self.oracle.faults.misread:
            return value, quote
        text = "\n".join(self.pages.values())
        if isinstance(value, int | float):
            others = [(n, p) for p in _numbers_of(text) for n in _readings(p) if abs(n - value) > 0.005]
        elif DATE.fullmatch(quote or ""):
            others = [(d, d) for d in DATE.findall(text) if d != quote]
        else:
            others = [(x, x) for x in (" ".join(t.split()) for t in text.split("\n")) if x and x != quote]
        return others[(chance // 1000) % len(others)] if others else (value, quote)


def _types(form: Mapping[str, Any]) -> list[str]:
    value = form["properties"]["v"]
    kinds = [s.get("type") for s in value["anyOf"]] if "anyOf" in value else value.get("type", [])
    return kinds if isinstance(kinds, list) else [kinds]


# -- what stands on a page ---------------------------------------------------------------------------------


def scalars(truth: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The scalars of a truth that say something, with their paths (`items[2].price`)."""
    if isinstance(truth, dict):
        for name, inner in truth.items():
            yield from scalars(inner, f"{path}.{name}" if path else name)
    elif isinstance(truth, list):
        for i, inner in enumerate(truth):
            yield from scalars(inner, f"{path}[{i}]")
    elif truth not in (None, ""):
        yield path, truth


def shape_of(path: str) -> str:
    """`items[].price` for `items[2].price`."""
    return re.sub(r"\[\d+\]", "[]", path)


def find(value: Any, kind: str, text: str) -> str | None:
    """The words of `text` that say `value`, as they stand there; None when none do."""
    if value in (None, "") or isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return _find_number(value, text)
    found = _find_text(str(value), text)
    if found is None and kind.startswith("date"):
        return _find_day(str(value), kind, text)
    return found


def _find_text(value: str, text: str) -> str | None:
    letters, places = _letters(text)
    wanted, _ = _letters(value)
    at = letters.find(wanted) if wanted else -1
    while at >= 0:
        first, last = places[at], places[at + len(wanted) - 1]
        before, after = text[first - 1 : first], text[last + 1 : last + 2]
        if not (before.isalnum() or after.isalnum()):
            return " ".join(text[first : last + 1].split())
        at = letters.find(wanted, at + 1)
    return None


@functools.lru_cache(maxsize=4096)
def _letters(text: str) -> tuple[str, list[int]]:
    letters, places = [], []
    for i, char in enumerate(text):
        for c in unicodedata.normalize("NFKD", char).casefold():
            if c.isalnum():
                letters.append(c)
                places.append(i)
    return "".join(letters), places


def _find_number(value: float, text: str) -> str | None:
    """A print of the number: rather a whole word, a whole number without decimals, another with two of them."""
    prints = [p for p in _numbers_of(text) if any(abs(n - value) < 0.005 for n in _readings(p))]
    wanted = (0,) if isinstance(value, int) else (2, 3, 1, 4)
    words = {w.strip("$€£*:;()") for w in text.split()}

    def worth(printed: str) -> tuple[bool, int, int]:
        decimals = len(re.split(r"[.,]", printed)[-1]) if any(c in printed for c in ".,") else 0
        rank = wanted.index(decimals) if decimals in wanted else len(wanted)
        return printed not in words, rank, len(printed)

    return min(prints, key=worth, default=None)


@functools.lru_cache(maxsize=1024)
def _numbers_of(text: str) -> tuple[str, ...]:
    found = []
    for match in NUMBER.finditer(text):
        whole = match.group().strip()
        found += [whole, *(p for p in re.findall(r"-?\d[\d.,]*", whole) if p != whole)]
    return tuple(found)


def _readings(printed: str) -> Iterator[float]:
    digits = printed.lstrip("(").replace(" ", "").replace("'", "").rstrip(".,")
    for decimal, group in ((".", ","), (",", ".")):
        plain = digits.replace(group, "").replace(decimal, ".")
        try:
            number = float(plain)
        except ValueError:
            continue
        yield number
        if printed.startswith("("):
            yield -number


def _find_day(value: str, kind: str, text: str) -> str | None:
    wanted = _day(value, kind)
    if wanted is None:
        return None
    return next((m.group() for m in DATE.finditer(text) if _day(m.group(), kind) == wanted), None)


def _day(text: str, kind: str) -> dt.date | None:
    try:
        if re.match(r"\d{4}-\d\d-\d\d$", text):
            return dt.date.fromisoformat(text)
        parsed: dt.datetime = dateparser.parse(text, dayfirst=kind != "date-mdy")
    except (ValueError, OverflowError):
        return None
    return parsed.date()
