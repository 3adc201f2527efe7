"""The decider never hears the appeal: the copies the check constraint compares are made by the database."""

from django.db import migrations

CREATE = """
CREATE FUNCTION tocsin_appeal_copy_deciders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT coalesce(d.decider_id, ''), coalesce(d.second_reader_id, '')
        INTO NEW.decider_id, NEW.second_reader_id
        FROM enforcement_decision d WHERE d.id = NEW.decision_id;
    RETURN NEW;
END $$;
CREATE TRIGGER enforcement_appeal_copy_deciders BEFORE INSERT OR UPDATE ON enforcement_appeal
    FOR EACH ROW EXECUTE FUNCTION tocsin_appeal_copy_deciders();
"""

DROP = """
DROP TRIGGER enforcement_appeal_copy_deciders ON enforcement_appeal;
DROP FUNCTION tocsin_appeal_copy_deciders();
"""


class Migration(migrations.Migration):
    dependencies = [("enforcement", "0003_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
