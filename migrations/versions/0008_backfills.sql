-- Backfills whose parts are asked of hosts: each part knows its host, when it is due and how it ended; each backfill its limits and its speed.

ALTER TABLE etl.backfills
    DROP CONSTRAINT backfills_kind_check,
    ADD CONSTRAINT backfills_kind_check
        CHECK (kind IN ('urls', 'sitemap', 'warc', 'ccnews', 'wayback', 'redigest', 'load')),
    ADD COLUMN hosts_max integer CHECK (hosts_max > 0),
    ADD COLUMN bytes_per_second bigint CHECK (bytes_per_second > 0),
    ADD COLUMN bytes_free_at timestamptz,
    ADD COLUMN marks jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN etl.backfills.kind IS 'urls, sitemap, warc, ccnews, wayback, redigest or load.';
COMMENT ON COLUMN etl.backfills.hosts_max IS 'The most hosts it may ask at the same time; null for no limit of its own.';
COMMENT ON COLUMN etl.backfills.bytes_per_second IS 'The most bytes it may fetch in a second, all workers together; null for no limit.';
COMMENT ON COLUMN etl.backfills.bytes_free_at IS 'When the bytes fetched so far are paid for: nothing is fetched before. Null without a limit.';
COMMENT ON COLUMN etl.backfills.marks IS 'Its speed: [[seconds since 1970, units done], …] of the last minutes of work. Units are bytes for files and parts else.';

ALTER TABLE etl.backfill_items
    ADD COLUMN kind text NOT NULL DEFAULT 'file'
        CHECK (kind IN ('file', 'page', 'capture', 'sitemap', 'captures', 'files')),
    ADD COLUMN host text,
    ADD COLUMN due_at timestamptz NOT NULL DEFAULT '-infinity',
    ADD COLUMN tries integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    ADD COLUMN depth integer NOT NULL DEFAULT 0 CHECK (depth >= 0),
    ADD COLUMN size bigint CHECK (size >= 0),
    ADD COLUMN outcome text,
    ADD COLUMN page_id bigint;
CREATE INDEX backfill_items_due ON etl.backfill_items (backfill_id, host, number) WHERE state = 'planned' AND host IS NOT NULL;
CREATE INDEX backfill_items_lists ON etl.backfill_items (backfill_id, number)
WHERE state = 'planned' AND kind IN ('sitemap', 'captures', 'files');
CREATE INDEX backfill_items_by_page ON etl.backfill_items (page_id) WHERE page_id IS NOT NULL;
COMMENT ON COLUMN etl.backfill_items.item IS 'What it is: a URL, a file, or a time and a URL.';
COMMENT ON COLUMN etl.backfill_items.kind IS 'file (WARC), page (visited), capture (fetched from a web archive); or a list that gives further parts: sitemap, captures, files.';
COMMENT ON COLUMN etl.backfill_items.host IS 'Host that is asked for it, as in etl.hosts; null for a file of this machine.';
COMMENT ON COLUMN etl.backfill_items.due_at IS 'It is not tried before; moves on when its host asks for patience.';
COMMENT ON COLUMN etl.backfill_items.tries IS 'Failed tries in a row.';
COMMENT ON COLUMN etl.backfill_items.depth IS 'Redirects or indexes between it and what was asked for.';
COMMENT ON COLUMN etl.backfill_items.size IS 'Bytes of the file; null where unknown, and for other kinds.';
COMMENT ON COLUMN etl.backfill_items.outcome IS 'How it ended: an outcome of docs/operations.md; null before, and for files, whose records are in counts.';
COMMENT ON COLUMN etl.backfill_items.page_id IS 'The page it gave; no foreign key, for the page may be erased.';

CREATE OR REPLACE VIEW news.backfills AS
SELECT b.id AS backfill_id, b.kind, b.plan, b.state, b.created_at, b.created_by, b.started_at, b.ended_at, b.detail,
       p.items, p.items_done, p.items_failed, o.outcomes, p.units, p.units_done, r.units_per_second,
       CASE WHEN b.state = 'running' AND p.units > p.units_done AND r.measured_at > now() - interval '3 minutes'
            THEN r.measured_at + make_interval(secs => (p.units - p.units_done) / r.units_per_second) END AS ends_at
FROM etl.backfills b
CROSS JOIN LATERAL (
    SELECT count(*) AS items,
           count(*) FILTER (WHERE i.state = 'done') AS items_done,
           count(*) FILTER (WHERE i.state = 'failed') AS items_failed,
           CASE WHEN b.kind IN ('warc', 'ccnews') AND sum(i.size) > 0
                THEN sum(coalesce(i.size, 0)) + count(*) FILTER (WHERE i.kind = 'file' AND i.size IS NULL) * avg(i.size)
                ELSE count(*) END::bigint AS units,
           CASE WHEN b.kind IN ('warc', 'ccnews') AND sum(i.size) > 0
                THEN sum(CASE WHEN i.state IN ('planned', 'running') THEN i.reached ELSE coalesce(i.size, 0) END)
                ELSE count(*) FILTER (WHERE i.state IN ('done', 'failed')) END::bigint AS units_done
    FROM etl.backfill_items i
    WHERE i.backfill_id = b.id
) AS p
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_object_agg(s.outcome, s.number), '{}') AS outcomes
    FROM (
        SELECT e.outcome, sum(e.number)::bigint AS number
        FROM (
            SELECT i.outcome, count(*) AS number
            FROM etl.backfill_items i
            WHERE i.backfill_id = b.id AND i.outcome IS NOT NULL AND i.state IN ('done', 'failed')
                  AND i.kind IN ('page', 'capture')
            GROUP BY i.outcome
            UNION ALL
            SELECT c.key, c.value::bigint
            FROM etl.backfill_items i
            CROSS JOIN LATERAL jsonb_each_text(i.counts) AS c (key, value)
            WHERE i.backfill_id = b.id AND i.counts <> '{}' AND i.kind = 'file'
        ) AS e
        GROUP BY e.outcome
    ) AS s
) AS o
CROSS JOIN LATERAL (
    SELECT CASE WHEN last.at > first.at AND last.done > first.done THEN (last.done - first.done) / (last.at - first.at) END AS units_per_second,
           to_timestamp(last.at) AS measured_at
    FROM (SELECT (b.marks -> 0 ->> 0)::float8 AS at, (b.marks -> 0 ->> 1)::float8 AS done) AS first,
         (SELECT (b.marks -> -1 ->> 0)::float8 AS at, (b.marks -> -1 ->> 1)::float8 AS done) AS last
) AS r;
COMMENT ON COLUMN news.backfills.kind IS 'urls, sitemap, warc, ccnews, wayback, redigest or load.';
COMMENT ON COLUMN news.backfills.items IS 'Parts planned so far: lists (sitemaps, indexes) give further ones.';
COMMENT ON COLUMN news.backfills.outcomes IS 'Outcome to number of records, as in docs/operations.md.';
COMMENT ON COLUMN news.backfills.units IS 'What its progress is measured in: bytes for files of archives, parts else.';
COMMENT ON COLUMN news.backfills.units_done IS 'Of these, done or failed.';
COMMENT ON COLUMN news.backfills.units_per_second IS 'Measured over the last minutes of work; null before there is anything to measure.';
COMMENT ON COLUMN news.backfills.ends_at IS 'When it ends at that speed; null when nobody has worked on it for three minutes.';
