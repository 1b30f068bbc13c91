"""Peer: django-import-export with its bulk options, the same leads into SQLite; runs in an environment of its own.

Usage: python peer_django.py DATABASE FILE. Prints the counts of new, changed and skipped rows as one JSON line.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main(database: str, source: str) -> None:
    """Imports `source` into `database`, keyed by e-mail where there is one."""
    import django
    from django.conf import settings

    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
        INSTALLED_APPS=["import_export"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        LOGGING_CONFIG=None,
    )
    django.setup()
    from django.db import connection, models
    from import_export import resources
    from import_export.instance_loaders import CachedInstanceLoader
    from tablib import Dataset

    texts = (
        "first_name last_name company title phone mobile street city zip_code country lead_source description".split()
    )
    body = {name: models.TextField(blank=True) for name in texts}
    body |= {"__module__": "leads", "email": models.TextField(db_index=True)}
    body["Meta"] = type("Meta", (), {"app_label": "leads"})
    lead: Any = type("Lead", (models.Model,), body)

    class Leads(resources.ModelResource):  # type: ignore[misc]
        class Meta:
            model = lead
            import_id_fields = ("email",)
            fields = ("email", *texts)
            use_bulk = True
            batch_size = 1000
            skip_unchanged = True
            skip_diff = True
            report_skipped = False
            use_transactions = True
            instance_loader_class = CachedInstanceLoader

    if lead._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(lead)
    with Path(source).open(encoding="utf-8", newline="") as stream:
        data = Dataset().load(stream, format="csv")
    data.headers = [header.lower().replace(" ", "_") for header in data.headers]
    result = Leads().import_data(data, raise_errors=True)
    sys.stdout.write(json.dumps(result.totals) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
