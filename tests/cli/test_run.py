"""`paperclerk run` and `paperclerk eval` as a user calls them: in a process of their own."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from paperclerk.cli.run import parse_pages
from paperclerk.domain.errors import InvalidRequest

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SCHEMA = {
    "type": "object",
    "properties": {
        "invoice_number": {"type": "string"},
        "total": {"type": "number", "description": "Total amount"},
        "blood_type": {"type": "string", "description": "Blood group of the patient"},
    },
    "required": ["invoice_number", "total", "blood_type"],
}


def paperclerk(*arguments, cwd=None):
    command = [sys.executable, "-m", "paperclerk", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=cwd, check=False)


@pytest.fixture
def schema(tmp_path):
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(SCHEMA))
    return path


@pytest.fixture
def three_pages(tmp_path):
    canvas = Canvas(str(tmp_path / "three.pdf"))
    for number in (1, 2, 3):
        canvas.drawString(72, 700, f"Invoice number: A-{number}")
        canvas.showPage()
    canvas.save()
    return tmp_path / "three.pdf"


def test_standard_output_is_json_and_nothing_else(schema):
    done = paperclerk("run", SAMPLES / "invoice.pdf", "--schema", schema)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"invoice_number": "HPJ-20418", "total": 3148.8, "blood_type": None}
    assert "blood_type" in done.stderr


def test_grounding_confidence_and_output_file(schema, tmp_path):
    out = tmp_path / "out.json"
    done = paperclerk(
        "run", SAMPLES / "invoice.pdf", "--schema", schema, "--grounding", "--confidence", "-o", out
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    reply = json.loads(out.read_text())
    assert reply["total_metadata"]["bboxes"][0]["content"] == "3,148.80"
    assert reply["blood_type_metadata"] is None


def test_an_agent_by_name_and_a_drawing(tmp_path):
    drawing = tmp_path / "boxes.png"
    done = paperclerk("run", SAMPLES / "receipt.png", "--agent", "document.receipt", "--draw", drawing)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["total"] == 21.35
    picture = Image.open(drawing)
    scan = Image.open(SAMPLES / "receipt.png")
    assert abs(picture.width / picture.height - scan.width / scan.height) < 0.01


def test_pages_are_chosen_from_zero(three_pages, schema):
    done = paperclerk("run", three_pages, "--schema", schema, "--pages", "1", "--grounding")
    reply = json.loads(done.stdout)
    assert reply["invoice_number"] == "A-2"
    assert reply["invoice_number_metadata"]["bboxes"][0]["page"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nothing.pdf", "--agent", "document.invoice"], 4, "No file at"),
        ([".", "--agent", "document.invoice"], 4, "is a folder"),
        (["https://example.org/a.pdf", "--agent", "document.invoice"], 4, "not fetched"),
        (["{invoice}"], 4, "--agent document.invoice"),
        (["{invoice}", "--agent", "document.invoice", "--draw", "boxes.jpg"], 4, ".png"),
        (["{invoice}", "--agent", "document.invoce"], 4, "document.invoice"),
        (["{invoice}", "--agent", "document.invoice", "--pages", "7"], 4, "0 to 0"),
        (["{invoice}", "--agent", "document.invoice", "--pages", "4-2"], 4, "backwards"),
        (["{invoice}", "--schema", "{schema}", "--strict"], 5, "blood_type"),
        (["{invoice}", "--agent", "document.invoice", "--detail", "most"], 2, "most"),
        (["{schema}", "--agent", "document.invoice"], 3, "PDF"),
        (["{empty}", "--agent", "document.invoice"], 3, "empty"),
        (["{invoice}", "--schema", "{invoice}"], 4, "schema"),
    ],
)
def test_exit_codes_and_sentences(arguments, code, said, schema, tmp_path):
    (tmp_path / "empty.pdf").touch()
    places = {"invoice": SAMPLES / "invoice.pdf", "schema": schema, "empty": tmp_path / "empty.pdf"}
    done = paperclerk("run", *(a.format(**places) for a in arguments), cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("text", "pages"), [(None, None), ("0", (0,)), ("0,2-4", (0, 2, 3, 4)), ("3, 1", (1, 3)), ("2-2", (2,))]
)
def test_page_lists(text, pages):
    assert parse_pages(text) == pages


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "1;2", "0-999999999"])
def test_page_lists_that_are_none(text):
    with pytest.raises(InvalidRequest):
        parse_pages(text)


def test_eval_prints_the_table_and_goes_on_where_it_stopped(tmp_path, three_pages):
    case = {
        "source": "made",
        "file": "three.pdf",
        "pages": 3,
        "schema": {"type": "object", "properties": {"invoice_number": {"type": "string"}}},
        "truth": {"invoice_number": "A-1"},
        "match": {"invoice_number": "id"},
    }
    cases = tmp_path / "cases.jsonl"
    cases.write_text("".join(json.dumps({**case, "id": name}) + "\n" for name in "abc"))
    out = tmp_path / "predictions.jsonl"
    first = paperclerk("eval", cases, "-o", out, "--jobs", "2")
    assert first.returncode == 0, first.stderr
    header, row = (line.split("\t") for line in first.stdout.splitlines())
    assert (
        dict(zip(header, row, strict=True)).items()
        >= {"source": "made", "cases": "3", "accuracy": "1.0"}.items()
    )
    lines = out.read_text().splitlines(keepends=True)
    assert len(lines) == 3
    out.write_text("".join(lines[:2]) + lines[2][:20])
    again = paperclerk("eval", cases, "-o", out)
    assert "2 of 3" in again.stderr
    assert again.stdout.split("\t")[:-1] == first.stdout.split("\t")[:-1]
    assert paperclerk("eval", cases, "-o", out, "--detail", "lo").returncode == 4


def test_a_damaged_document_does_not_end_an_evaluation(tmp_path, three_pages):
    case = {"schema": {"type": "object", "properties": {"a": {"type": "string"}}}, "truth": {"a": "x"}}
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing")
    names = ["three.pdf", "broken.pdf"]
    cases = tmp_path / "cases.jsonl"
    cases.write_text("".join(json.dumps({**case, "id": n, "file": n}) + "\n" for n in names))
    done = paperclerk("eval", cases)
    assert done.returncode == 0, done.stderr
    assert "broken.pdf: " in done.stderr


def test_import_is_light():
    """Nothing heavy is loaded before the first document."""
    heavy = ("numpy", "PIL", "pypdfium2", "rapidocr", "onnxruntime", "cv2", "fastapi", "sqlalchemy", "vlmrun")
    code = f"import sys, paperclerk; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_execute_takes_bytes_files_and_models():
    import paperclerk

    content = (SAMPLES / "invoice.pdf").read_bytes()
    for document in (content, io.BytesIO(content), str(SAMPLES / "invoice.pdf")):
        result = paperclerk.execute(document, schema=SCHEMA)
        assert result.response["total"] == 3148.8
        assert [a.status for a in result.accounts] == ["ok"]
    assert [e.code for e in result.errors] == ["missing_required"]
    with pytest.raises(InvalidRequest, match="Unknown in config: colour"):
        paperclerk.execute(content, schema=SCHEMA, config={"colour": 1})


AGENT = """
name: team/bill
prompt: Read the bill.
schema:
  type: object
  properties: {invoice_number: {type: string}, blood_type: {type: string}}
  required: [blood_type]
defaults: {grounding: true}
"""


def test_an_agents_defaults_hold_unless_an_option_says_otherwise(tmp_path):
    agent = tmp_path / "bill.yaml"
    agent.write_text(AGENT)
    done = paperclerk("run", SAMPLES / "invoice.pdf", "--agent", agent)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["invoice_number_metadata"]["bboxes"]
    plain = paperclerk("run", SAMPLES / "invoice.pdf", "--agent", agent, "--no-grounding")
    assert json.loads(plain.stdout) == {"invoice_number": "HPJ-20418", "blood_type": None}
    agent.write_text(AGENT.replace("grounding", "strict"))
    assert paperclerk("run", SAMPLES / "invoice.pdf", "--agent", agent).returncode == 5
    assert paperclerk("run", SAMPLES / "invoice.pdf", "--agent", agent, "--no-strict").returncode == 0


@pytest.mark.parametrize("option", ["-o", "--draw"])
def test_where_nothing_can_be_written_nothing_is_read(option, schema, tmp_path):
    for target in (tmp_path / "none" / "x.png", tmp_path):
        done = paperclerk("run", SAMPLES / "invoice.pdf", "--schema", schema, option, target)
        assert done.returncode == 4 and done.stdout == ""
        assert done.stderr.count("\n") == 1 and "Cannot write" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: bill\nschema: {}", "goes to --agent"),
        (None, "No file at"),
    ],
)
def test_a_schema_that_is_none(text, said, tmp_path):
    path = tmp_path / "schema.json"
    if text is not None:
        path.write_text(text)
    done = paperclerk("run", SAMPLES / "invoice.pdf", "--schema", path)
    assert done.returncode == 4 and said in done.stderr and done.stderr.count("\n") == 1


def test_a_schema_without_properties_is_told(tmp_path):
    """Names and types alone are no mistake to JSON Schema, but to whoever wrote them."""
    path = tmp_path / "schema.json"
    path.write_text('{"invoice_number": "string"}')
    done = paperclerk("run", SAMPLES / "invoice.pdf", "--schema", path)
    assert done.returncode == 0 and json.loads(done.stdout) == {} and "no `properties`" in done.stderr


def test_a_file_that_is_not_what_its_name_says_is_told(tmp_path):
    page = tmp_path / "invoice.pdf"
    page.write_text("The page that you asked for was not found.")
    done = paperclerk("run", page, "--agent", "document.invoice")
    assert done.returncode == 0 and "is called application/pdf, but was read as text/plain" in done.stderr
    named = paperclerk("run", SAMPLES / "invoice.pdf", "--agent", "document.invoice")
    assert "is called" not in named.stderr
