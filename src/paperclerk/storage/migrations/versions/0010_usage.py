"""what ended executions used, and what others hold"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("executions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("service_tier", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("credits_held", sa.Integer(), nullable=True))
    op.create_table(
        "usage",
        sa.Column("tenant_id", sa.String(length=36), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("agent_name", sa.Text(), nullable=False),
        sa.Column("is_own", sa.Boolean(), nullable=False),
        sa.Column("engine", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("executions", sa.BigInteger(), nullable=False),
        sa.Column("elements", sa.BigInteger(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_usage_tenant_id_tenants")),
        sa.PrimaryKeyConstraint(
            "tenant_id", "key_id", "month", "agent_name", "is_own", "engine", "status", name=op.f("pk_usage")
        ),
    )
    op.create_table(
        "model_usage",
        sa.Column("tenant_id", sa.String(length=36), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("agent_name", sa.Text(), nullable=False),
        sa.Column("is_own", sa.Boolean(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_usd", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_model_usage_tenant_id_tenants")),
        sa.PrimaryKeyConstraint(
            "tenant_id", "key_id", "month", "agent_name", "is_own", "model", name=op.f("pk_model_usage")
        ),
    )
    _add_what_was_used()


def _add_what_was_used() -> None:
    """Credits that were used before count on; of models nothing was kept."""
    connection = op.get_bind()
    year_month = "strftime('%Y-%m', created_at)"
    if connection.dialect.name != "sqlite":
        year_month = "to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM')"
    connection.execute(
        sa.text(
            "INSERT INTO usage (tenant_id, key_id, month, agent_name, is_own, engine, status, executions, "  # noqa: S608
            "elements, credits, seconds) "
            f"SELECT tenant_id, coalesce(key_id, ''), {year_month}, agent_name, domain IS NULL, 'unknown', status, "
            "count(*), 0, sum(credits_used), 0 FROM executions WHERE status IN ('completed', 'failed') "
            f"GROUP BY tenant_id, coalesce(key_id, ''), {year_month}, agent_name, domain IS NULL, status"
        )
    )
