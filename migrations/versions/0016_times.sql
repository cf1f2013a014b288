-- migrate:autocommit
-- What a day of all sites brought or edited: rows come in the order of these times, so the least and the greatest of each
-- megabyte (BRIN) tell where a day is. New rows are summed up when the next megabyte begins.
DROP INDEX CONCURRENTLY IF EXISTS etl.article_versions_by_time;
DROP INDEX CONCURRENTLY IF EXISTS etl.articles_by_time;
CREATE INDEX CONCURRENTLY article_versions_by_time ON etl.article_versions USING brin (valid_from) WITH (autosummarize = on);
CREATE INDEX CONCURRENTLY articles_by_time ON etl.articles USING brin (first_seen_at) WITH (autosummarize = on);
