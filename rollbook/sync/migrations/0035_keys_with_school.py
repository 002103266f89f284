"""Foreign keys that hold the school: no row points to a run or integration of another school.

Each takes the place of the key without the school, so a written row is looked up as often as before.
A merge of accounts is looked up by a trigger, which runs for rows that name another account only.
"""

from django.db import migrations

PARENTS = ("sync_run", "sync_integration", "students_erasure")
KEYS = (
    ("students_tombstone", "erasure_id", "students_erasure"),
    ("sync_credential", "integration_id", "sync_integration"),
    ("sync_schedule", "integration_id", "sync_integration"),
    ("sync_run", "integration_id", "sync_integration"),
    ("sync_run", "undoes_id", "sync_run"),
    ("sync_linkproposal", "run_id", "sync_run"),
    ("sync_notice", "integration_id", "sync_integration"),
    ("sync_notice", "run_id", "sync_run"),
    ("sync_outsidelist", "run_id", "sync_run"),
    ("sync_reportfile", "run_id", "sync_run"),
    ("sync_missingaccount", "run_id", "sync_run"),
    ("sync_settlement", "run_id", "sync_run"),
    ("sync_upload", "run_id", "sync_run"),
)
PARENT = """
    ALTER TABLE {table} ADD CONSTRAINT {table}_of_school UNIQUE (id, school_id);
"""
# Django has given the key without the school a name with a digest.
KEY = """
    DO $$
    DECLARE plain text;
    BEGIN
        SELECT conname INTO plain FROM pg_constraint
        WHERE conrelid = '{table}'::regclass AND contype = 'f' AND conkey = ARRAY[(
            SELECT attnum FROM pg_attribute
            WHERE attrelid = '{table}'::regclass AND attname = '{column}'
        )];
        IF plain IS NOT NULL THEN
            EXECUTE format('ALTER TABLE {table} DROP CONSTRAINT %I', plain);
        END IF;
    END $$;
    ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_of_school
        FOREIGN KEY ({column}, school_id) REFERENCES {parent} (id, school_id)
        DEFERRABLE INITIALLY DEFERRED;
"""
MERGES = """
    CREATE FUNCTION students_refuse_foreign_merge() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (
            SELECT FROM students_studentaccount AS other
            WHERE other.id = NEW.merged_into_id AND other.school_id = NEW.school_id
        ) THEN
            RAISE foreign_key_violation
                USING MESSAGE = 'an account is merged into one of another school';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER merged_in_same_school BEFORE INSERT OR UPDATE OF merged_into_id, school_id
        ON students_studentaccount FOR EACH ROW
        WHEN (NEW.merged_into_id IS NOT NULL)
        EXECUTE FUNCTION students_refuse_foreign_merge();
"""


class Migration(migrations.Migration):
    dependencies = [("sync", "0034_row_level_security")]
    operations = [
        # Rows of the next keys may be waiting for checks of this transaction.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        *(migrations.RunSQL(PARENT.format(table=table)) for table in PARENTS),
        *(
            migrations.RunSQL(KEY.format(table=table, column=column, parent=parent))
            for table, column, parent in KEYS
        ),
        migrations.RunSQL(MERGES),
    ]
