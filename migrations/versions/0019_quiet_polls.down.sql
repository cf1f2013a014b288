DROP INDEX etl.sources_by_host;
ALTER TABLE etl.sources DROP COLUMN host_free_at, DROP COLUMN asked_on, DROP COLUMN asked_times;
DROP TABLE etl.askers;
