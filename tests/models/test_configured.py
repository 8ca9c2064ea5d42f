"""The operator's models file: what is taken, and what is said of what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.models.oracle import Answering, Faults, Oracle, Truth
from typer.testing import CliRunner

from paperclerk.bootstrap_models import open_engine
from paperclerk.cli.main import app
from paperclerk.domain.errors import InvalidRequest
from paperclerk.engines.embedded.engine import EmbeddedEngine
from paperclerk.engines.models.configured import load_models, models_from
from paperclerk.engines.models.probe import number_of
from paperclerk.extraction.windowed import ModelEngine
from paperclerk.settings import load_settings

FILE = """
unplaced: drop
doubted_below: 1
worth_a_call: 0
models:
  - model: qwen
    base_url: http://gpu:8000/v1
    api_key_env: GPU_KEY
    weight: 3
    profile: {images: true, context_tokens: 32768, dialect: {nullable: any_of}}
  - {model: claude, protocol: anthropic, weight: 0, price_in: 3, price_out: 15}
"""


def test_a_file_is_read_with_its_keys_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPU_KEY", "sk-1")
    (tmp_path / "models.yaml").write_text(FILE)
    config = load_models(tmp_path / "models.yaml")
    first, second = config.endpoints
    assert (first.api_key, first.weight, first.profile.images) == ("sk-1", 3.0, True)
    assert first.profile.dialect.nullable == "any_of" and second.protocol == "anthropic"
    assert config.keep_unplaced is False and (config.doubted_below, config.worth_a_call) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "the models file must be a mapping"),
        ({}, "needs a list `models`"),
        ({"models": []}, "needs a list `models`"),
        ({"models": [{}]}, "models[0]"),
        ({"models": ["x"]}, "models[0] must be a mapping"),
        ({"models": [{"model": "x", "modle": 1}]}, "models[0]: modle is not known"),
        ({"models": [{"model": "x", "protocol": "soap"}]}, "openai, anthropic or google"),
        ({"models": [{"model": "x", "base_url": "gpu:8000"}]}, "http:// or https://"),
        ({"models": [{"model": "x", "protocol": "google", "no_training": {"a": 1}}]}, "no such switch"),
        ({"models": [{"model": "x", "concurrency": "many"}]}, "models[0].concurrency is 'many'"),
        ({"models": [{"model": "x", "weight": -1}]}, "models[0].weight is -1"),
        ({"models": [{"model": "x", "api_key_env": "NOT_SET_ANYWHERE"}]}, "NOT_SET_ANYWHERE"),
        ({"models": [{"model": "x", "concurrency": 0}]}, "concurrency is 0"),
        ({"models": [{"model": "x", "requests_per_minute": "many"}]}, "requests_per_minute is 'many'"),
        ({"models": [{"model": "x", "no_training": "store"}]}, "no_training must be a mapping"),
        ({"models": [{"model": "x", "profile": {"max_fields": 0}}]}, "max_fields is 0"),
        ({"models": [{"model": "x", "profile": {"output": "prose"}}]}, "schema, json or text"),
        ({"models": [{"model": "x", "profile": {"context_tokens": 100}}]}, "must be more than"),
        ({"models": [{"model": "x"}], "unplaced": "hide"}, "write mark or drop"),
        ({"models": [{"model": "x"}], "max_calls": True}, "max_calls is True"),
    ],
)
def test_what_is_wrong_is_named(given: Any, says: str) -> None:
    with pytest.raises(InvalidRequest) as error:
        models_from(given)
    assert says in error.value.message and error.value.code == "invalid_setting"


def test_without_a_model_the_engine_is_the_embedded_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert isinstance(open_engine(load_settings(data_dir=tmp_path)), EmbeddedEngine)
    monkeypatch.setenv("PAPERCLERK_MODEL", "qwen")
    monkeypatch.setenv("PAPERCLERK_MODEL_URL", "http://gpu:8000/v1")
    engine = open_engine(load_settings(data_dir=tmp_path))
    assert isinstance(engine, ModelEngine) and engine.pool.endpoints[0].model == "qwen"
    (tmp_path / "models.yaml").write_text("models: [{model: other}]")
    monkeypatch.setenv("PAPERCLERK_MODELS_FILE", str(tmp_path / "models.yaml"))
    engine = open_engine(load_settings(data_dir=tmp_path))
    assert isinstance(engine, ModelEngine) and engine.pool.endpoints[0].model == "other"


def test_doctor_tells_what_a_model_can_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    items = {f"item_{i}": number_of(i) for i in range(1, 121)}
    truth = Truth({"fruit": "Quince", "number": 4711, "colour": None, **items})
    with Oracle({"m": truth}, Faults(context_chars=20_000, most_pages=4)) as server:
        monkeypatch.setenv("PAPERCLERK_MODEL", "m")
        monkeypatch.setenv("PAPERCLERK_MODEL_URL", server.url)
        said = CliRunner().invoke(app, ["doctor", "--model", "--data-dir", str(tmp_path)])
    assert said.exit_code == 0, said.output
    assert "schema (type_list): works" in said.output
    assert "8 pages: not all are read" in said.output
    assert "profile: {tools: true, context_tokens: 4096, max_output_tokens: 1024}" in said.output


def test_doctor_says_how_to_configure_a_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["doctor", "--model", "--data-dir", str(tmp_path)])
    assert said.exit_code == 1 and "PAPERCLERK_MODEL_URL" in said.output


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, {"error": {"message": "Incorrect API key"}}, ["HTTP 401: Incorrect API key", "PAPERCLERK_MODEL_KEY"]),
        (404, {"detail": "Not Found"}, ["HTTP 404", "ends in /v1"]),
        (200, {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": []},
         ["its answer cannot be read", "ends in /v1"]),
        (None, None, ["Connection error", "Start it, or correct PAPERCLERK_MODEL_URL"]),
    ],
)  # fmt: skip
def test_doctor_says_why_a_model_gives_no_answer_and_asks_no_further(
    status: int | None, body: Any, says: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Answering(status, body) as server:
        monkeypatch.setenv("PAPERCLERK_MODEL", "m")
        monkeypatch.setenv("PAPERCLERK_MODEL_URL", server.url)
        said = CliRunner().invoke(app, ["doctor", "--model", "--data-dir", str(tmp_path)])
    told = " ".join(said.output.split())
    assert said.exit_code == 1 and server.url in told
    assert all(words in told for words in says), told
    assert server.requests <= 2, "once, and once more where that may help"


def test_a_url_of_a_model_that_is_no_url_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PAPERCLERK_MODEL", "m")
    monkeypatch.setenv("PAPERCLERK_MODEL_URL", "localhost:8000/v1")
    with pytest.raises(InvalidRequest, match=r"PAPERCLERK_MODEL_URL: .*https://"):
        load_settings(data_dir=tmp_path)
