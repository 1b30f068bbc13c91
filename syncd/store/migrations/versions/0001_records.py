"""Tables for records, runs, the ledger and match keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BYTES = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates them."""
    _account()
    _contact()
    _lead()
    _run()
    _change()
    _problem()
    _match_key()
    _match_kind()
    _plan()
    _lease()


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("phone", sa.Text()),
        sa.Column("fax", sa.Text()),
        sa.Column("website", sa.Text()),
        sa.Column("account_type", sa.Text()),
        sa.Column("industry", sa.Text()),
        sa.Column("annual_revenue", sa.BigInteger()),
        sa.Column("employees", sa.BigInteger()),
        sa.Column("ownership", sa.Text()),
        sa.Column("rating", sa.Text()),
        sa.Column("ticker_symbol", sa.Text()),
        sa.Column("sic_code", sa.BigInteger()),
        sa.Column("account_number", sa.Text()),
        sa.Column("account_site", sa.Text()),
        sa.Column(
            "parent_id",
            sa.BigInteger(),
            sa.ForeignKey("account.id", name="fk_account_parent_id", deferrable=True, initially="DEFERRED"),
        ),
        sa.Column("owner", sa.Text()),
        sa.Column("billing_street", sa.Text()),
        sa.Column("billing_city", sa.Text()),
        sa.Column("billing_state", sa.Text()),
        sa.Column("billing_code", sa.Text()),
        sa.Column("billing_country", sa.Text()),
        sa.Column("shipping_street", sa.Text()),
        sa.Column("shipping_city", sa.Text()),
        sa.Column("shipping_state", sa.Text()),
        sa.Column("shipping_code", sa.Text()),
        sa.Column("shipping_country", sa.Text()),
        sa.Column("description", sa.Text()),
        sa.Column("extra", sa.Text()),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_account_parent_id", "account", ["parent_id"])


def _contact() -> None:
    op.create_table(
        "contact",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("salutation", sa.Text()),
        sa.Column("first_name", sa.Text()),
        sa.Column("last_name", sa.Text()),
        sa.Column(
            "account_id",
            sa.BigInteger(),
            sa.ForeignKey("account.id", name="fk_contact_account_id", deferrable=True, initially="DEFERRED"),
        ),
        sa.Column("title", sa.Text()),
        sa.Column("department", sa.Text()),
        sa.Column("email", sa.Text()),
        sa.Column("secondary_email", sa.Text()),
        sa.Column("phone", sa.Text()),
        sa.Column("mobile", sa.Text()),
        sa.Column("home_phone", sa.Text()),
        sa.Column("other_phone", sa.Text()),
        sa.Column("fax", sa.Text()),
        sa.Column("date_of_birth", sa.Text()),
        sa.Column("assistant", sa.Text()),
        sa.Column("assistant_phone", sa.Text()),
        sa.Column("reports_to", sa.Text()),
        sa.Column("lead_source", sa.Text()),
        sa.Column("mailing_street", sa.Text()),
        sa.Column("mailing_city", sa.Text()),
        sa.Column("mailing_state", sa.Text()),
        sa.Column("mailing_zip", sa.Text()),
        sa.Column("mailing_country", sa.Text()),
        sa.Column("other_street", sa.Text()),
        sa.Column("other_city", sa.Text()),
        sa.Column("other_state", sa.Text()),
        sa.Column("other_zip", sa.Text()),
        sa.Column("other_country", sa.Text()),
        sa.Column("description", sa.Text()),
        sa.Column("owner", sa.Text()),
        sa.Column("email_opt_out", sa.SmallInteger()),
        sa.Column("middle_name", sa.Text()),
        sa.Column("suffix", sa.Text()),
        sa.Column("nick_name", sa.Text()),
        sa.Column("third_email", sa.Text()),
        sa.Column("phone_2", sa.Text()),
        sa.Column("home_phone_2", sa.Text()),
        sa.Column("home_street", sa.Text()),
        sa.Column("home_city", sa.Text()),
        sa.Column("home_state", sa.Text()),
        sa.Column("home_zip", sa.Text()),
        sa.Column("home_country", sa.Text()),
        sa.Column("website", sa.Text()),
        sa.Column("im", sa.Text()),
        sa.Column("categories", sa.Text()),
        sa.Column("extra", sa.Text()),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_contact_account_id", "contact", ["account_id"])


def _lead() -> None:
    op.create_table(
        "lead",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("salutation", sa.Text()),
        sa.Column("first_name", sa.Text()),
        sa.Column("last_name", sa.Text()),
        sa.Column("company", sa.Text()),
        sa.Column("title", sa.Text()),
        sa.Column("email", sa.Text()),
        sa.Column("secondary_email", sa.Text()),
        sa.Column("phone", sa.Text()),
        sa.Column("mobile", sa.Text()),
        sa.Column("fax", sa.Text()),
        sa.Column("website", sa.Text()),
        sa.Column("industry", sa.Text()),
        sa.Column("annual_revenue", sa.BigInteger()),
        sa.Column("employees", sa.BigInteger()),
        sa.Column("lead_source", sa.Text()),
        sa.Column("lead_status", sa.Text()),
        sa.Column("rating", sa.Text()),
        sa.Column("street", sa.Text()),
        sa.Column("city", sa.Text()),
        sa.Column("state", sa.Text()),
        sa.Column("zip", sa.Text()),
        sa.Column("country", sa.Text()),
        sa.Column("description", sa.Text()),
        sa.Column("owner", sa.Text()),
        sa.Column("email_opt_out", sa.SmallInteger()),
        sa.Column("extra", sa.Text()),
        sqlite_autoincrement=True,
    )


def _run() -> None:
    op.create_table(
        "run",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("parent", sa.BigInteger(), sa.ForeignKey("run.id", name="fk_run_parent")),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started", sa.Text(), nullable=False),
        sa.Column("ended", sa.Text()),
        sa.Column("undoes", sa.BigInteger(), sa.ForeignKey("run.id", name="fk_run_undoes")),
        sa.Column("orders", sa.Text(), nullable=False),
        sa.Column("lease", sa.Text()),
        sa.Column("taken", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("created", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("updated", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("unchanged", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("removed", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("refused", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("duplicate", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("review", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("excluded", sa.Integer(), nullable=False, server_default="0"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_run_parent", "run", ["parent"])
    op.create_index("ix_run_undoes", "run", ["undoes"])


def _change() -> None:
    op.create_table(
        "change",
        sa.Column("module", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("record", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("op", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.BigInteger()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("delta", sa.Text()),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_change_run", "change", ["run", "module", "record"])


def _problem() -> None:
    op.create_table(
        "problem",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("run", sa.BigInteger(), sa.ForeignKey("run.id", name="fk_problem_run"), nullable=False),
        sa.Column("line", sa.Integer()),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("todo", sa.Text(), nullable=False),
        sa.Column("cells", sa.Text()),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_problem_run", "problem", ["run"])


def _match_key() -> None:
    op.create_table(
        "match_key",
        sa.Column("module", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("kind", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("value", BYTES, primary_key=True),
        sa.Column("record", sa.BigInteger(), primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )


def _match_kind() -> None:
    op.create_table(
        "match_kind",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("module", sa.SmallInteger(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
    )


def _plan() -> None:
    op.create_table(
        "plan",
        sa.Column(
            "run", sa.BigInteger(), sa.ForeignKey("run.id", name="fk_plan_run"), primary_key=True, autoincrement=False
        ),
        sa.Column("batch", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("actions", sa.LargeBinary(), nullable=False),
    )


def _lease() -> None:
    op.create_table(
        "lease",
        sa.Column("name", BYTES, primary_key=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    """Drops them."""
    op.drop_table("lease")
    op.drop_table("plan")
    op.drop_table("match_kind")
    op.drop_table("match_key")
    op.drop_table("problem")
    op.drop_table("change")
    op.drop_table("run")
    op.drop_table("lead")
    op.drop_table("contact")
    op.drop_table("account")
