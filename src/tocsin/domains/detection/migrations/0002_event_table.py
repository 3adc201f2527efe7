"""The event table: partitioned by the day of ``received_at``, so that a day can be dropped whole.

Partitions are made by ``tocsin_event_partition(day)``, which the application role may call (it owns no tables).
"""

from django.db import migrations

CREATE = """
CREATE TABLE detection_event (
    seq bigint NOT NULL,
    event_id varchar(64) NOT NULL,
    type varchar(80) NOT NULL,
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    region varchar(20) NOT NULL DEFAULT '',
    customer varchar(128),
    shopper varchar(128),
    order_id varchar(128),
    device varchar(128),
    entities jsonb NOT NULL,
    fields jsonb NOT NULL,
    sealed bytea,
    verdict varchar(10) NOT NULL,
    PRIMARY KEY (received_at, seq)
) PARTITION BY RANGE (received_at);
CREATE INDEX detection_event_seq ON detection_event (seq);
CREATE INDEX detection_event_event_id ON detection_event (event_id);
CREATE INDEX detection_event_customer ON detection_event (customer, ts DESC) WHERE customer IS NOT NULL;
CREATE INDEX detection_event_shopper ON detection_event (shopper, ts DESC) WHERE shopper IS NOT NULL;
CREATE INDEX detection_event_order ON detection_event (order_id, ts DESC) WHERE order_id IS NOT NULL;
CREATE INDEX detection_event_device ON detection_event (device, ts DESC) WHERE device IS NOT NULL;

CREATE FUNCTION tocsin_event_partition(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    part text := 'detection_event_' || to_char(day, 'YYYYMMDD');
BEGIN
    IF to_regclass('public.' || part) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('tocsin_event_partition'));
    IF to_regclass('public.' || part) IS NULL THEN
        EXECUTE format(
            'CREATE TABLE public.%I PARTITION OF public.detection_event FOR VALUES FROM (%L) TO (%L)',
            part, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
    END IF;
END $$;
"""

DROP = "DROP FUNCTION tocsin_event_partition(date); DROP TABLE detection_event;"


class Migration(migrations.Migration):
    dependencies = [("detection", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
