-- migrate:autocommit
DROP INDEX CONCURRENTLY IF EXISTS etl.article_versions_by_time;
DROP INDEX CONCURRENTLY IF EXISTS etl.articles_by_time;
