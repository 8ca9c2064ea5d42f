"""values of failed executions, and how long each tenant's data is kept"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("executions", sa.Column("partial", sa.Text(), nullable=True))
    op.add_column("tenants", sa.Column("keep_results_days", sa.Float(), nullable=True))
    op.add_column("tenants", sa.Column("keep_files_days", sa.Float(), nullable=True))
