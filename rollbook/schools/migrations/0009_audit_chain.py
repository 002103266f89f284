"""The chain of the audit log. The app role adds seals; only the owner's function removes entries."""

import django.db.models.functions.datetime
from django.db import migrations, models

from rollbook.config import config

# The app role can't say when an entry was written. A restore, by the owner, keeps the moments.
SET_AT = """
CREATE FUNCTION rollbook_set_audit_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN
        NEW.at := statement_timestamp();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_at BEFORE INSERT ON schools_auditentry
    FOR EACH ROW EXECUTE FUNCTION rollbook_set_audit_at();
"""

# 548 days are 18 months. Only the start of the chain goes: the first entry that is young enough
# ends it, and the last seal that goes is written down as the start of the rest.
REMOVE_OLD = """
CREATE FUNCTION rollbook_remove_old_audit(days integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    oldest timestamptz := statement_timestamp() - make_interval(days => greatest(days, 548));
    last_number bigint;
    removed_entries bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(16061607);
    SELECT max(number) INTO last_number FROM schools_auditseal WHERE sealed_at < oldest
        AND number < coalesce((
            SELECT min(seal.number) FROM schools_auditseal seal
            JOIN schools_auditentry entry ON entry.id = seal.entry_id
            WHERE entry.at >= oldest
        ), 9223372036854775807);
    IF last_number IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM schools_auditentry entry USING schools_auditseal seal
        WHERE seal.entry_id = entry.id AND seal.number <= last_number;
    GET DIAGNOSTICS removed_entries = ROW_COUNT;
    INSERT INTO schools_auditstart (number, digest, removed, at)
        SELECT number, digest, removed_entries, statement_timestamp()
        FROM schools_auditseal WHERE number = last_number;
    DELETE FROM schools_auditseal WHERE number <= last_number;
    RETURN removed_entries;
END $$;
REVOKE ALL ON FUNCTION rollbook_remove_old_audit(integer) FROM PUBLIC;
"""


def set_rights(apps, schema_editor):
    role = schema_editor.quote_name(config.database_app_role)
    schema_editor.execute(SET_AT)
    schema_editor.execute(REMOVE_OLD)
    schema_editor.execute(f"GRANT EXECUTE ON FUNCTION rollbook_remove_old_audit(integer) TO {role}")
    schema_editor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON schools_auditseal FROM {role}")
    schema_editor.execute(f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON schools_auditstart FROM {role}")


class Migration(migrations.Migration):
    dependencies = [("schools", "0008_moments_by_the_database")]
    operations = [
        migrations.AddField("auditentry", "students", models.BinaryField(default=bytes)),
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry_id", models.BigIntegerField(unique=True)),
                ("content", models.BinaryField()),
                ("digest", models.BinaryField()),
                ("sealed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="AuditStart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("digest", models.BinaryField()),
                ("removed", models.BigIntegerField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
        ),
        migrations.RunPython(set_rights, migrations.RunPython.noop, elidable=False),
    ]
