"""What a model can do, found by asking it. Called by `paperclerk doctor --model`.

A few short questions with answers that only their reader can know. Nothing is concluded from a name.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from paperclerk.engines.models.endpoint import (
    CallFailed,
    Cause,
    Endpoint,
    Output,
    Profile,
    Question,
    Reply,
    Tool,
    ToolResult,
    Turn,
)
from paperclerk.engines.models.pool import Budget, Patience, Pool
from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.lower import LADDER, Answer, Dialect, Quoted, read_answer

WORD, NUMBER = "Quince", 4711
FORM = compile_schema(
    {
        "type": "object",
        "properties": {
            "fruit": {"type": "string", "description": "The fruit that is named"},
            "number": {"type": "integer", "description": "The number that is named"},
            "colour": {"enum": ["red", "green"], "description": "The colour, null when none is named"},
        },
    }
)
SYSTEM = (
    'Answer in JSON. Each field is {"v": value or null, "q": the words it was read from, "p": page number}.'
)
TEXT = (
    f'<document>\n<page number="1">\nFruit: {WORD}. Number: {NUMBER}.\n</page>\n</document>\nGive the fields.'
)
TOOL_SYSTEM = (
    SYSTEM + " Look at the page with the tool read_page first, then give the fields by the tool answer."
)
LOOK = Tool(
    "read_page",
    "The text of a page.",
    {"type": "object", "properties": {"page": {"type": "integer"}}, "required": ["page"]},
)
SIZES = (4_096, 8_192, 16_384, 32_768, 65_536, 131_072)
MOST_FIELDS, MOST_PAGES, MOST_IMAGES = 120, 8, 8  # that one question is tried with
FILLER = "The quick brown fox jumps over the lazy dog near the quiet river bank. "  # about 16 tokens


# What says nothing about a form of answer: the next one would end in the same way.
HOPELESS = frozenset({Cause.DENIED, Cause.BROKEN, Cause.SLOW, Cause.BUSY})


@dataclass(frozen=True)
class Probed:
    """A profile, and a sentence for each thing that was tried. `stopped` is why nothing could be."""

    profile: Profile
    notes: tuple[str, ...]
    works: bool
    stopped: CallFailed | None = None


def probe(endpoint: Endpoint, *, largest: int = SIZES[3]) -> Probed:
    """Asks an endpoint what it can do; contexts up to `largest` tokens are tried, the smallest first."""
    notes: list[str] = []
    profile = endpoint.profile
    found = _output(endpoint, notes)
    if found is None or isinstance(found, CallFailed):
        return Probed(profile, tuple(notes), works=False, stopped=found)
    output, dialect = found
    profile = replace(profile, output=output, dialect=dialect)
    endpoint = replace(endpoint, profile=profile)
    profile = replace(profile, images=_sees(endpoint, notes), tools=_calls_tools(endpoint, notes))
    tokens = _context(endpoint, largest, notes)
    answer = max(512, min(profile.max_output_tokens, tokens // 4))
    profile = replace(profile, context_tokens=tokens, max_output_tokens=answer)
    endpoint = replace(endpoint, profile=profile)
    fields = _most(endpoint, "fields", profile.max_fields, MOST_FIELDS, _many_fields, notes)
    pages = _most(endpoint, "pages", profile.max_pages, MOST_PAGES, _many_pages, notes)
    profile = replace(profile, max_fields=fields, max_pages=pages)
    if profile.images:
        images = _most(endpoint, "images", profile.max_images, MOST_IMAGES, _many_images, notes)
        profile = replace(profile, max_images=images)
    return Probed(profile, tuple(notes), works=True)


def _output(endpoint: Endpoint, notes: list[str]) -> tuple[Output, Dialect] | CallFailed | None:
    """The strictest way of answering that gives the right values, and the form it was asked in; why none can be."""
    ways: list[tuple[Output, Dialect]] = [("schema", d) for d in LADDER]
    ways += [("json", LADDER[-1]), ("text", LADDER[-1])]
    for output, dialect in ways:
        tried = replace(endpoint, profile=replace(endpoint.profile, output=output, dialect=dialect))
        reply = _asked(tried, Question(SYSTEM, TEXT, FORM, max_tokens=300), learns=False)
        how = f"{output} ({dialect.nullable})" if output == "schema" else output
        if isinstance(reply, CallFailed):
            notes.append(f"{how}: {reply.cause.value}: {reply.message}")
            if reply.cause in HOPELESS:
                return reply
            continue
        answer, problems = read_answer(FORM, reply.data)
        if reply.data is not None and not problems and _right(answer):
            notes.append(f"{how}: works, {reply.seconds:.1f} s")
            return output, dialect
        notes.append(f"{how}: answered, but not the values asked for: {json.dumps(reply.text[:120])}")
    return None


def _sees(endpoint: Endpoint, notes: list[str]) -> bool:
    """Whether the model reads a word and a number that stand in a picture only."""
    question = Question(
        SYSTEM,
        "Give the fields of the picture, page 1.",
        FORM,
        images=(picture(f"Fruit: {WORD}", f"Number: {NUMBER}"),),
        max_tokens=300,
    )
    reply = _asked(endpoint, question, learns=True)
    if isinstance(reply, CallFailed):
        notes.append(f"images: no: {reply.message}")
        return False
    answer, _ = read_answer(FORM, reply.data)
    notes.append("images: yes" if _right(answer) else "images: taken, but not read")
    return _right(answer)


def _calls_tools(endpoint: Endpoint, notes: list[str]) -> bool:
    """Whether the model calls a tool for what only that can tell, and answers with what it gave."""
    question = Question(TOOL_SYSTEM, "Give the fields.", FORM, max_tokens=300, tools=(LOOK,))
    first = _asked(endpoint, question, learns=True)
    if isinstance(first, CallFailed):
        notes.append(f"tools: no: {first.message}")
        return False
    if [c.name for c in first.calls] != [LOOK.name]:
        notes.append("tools: offered, but not called")
        return False
    turn = Turn(first.text, first.calls, (ToolResult(TEXT),))
    second = _asked(endpoint, replace(question, turns=(turn,)), learns=True)
    right = isinstance(second, Reply) and _right(read_answer(FORM, second.data)[0])
    notes.append("tools: yes" if right else "tools: called, but what they gave is not used")
    return right


def _context(endpoint: Endpoint, largest: int, notes: list[str]) -> int:
    """The largest of SIZES at which values at the very beginning and the very end are still read."""
    proven = SIZES[0] // 2
    for size in (s for s in SIZES if s <= largest):
        filler = FILLER * ((size - 600) // 16)
        text = TEXT.replace("Number:", f"{filler}\nNumber:")
        reply = _asked(endpoint, Question(SYSTEM, text, FORM, max_tokens=300), learns=True)
        if isinstance(reply, CallFailed):
            notes.append(f"context {size}: {reply.cause.value}: {reply.message}")
            break
        answer, _ = read_answer(FORM, reply.data)
        if not _right(answer):
            notes.append(f"context {size}: values at its ends are not read")
            break
        proven = size
        notes.append(f"context {size}: works, {reply.seconds:.1f} s")
    return proven


def _most(
    endpoint: Endpoint, what: str, first: int, most: int, made: Callable[[int], Question], notes: list[str]
) -> int:
    """How many of a kind one question may have with every value read: twice as many while it works, or half.

    Where not even one is read, what the profile says stays: the question itself is not understood.
    """

    def works(count: int) -> bool:
        question = made(count)
        reply = _asked(endpoint, replace(question, max_tokens=200 + 60 * count), learns=True)
        answer = read_answer(question.form, reply.data)[0] if isinstance(reply, Reply) else {}
        right = isinstance(answer, dict) and all(
            isinstance(said := answer.get(f"item_{i}"), Quoted) and said.value == number_of(i)
            for i in range(1, count + 1)
        )
        told = reply.message if isinstance(reply, CallFailed) else "works" if right else "not all are read"
        notes.append(f"{count} {what}: {told}")
        return right

    count = first
    if works(count):
        while 2 * count <= most and works(2 * count):
            count *= 2
        return count
    while count > 1:
        count //= 2
        if works(count):
            return count
    return first


def _many_fields(count: int) -> Question:
    return _of_items(count, [" ".join(_item(i) for i in range(1, count + 1))])


def _many_pages(count: int) -> Question:
    return _of_items(count, [_item(i) for i in range(1, count + 1)])


def _many_images(count: int) -> Question:
    pictures = tuple(picture(f"Item {i}:", str(number_of(i))) for i in range(1, count + 1))
    return replace(_of_items(count, []), text="Give the fields, one from each picture.", images=pictures)


def _of_items(count: int, pages: list[str]) -> Question:
    shown = "\n".join(f'<page number="{n}">\n{text}\n</page>' for n, text in enumerate(pages, 1))
    properties = {
        f"item_{i}": {"type": "integer", "description": f"The number of item {i}"}
        for i in range(1, count + 1)
    }
    form = compile_schema({"type": "object", "properties": properties})
    return Question(SYSTEM, f"<document>\n{shown}\n</document>\nGive the fields.", form)


def _item(i: int) -> str:
    return f"Item {i}: {number_of(i)}."


def number_of(i: int) -> int:
    return NUMBER + 97 * i


def _asked(endpoint: Endpoint, question: Question, *, learns: bool) -> Reply | CallFailed:
    """One question, answered in this way only unless it `learns`."""
    pool = Pool([endpoint], patience=Patience(busy=2, broken=1), learns=learns)
    try:
        return pool.ask_many([question], Budget())[0]
    finally:
        pool.close()


def _right(answer: Answer) -> bool:
    if not isinstance(answer, dict):
        return False
    fruit, number, colour = (answer[n] for n in ("fruit", "number", "colour"))
    assert isinstance(fruit, Quoted) and isinstance(number, Quoted) and isinstance(colour, Quoted)
    said = str(fruit.value or "").casefold()
    return WORD.casefold() in said and number.value == NUMBER and colour.value is None


def picture(*rows: str) -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (640, 200), "white")
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(48)
    for n, row in enumerate(rows):
        pen.text((30, 30 + 80 * n), row, fill="black", font=font)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
