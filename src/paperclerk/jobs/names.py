"""How durable jobs are called. A persisted contract: jobs that wait in a database carry these names."""

from __future__ import annotations

EXECUTE = "execute"


def job_id(tenant_id: str, execution_id: str) -> str:
    return f"{tenant_id}/{execution_id}"


def parts_of(job: str) -> tuple[str, str]:
    """Tenant and execution of a job."""
    tenant_id, _, execution_id = job.partition("/")
    return tenant_id, execution_id
