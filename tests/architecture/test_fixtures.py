"""The tests' own ground: both databases are there, fresh, and this machine's environment is kept out."""

from __future__ import annotations

import os

import sqlalchemy as sa


def test_each_database_is_fresh_and_answers(database: str) -> None:
    made = sa.make_url(database)
    if made.get_backend_name() == "sqlite":
        assert made.database and not os.path.exists(made.database)
        return
    engine = sa.create_engine(made)
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []
        assert connection.execute(sa.text("SELECT pg_is_in_recovery()")).scalar() is False
    engine.dispose()


def test_the_environment_of_this_machine_is_kept_out() -> None:
    assert not [name for name in os.environ if name.startswith("SYNCD_") and name != "SYNCD_CORPORA"]
    assert "REQUESTS_CA_BUNDLE" not in os.environ and "HTTPS_PROXY" not in os.environ
