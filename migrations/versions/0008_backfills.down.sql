DROP VIEW news.backfills;
CREATE VIEW news.backfills AS
SELECT b.id AS backfill_id, b.kind, b.plan, b.state, b.created_at, b.created_by, b.started_at, b.ended_at, b.detail,
       count(i.item) AS items, count(i.item) FILTER (WHERE i.state = 'done') AS items_done,
       count(i.item) FILTER (WHERE i.state = 'failed') AS items_failed
FROM etl.backfills b
LEFT JOIN etl.backfill_items i ON i.backfill_id = b.id
GROUP BY b.id;
COMMENT ON VIEW news.backfills IS 'One-off jobs and how far they are.';
COMMENT ON COLUMN news.backfills.backfill_id IS 'Stable number.';
COMMENT ON COLUMN news.backfills.kind IS 'urls, sitemap, warc, wayback, redigest or load.';
COMMENT ON COLUMN news.backfills.plan IS 'What was asked for.';
COMMENT ON COLUMN news.backfills.state IS 'planned, running, paused, done, cancelled or failed.';
COMMENT ON COLUMN news.backfills.created_at IS 'When it was asked for.';
COMMENT ON COLUMN news.backfills.created_by IS 'Who asked.';
COMMENT ON COLUMN news.backfills.started_at IS 'When its first item was begun.';
COMMENT ON COLUMN news.backfills.ended_at IS 'When its last item ended.';
COMMENT ON COLUMN news.backfills.detail IS 'Why it failed or was cancelled.';
COMMENT ON COLUMN news.backfills.items IS 'Parts planned.';
COMMENT ON COLUMN news.backfills.items_done IS 'Parts done.';
COMMENT ON COLUMN news.backfills.items_failed IS 'Parts that failed.';

DROP INDEX etl.backfill_items_due;
DROP INDEX etl.backfill_items_lists;
DROP INDEX etl.backfill_items_by_page;
-- Parts that an older program does not know how to work on would be taken for files.
DELETE FROM etl.backfill_items WHERE kind <> 'file';
ALTER TABLE etl.backfill_items
    DROP COLUMN kind, DROP COLUMN host, DROP COLUMN due_at, DROP COLUMN tries, DROP COLUMN depth, DROP COLUMN size,
    DROP COLUMN outcome, DROP COLUMN page_id;
COMMENT ON COLUMN etl.backfill_items.item IS 'What it is: a URL or a file.';

UPDATE etl.backfills SET kind = 'warc' WHERE kind = 'ccnews';
ALTER TABLE etl.backfills
    DROP COLUMN hosts_max, DROP COLUMN bytes_per_second, DROP COLUMN bytes_free_at, DROP COLUMN marks,
    DROP CONSTRAINT backfills_kind_check,
    ADD CONSTRAINT backfills_kind_check CHECK (kind IN ('urls', 'sitemap', 'warc', 'wayback', 'redigest', 'load'));
COMMENT ON COLUMN etl.backfills.kind IS 'urls, sitemap, warc, wayback, redigest or load.';
