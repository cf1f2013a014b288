-- migrate:autocommit
DROP INDEX CONCURRENTLY IF EXISTS etl.page_urls_by_url;
DROP INDEX IF EXISTS etl.attempts_by_source;
