"""SQL of the audit chains, run by the migration.

Writers never queue behind one row: there are ``CHAINS`` chains, and a writer takes any that is free
(``pg_try_advisory_xact_lock`` from a random start) and holds it until it commits. One transaction keeps to
one chain, so that two writers never wait for each other's. A chain is linked by hash within the writing
transaction, so no entry exists unlinked. Anchors tie the chains together.

The hash of an entry is ``sha256(prev_hash || utf8(chain|seq|at_us|payload))``, so that anybody can check it
with ``sha256sum`` and no code of ours.
"""

CHAINS = 32
#: Namespace of our advisory locks, so that they never meet anybody else's.
LOCK_SPACE = 0x70C51
GENESIS = b"\x00" * 32

CREATE = f"""
CREATE TABLE core_audit_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chain smallint NOT NULL CHECK (chain >= 0 AND chain < {CHAINS}),
    seq bigint NOT NULL CHECK (seq > 0),
    at timestamptz NOT NULL,
    payload text NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    actor text GENERATED ALWAYS AS ((payload::jsonb) ->> 'actor') STORED,
    verb text GENERATED ALWAYS AS ((payload::jsonb) ->> 'verb') STORED,
    object_type text GENERATED ALWAYS AS ((payload::jsonb) ->> 'object_type') STORED,
    object_id text GENERATED ALWAYS AS ((payload::jsonb) ->> 'object_id') STORED,
    UNIQUE (chain, seq)
);
CREATE INDEX core_audit_entry_object ON core_audit_entry (object_type, object_id, id);
CREATE INDEX core_audit_entry_actor ON core_audit_entry (actor, id);
CREATE INDEX core_audit_entry_verb ON core_audit_entry (verb, at);

CREATE TABLE core_audit_anchor (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    heads text NOT NULL,
    prev_hash bytea NOT NULL UNIQUE,
    hash bytea NOT NULL UNIQUE,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    tsa_token bytea
);

CREATE FUNCTION tocsin_audit_append(payloads text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    start int := floor(random() * {CHAINS})::int;
    picked int := -1;
    mine text := current_setting('tocsin.audit_chain', true);
    last_seq bigint;
    last_hash bytea;
    moment timestamptz := clock_timestamp();
    at_us bigint := (extract(epoch FROM moment) * 1000000)::bigint;
    body text;
    new_hash bytea;
    last_id bigint;
BEGIN
    IF mine <> '' THEN
        -- this transaction has a chain already; who sets the value by hand waits for the lock like all
        picked := mine::int;
        PERFORM pg_advisory_xact_lock({LOCK_SPACE}, picked);
    ELSE
        FOR i IN 0..{CHAINS - 1} LOOP
            IF pg_try_advisory_xact_lock({LOCK_SPACE}, (start + i) % {CHAINS}) THEN
                picked := (start + i) % {CHAINS};
                EXIT;
            END IF;
        END LOOP;
        IF picked < 0 THEN
            picked := start;
            PERFORM pg_advisory_xact_lock({LOCK_SPACE}, picked);
        END IF;
    END IF;
    PERFORM set_config('tocsin.audit_chain', picked::text, true);
    SELECT e.seq, e.hash INTO last_seq, last_hash FROM public.core_audit_entry e
        WHERE e.chain = picked ORDER BY e.seq DESC LIMIT 1;
    IF last_seq IS NULL THEN
        last_seq := 0;
        last_hash := decode(repeat('00', 32), 'hex');
    END IF;
    FOREACH body IN ARRAY payloads LOOP
        last_seq := last_seq + 1;
        new_hash := sha256(last_hash || convert_to(
            picked || '|' || last_seq || '|' || at_us || '|' || body, 'UTF8'));
        INSERT INTO public.core_audit_entry (chain, seq, at, payload, prev_hash, hash)
            VALUES (picked, last_seq, moment, body, last_hash, new_hash) RETURNING id INTO last_id;
        last_hash := new_hash;
    END LOOP;
    RETURN last_id;
END $$;

CREATE FUNCTION tocsin_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: this table only ever grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER core_audit_entry_only_grows BEFORE UPDATE OR DELETE ON core_audit_entry
    FOR EACH ROW EXECUTE FUNCTION tocsin_refuse_change();
CREATE TRIGGER core_audit_anchor_only_grows BEFORE UPDATE OR DELETE ON core_audit_anchor
    FOR EACH ROW EXECUTE FUNCTION tocsin_refuse_change();
REVOKE ALL ON FUNCTION tocsin_audit_append(text[]) FROM PUBLIC;
"""  # noqa: S608 (built from our own constants)

DROP = """
DROP FUNCTION tocsin_audit_append(text[]);
DROP TABLE core_audit_entry, core_audit_anchor;
DROP FUNCTION tocsin_refuse_change();
"""
