"""Both stores for the tests of jobs: an SQLite file, and a database on a PostgreSQL from a wheel. Settings of all."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import settings
from tests.postgres import running_postgres

from paperclerk.durable import migrate_durable
from paperclerk.storage.database import Database

settings.register_profile("any machine", deadline=None)  # how long an example takes says nothing under load
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a running server; each test makes a database of its own there."""
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> sa.URL:
    """An empty, migrated database of each kind."""
    if request.param == "sqlite":
        url = sa.make_url(f"sqlite:///{tmp_path / 'jobs.sqlite'}")
    else:
        server = sa.make_url(request.getfixturevalue("postgres"))
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}"')
        url = server.set(database=name)

    async def migrate() -> None:
        database = Database(url.render_as_string(hide_password=False))
        await database.migrate()
        await database.close()

    asyncio.run(migrate())
    migrate_durable(url)
    return url
