"""golden sets of agents"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent_cases",
        sa.Column("tenant_id", sa.String(length=36), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("truth", sa.Text(), nullable=False),
        sa.Column("match", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agent"],
            ["agents.tenant_id", "agents.name"],
            name=op.f("fk_agent_cases_tenant_id_agent_agents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "agent", "id", name=op.f("pk_agent_cases")),
    )
    with op.batch_alter_table("agent_cases", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agent_cases_sha256"), ["sha256"], unique=False)
