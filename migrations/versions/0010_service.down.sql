ALTER TABLE queue.procrastinate_events RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
ALTER TABLE queue.procrastinate_jobs RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
ALTER TABLE etl.hosts RESET (fillfactor);
