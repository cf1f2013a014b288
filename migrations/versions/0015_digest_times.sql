-- How long pages take to be digested, counted in steps of time as Prometheus wants it, over all workers.

CREATE TABLE etl.digest_times (
    at_most_s double precision PRIMARY KEY,
    pages bigint NOT NULL DEFAULT 0 CHECK (pages >= 0),
    seconds double precision NOT NULL DEFAULT 0 CHECK (seconds >= 0)
) WITH (fillfactor = 20);
COMMENT ON TABLE etl.digest_times IS 'Digested pages by how long they took: the batch''s time, shared equally by its pages. Counts only grow.';
COMMENT ON COLUMN etl.digest_times.at_most_s IS 'Upper end of the step, in seconds; its lower end is the step before.';
COMMENT ON COLUMN etl.digest_times.pages IS 'Pages in this step.';
COMMENT ON COLUMN etl.digest_times.seconds IS 'What they took together.';
INSERT INTO etl.digest_times (at_most_s)
VALUES (0.005), (0.01), (0.025), (0.05), (0.1), (0.25), (0.5), (1), (2.5), (5), (10), ('Infinity');
