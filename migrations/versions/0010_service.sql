-- Tables of the service that are rewritten all day: room for the next state of a row beside it, and old states cleared early.

-- One row per host, written after each request: with room in its page no index is touched.
ALTER TABLE etl.hosts SET (fillfactor = 50);

-- A queue in a table: who fetches a job passes over every dead one before it. By default autovacuum waits for a fifth of the table.
ALTER TABLE queue.procrastinate_jobs SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
ALTER TABLE queue.procrastinate_events SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
