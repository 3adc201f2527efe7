"""What the application role may do, table by table. Runs after every migration, as the owner.

History tables and audit tables only ever grow; the role can neither change nor remove a row of theirs.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connection

APP_ROLE = "tocsin_app"


def _history_tables() -> list[str]:
    import pghistory.models

    return sorted(
        model._meta.db_table for model in apps.get_models() if issubclass(model, pghistory.models.Event)
    )


def grant(**_: Any) -> None:
    """Give the application role its rights; nothing where there is no such role (a test owner alone)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE])
        if cursor.fetchone() is None:
            return
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}")
        existing = set(connection.introspection.table_names(cursor))
        for table in ["core_audit_entry", "core_audit_anchor", "core_custody", *_history_tables()]:
            if table in existing:
                cursor.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON "{table}" FROM {APP_ROLE}')
        if "core_evidence" in existing:
            cursor.execute(f"REVOKE DELETE, TRUNCATE ON core_evidence FROM {APP_ROLE}")
        if "core_audit_entry" in existing:
            cursor.execute(f"REVOKE INSERT ON core_audit_entry FROM {APP_ROLE}")
            cursor.execute(f"GRANT EXECUTE ON FUNCTION tocsin_audit_append(text[]) TO {APP_ROLE}")
        cursor.execute(f"REVOKE ALL ON django_migrations FROM {APP_ROLE}")
        cursor.execute(f"GRANT SELECT ON django_migrations TO {APP_ROLE}")
