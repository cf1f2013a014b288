-- A poll in which nothing changed writes one row, and who was killed while it asked is known without a mark on the host.

CREATE TABLE etl.askers (
    token bigint PRIMARY KEY,
    process bigint NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz
);
COMMENT ON TABLE etl.askers IS 'Sessions that ask hosts without leaving a mark on each. A session holds its token as an advisory lock while it lives.';
COMMENT ON COLUMN etl.askers.token IS 'Random number: key of the advisory lock that is free when the session has ended.';
COMMENT ON COLUMN etl.askers.process IS 'Random number of the process that it belongs to.';
COMMENT ON COLUMN etl.askers.began_at IS 'When the session first asked.';
COMMENT ON COLUMN etl.askers.ended_at IS 'When somebody noticed that the session had ended; null before. All hosts rest anew from then.';

ALTER TABLE etl.sources
    ADD COLUMN host_free_at timestamptz,
    ADD COLUMN asked_on date,
    ADD COLUMN asked_times integer NOT NULL DEFAULT 0 CONSTRAINT sources_asked_times_check CHECK (asked_times >= 0);
COMMENT ON COLUMN etl.sources.host_free_at IS 'No request to the host of this source before this moment, as its last poll that found nothing changed left it. See etl.hosts.free_at.';
COMMENT ON COLUMN etl.sources.asked_on IS 'The UTC day that asked_times counts.';
COMMENT ON COLUMN etl.sources.asked_times IS 'Requests of polls that found nothing changed on that day; they count for the host beside budget_used of etl.hosts.';
CREATE INDEX sources_by_host ON etl.sources (host);
