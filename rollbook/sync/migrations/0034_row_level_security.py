"""Row-level security: a session sees and writes the rows of the school whose scope is open.

No scope, no rows. The policies hold for the owner as well (FORCE). The two settings are read once a
statement, not once a row. See `rollbook.scope`.

A row that is written must not point into another school either. Where a foreign key can't say so
(the next migration), the policy looks: a unique (id, school_id) of the accounts, which such a key
needs, cost 20 % of inserting 100,000 of them. Of planned rows the runs of the school are read once a
statement.
"""

from django.db import migrations

from rollbook.config import config

SCHOOL = "(SELECT nullif(current_setting('rollbook.school', true), '')::uuid)"
ACROSS = "(SELECT current_setting('rollbook.installation', true) = 'on')"
OF_THE_SCOPE = f"(school_id = {SCHOOL} OR {ACROSS})"
ACCOUNT, RUN = "students_studentaccount", "sync_run"
# The tables behind the wall, each with the columns that its policy compares.
TABLES: dict[str, dict[str, str]] = {
    "students_studentaccount": {},  # merged_into: the next migration
    "students_accountevent": {"account_id": ACCOUNT},
    "students_furtherlink": {"account_id": ACCOUNT},
    "students_lookalike": {"account_id": ACCOUNT, "other_id": ACCOUNT},
    "students_invitation": {"account_id": ACCOUNT},
    "students_studentlogin": {"account_id": ACCOUNT},
    "students_fieldlock": {"account_id": ACCOUNT},
    "students_protection": {"account_id": ACCOUNT},
    "students_absence": {"account_id": ACCOUNT},
    "students_neverimport": {},
    "students_emailalias": {"account_id": ACCOUNT},
    "students_erasure": {},
    "students_tombstone": {},
    "sync_connectiondraft": {},
    "sync_connectiontest": {},
    "sync_integration": {},
    "sync_credential": {},
    "sync_schedule": {},
    "sync_schoollimits": {},
    "sync_limitwidening": {},
    "sync_run": {},
    "sync_change": {"run_id": RUN},
    "sync_issue": {"run_id": RUN},
    "sync_linkproposal": {"account_id": ACCOUNT},
    "sync_linkdecision": {"account_id": ACCOUNT},
    "sync_noticechoice": {},
    "sync_notice": {},
    "sync_outsidelist": {},
    "sync_problem": {},  # a run that is removed leaves its problems behind
    "sync_reportfile": {},
    "sync_missingaccount": {},
    "sync_settlement": {"account_id": ACCOUNT},
    "sync_upload": {},
    "sync_columnmemory": {},
}


def same_school(table: str, column: str, parent: str) -> str:
    """Return the condition that the row which a column names is in the same school, or none."""
    named = f"SELECT FROM {parent} AS named WHERE named.id = {table}.{column}"
    ways = [f"{column} IS NULL", f"EXISTS ({named} AND named.school_id = {table}.school_id)"]
    if parent == RUN:
        own = f"SELECT own.id FROM {parent} AS own WHERE own.school_id = {SCHOOL}"
        ways.insert(1, f"{column} IN ({own})")
    return f"({' OR '.join(ways)})"


def wall(table: str, columns: dict[str, str]) -> str:
    """Return the statements that put a table behind the wall."""
    checks = [same_school(table, column, parent) for column, parent in columns.items()]
    written = " AND ".join([OF_THE_SCOPE, *checks])
    return f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY of_the_open_scope ON {table}
            USING ({OF_THE_SCOPE}) WITH CHECK ({written});
    """


def no_wall(table: str) -> str:
    """Return the statements that take a table out again."""
    return f"""
        DROP POLICY of_the_open_scope ON {table};
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
    """


def let_stage(apps, schema_editor):
    """Let the app role make the tables of its session, through which rows of a plan are stored.

    As PostgreSQL is delivered, every role may.
    """
    role = config.database_app_role
    with schema_editor.connection.cursor() as cursor:
        may = "SELECT current_database(), has_database_privilege(%s, current_database(), 'TEMPORARY')"
        cursor.execute(may, [role])
        database, has_right = cursor.fetchone()
        if not has_right:
            quoted = schema_editor.quote_name
            cursor.execute(f"GRANT TEMPORARY ON DATABASE {quoted(database)} TO {quoted(role)}")


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0033_rejected_records"),
        ("students", "0016_erasures"),
    ]
    operations = [
        migrations.RunPython(let_stage, migrations.RunPython.noop),
        *(
            migrations.RunSQL(wall(table, columns), no_wall(table))
            for table, columns in TABLES.items()
        ),
    ]
