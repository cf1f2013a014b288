-- A job that is put in costs the server its row: no line of history that nobody reads, and one notice for all jobs of a statement.
SET LOCAL search_path TO queue;

-- What is left tells when a job ended that was not deleted at its end, which delete_old_jobs asks for.
DROP TRIGGER procrastinate_trigger_status_events_insert_v1 ON procrastinate_jobs;
CREATE OR REPLACE TRIGGER procrastinate_trigger_status_events_update_v1
    AFTER UPDATE OF status ON procrastinate_jobs
    FOR EACH ROW WHEN (new.status <> 'doing'::procrastinate_job_status)
    EXECUTE PROCEDURE procrastinate_trigger_function_status_events_update_v1();

-- A worker that hears of a job looks for jobs until there is none, whichever it heard of.
CREATE FUNCTION notify_of_jobs()
    RETURNS trigger
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM pg_notify(c.channel, json_build_object('type', 'job_inserted', 'job_id', j.first_id)::text)
    FROM (SELECT queue_name, min(id) AS first_id FROM put_in WHERE status = 'todo' GROUP BY queue_name) AS j
    CROSS JOIN LATERAL (VALUES ('procrastinate_queue_v1#' || j.queue_name), ('procrastinate_any_queue_v1')) AS c (channel);
    RETURN NULL;
END;
$$;
DROP TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 ON procrastinate_jobs;
CREATE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1
    AFTER INSERT ON procrastinate_jobs
    REFERENCING NEW TABLE AS put_in
    FOR EACH STATEMENT EXECUTE PROCEDURE notify_of_jobs();

SET LOCAL search_path TO DEFAULT;
