"""What the database itself refuses about evidence, whoever asks. Run by the migration."""

#: What may change after arrival: the scanner's finding, and how carefully the item is shown.
CHANGING = ("scan", "sensitive_media", "sensitivity")

CREATE = f"""
CREATE FUNCTION tocsin_evidence_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - ARRAY{list(CHANGING)!r} IS DISTINCT FROM to_jsonb(OLD) - ARRAY{list(CHANGING)!r} THEN
        RAISE EXCEPTION 'evidence % is fixed: a correction is a new item', OLD.id
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER core_evidence_fixed BEFORE UPDATE ON core_evidence
    FOR EACH ROW EXECUTE FUNCTION tocsin_evidence_fixed();
CREATE TRIGGER core_custody_only_grows BEFORE UPDATE OR DELETE ON core_custody
    FOR EACH ROW EXECUTE FUNCTION tocsin_refuse_change();
"""

DROP = """
DROP TRIGGER core_custody_only_grows ON core_custody;
DROP TRIGGER core_evidence_fixed ON core_evidence;
DROP FUNCTION tocsin_evidence_fixed();
"""
