"""The end of a worker that PostgreSQL refuses. Called by `jobs.worker` and `jobs.executing`."""

from __future__ import annotations

import os

import structlog

from paperclerk.storage.database import cause_of, is_refused

EXIT_CODE = 4  # that of a wrong setting

log = structlog.get_logger(__name__)


def end_if_refused(error: Exception) -> None:
    """Ends this process when `error` says that the password, user or database is wrong: waiting does not mend that.

    Its jobs are taken up where they are by the next worker that is let in, as after any death.
    """
    if is_refused(error):
        log.error(
            "PostgreSQL refuses this worker, which ends; see PAPERCLERK_DATABASE_URL", error=cause_of(error)
        )
        os._exit(EXIT_CODE)
