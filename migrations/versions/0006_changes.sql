-- The feed of changes that never skips what commits late; partitions that the writer may ask for; the roles.

-- 1. Partitions. Who makes or drops a partition must own the table: these two do it for a writer who owns nothing.
CREATE FUNCTION etl.add_partition(parent text, starts_on date, moved_max bigint)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    part text := format('%s_%s', parent, to_char(starts_on, 'YYYY_MM'));
    rest text := parent || '_rest';
    starts text := starts_on || ' 00:00+00';
    ends text := (starts_on + interval '1 month')::date || ' 00:00+00';
    of_month text;
    is_too_much boolean;
BEGIN
    IF starts_on <> date_trunc('month', starts_on)::date THEN
        RAISE EXCEPTION '% is not the first day of a month', starts_on;
    END IF;
    SELECT format('%I >= %L AND %I < %L', a.attname, starts, a.attname, ends)
    INTO STRICT of_month
    FROM pg_partitioned_table p
    JOIN pg_class c ON c.oid = p.partrelid AND c.relnamespace = 'etl'::regnamespace AND c.relname = parent
    JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0];
    -- A foreign key wants this lock at the end: taken first, it is waited for with nothing held.
    IF parent = 'captures' THEN
        LOCK TABLE etl.pages IN SHARE ROW EXCLUSIVE MODE;
    END IF;
    EXECUTE format('LOCK TABLE etl.%I IN ACCESS EXCLUSIVE MODE', rest);
    EXECUTE format('SELECT count(*) > %s FROM (SELECT FROM etl.%I WHERE %s LIMIT %s) AS counted',
                   moved_max, rest, of_month, moved_max + 1) INTO is_too_much;
    IF is_too_much THEN
        RETURN false;
    END IF;
    -- Columns of the parent and of its default partition stand in the same order: no step may add one to either alone.
    EXECUTE format('CREATE TABLE etl.%I (LIKE etl.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, parent);
    EXECUTE format('WITH moved AS (DELETE FROM etl.%I WHERE %s RETURNING *) INSERT INTO etl.%I SELECT * FROM moved',
                   rest, of_month, part);
    EXECUTE format('ALTER TABLE etl.%I ATTACH PARTITION etl.%I FOR VALUES FROM (%L) TO (%L)', parent, part, starts, ends);
    RETURN true;
END
$$;
COMMENT ON FUNCTION etl.add_partition(text, date, bigint) IS
    'Make the partition of one month with what the default partition holds of it; false when that is more than moved_max rows.';

CREATE FUNCTION etl.drop_partition(parent text, starts_on date)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    part regclass;
    reached bigint;
BEGIN
    SELECT i.inhrelid::regclass
    INTO STRICT part
    FROM pg_inherits i
    JOIN pg_class p ON p.oid = i.inhparent AND p.relnamespace = 'etl'::regnamespace AND p.relname = parent
    JOIN pg_class c ON c.oid = i.inhrelid AND c.relname = format('%s_%s', parent, to_char(starts_on, 'YYYY_MM'));
    IF parent = 'captures' THEN
        LOCK TABLE etl.pages IN ACCESS EXCLUSIVE MODE;
    ELSIF parent = 'changes' THEN
        EXECUTE format('SELECT max(cursor) FROM %s', part) INTO reached;
        UPDATE etl.change_clock SET dropped_to = greatest(dropped_to, coalesce(reached, 0));
    END IF;
    EXECUTE format('DROP TABLE %s', part);
END
$$;
COMMENT ON FUNCTION etl.drop_partition(text, date) IS 'Drop the partition of one month with all its rows.';
REVOKE ALL ON FUNCTION etl.add_partition(text, date, bigint), etl.drop_partition(text, date) FROM PUBLIC;

-- 2. The feed. A cursor is the number of a transaction (its 64-bit xid, counted from first_xid) times 2^24, plus the place of
-- the change in that transaction, plus first_cursor. The view shows what lies below the oldest transaction that still runs:
-- all of it is committed or gone, and whatever commits later lies above. So nobody waits, and nothing is ever skipped.
CREATE TABLE etl.changes (
    cursor bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    id bigint NOT NULL,
    article_id bigint,
    kind "char" NOT NULL CHECK (kind IN ('a', 'v', 'l', 's')),
    operation "char" NOT NULL CHECK (operation IN ('i', 'u', 'd'))
) PARTITION BY RANGE (changed_at);
CREATE TABLE etl.changes_rest PARTITION OF etl.changes DEFAULT;
-- Not unique, for a unique one would have to carry changed_at as well, 8 bytes a row: cursors differ by how they are made.
CREATE INDEX changes_by_cursor ON etl.changes (cursor);
COMMENT ON TABLE etl.changes IS 'Changes of articles, versions, links and stories, written by triggers; read them through news.changes. Partitioned by month of changed_at.';
COMMENT ON TABLE etl.changes_rest IS 'Changes for which no monthly partition was made ahead.';
COMMENT ON COLUMN etl.changes.cursor IS 'Place in the feed (etl.change_clock).';
COMMENT ON COLUMN etl.changes.changed_at IS 'When the transaction began that made the change.';
COMMENT ON COLUMN etl.changes.id IS 'What changed: its id in etl.articles, etl.article_versions, etl.links or etl.stories.';
COMMENT ON COLUMN etl.changes.article_id IS 'The article it belongs to.';
COMMENT ON COLUMN etl.changes.kind IS 'a article, v version, l link, s story.';
COMMENT ON COLUMN etl.changes.operation IS 'i insert, u update, d delete.';

CREATE TABLE etl.change_clock (
    is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
    server_started_at timestamptz NOT NULL,
    system_identifier bigint,
    timeline text,
    generation integer NOT NULL DEFAULT 1,
    generation_at timestamptz NOT NULL DEFAULT now(),
    first_xid bigint NOT NULL,
    first_cursor bigint NOT NULL,
    dropped_to bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE etl.change_clock IS 'One row: how a transaction''s number becomes a cursor on this start of the server. Numbers begin anew in a restored database and may be given again after a crash or failover; cursors never go back.';
COMMENT ON COLUMN etl.change_clock.is_the_one IS 'There is no second row.';
COMMENT ON COLUMN etl.change_clock.server_started_at IS 'Start of the server for which this row was last set: pg_postmaster_start_time().';
COMMENT ON COLUMN etl.change_clock.system_identifier IS 'That of the server''s cluster (pg_control_system); null where it may not be asked for.';
COMMENT ON COLUMN etl.change_clock.timeline IS 'Its timeline, which changes with each failover and point-in-time recovery.';
COMMENT ON COLUMN etl.change_clock.generation IS 'Number of clusters and timelines that the feed has lived on.';
COMMENT ON COLUMN etl.change_clock.generation_at IS 'When this generation began.';
COMMENT ON COLUMN etl.change_clock.first_xid IS 'Transaction number to which first_cursor belongs.';
COMMENT ON COLUMN etl.change_clock.first_cursor IS 'A multiple of 2^24 above all cursors given before this start of the server.';
COMMENT ON COLUMN etl.change_clock.dropped_to IS 'Largest cursor that retention has dropped.';

CREATE FUNCTION etl.wind_change_clock()
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    clock etl.change_clock;
    next_xid bigint;
    identifier bigint := (SELECT system_identifier FROM pg_control_system()
                           WHERE has_function_privilege('pg_control_system()', 'EXECUTE'));
    now_on text := substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8);
    is_same boolean;
BEGIN
    SELECT * INTO STRICT clock FROM etl.change_clock FOR UPDATE;
    IF clock.server_started_at = pg_postmaster_start_time() THEN
        RETURN;
    END IF;
    is_same := (clock.system_identifier, clock.timeline) IS NOT DISTINCT FROM (identifier, now_on);
    next_xid := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    -- What was seen may not have reached the disk (synchronous_commit = off, a standby that lagged behind), and then its numbers
    -- are given again: leave room for 2^16 of them after a start, for 2^28 after a failover or a restored backup.
    UPDATE etl.change_clock
    SET server_started_at = pg_postmaster_start_time(), system_identifier = identifier, timeline = now_on,
        generation = clock.generation + (NOT is_same)::integer,
        generation_at = CASE WHEN is_same THEN clock.generation_at ELSE now() END,
        first_xid = next_xid,
        first_cursor = (greatest(
            clock.first_cursor, clock.dropped_to, (SELECT max(cursor) FROM etl.changes),
            CASE WHEN identifier IS NOT DISTINCT FROM clock.system_identifier
                 THEN clock.first_cursor + (next_xid - clock.first_xid) * 16777216 END
        ) / 16777216 + CASE WHEN is_same THEN 65536 ELSE 268435456 END) * 16777216;
END
$$;
COMMENT ON FUNCTION etl.wind_change_clock() IS 'Set the clock after a start of the server, before its first change; does nothing when that is done.';

CREATE FUNCTION etl.last_change()
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    -- Set for this transaction only; a rollback to a savepoint takes it back along with the rows.
    reached text := current_setting('news_etl.last_change', true);
    begun bigint;
BEGIN
    IF reached <> '' THEN
        RETURN reached::bigint;
    END IF;
    PERFORM pg_notify('news_changes', '');
    LOOP
        SELECT first_cursor + (pg_current_xact_id()::text::bigint - first_xid) * 16777216
        INTO begun
        FROM etl.change_clock
        WHERE server_started_at = pg_postmaster_start_time();
        IF FOUND THEN
            RETURN begun;
        END IF;
        PERFORM etl.wind_change_clock();
    END LOOP;
END
$$;
COMMENT ON FUNCTION etl.last_change() IS 'Return the last cursor that this transaction has used; before its first change, wake the listeners.';

CREATE FUNCTION etl.keep_last_change(begun bigint, added bigint)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF begun % 16777216 + added >= 16777216 THEN
        RAISE EXCEPTION 'one transaction can make 16777215 changes of articles, versions, links and stories at most'
            USING ERRCODE = 'program_limit_exceeded', HINT = 'Do the same in several transactions.';
    END IF;
    PERFORM set_config('news_etl.last_change', (begun + added)::text, true);
END
$$;
COMMENT ON FUNCTION etl.keep_last_change(bigint, bigint) IS 'Remember how many cursors this transaction has used.';

CREATE FUNCTION etl.keep_story_changes()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    begun bigint;
    added bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;
        begun := etl.last_change();
        INSERT INTO etl.changes (cursor, kind, operation, id)
        SELECT begun + row_number() OVER (), 's', 'i', n.id FROM new_rows n;
    ELSE
        IF NOT EXISTS (SELECT FROM old_rows) THEN RETURN NULL; END IF;
        begun := etl.last_change();
        INSERT INTO etl.changes (cursor, kind, operation, id)
        SELECT begun + row_number() OVER (), 's', 'd', o.id FROM old_rows o;
    END IF;
    GET DIAGNOSTICS added = ROW_COUNT;
    PERFORM etl.keep_last_change(begun, added);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION etl.keep_story_changes() IS 'Write the changes of a statement on etl.stories.';

-- An article that joins or leaves a story of others changes that story too.
CREATE FUNCTION etl.keep_article_changes()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    begun bigint;
    added bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;
        begun := etl.last_change();
        INSERT INTO etl.changes (cursor, kind, operation, id, article_id)
        SELECT begun + row_number() OVER (), c.*
        FROM (
            SELECT 'a'::"char", 'i'::"char", n.id, n.id FROM new_rows n
            UNION ALL
            SELECT DISTINCT 's'::"char", 'u'::"char", n.story_id, NULL::bigint FROM new_rows n WHERE n.copy_of IS NOT NULL
        ) AS c;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;
        begun := etl.last_change();
        INSERT INTO etl.changes (cursor, kind, operation, id, article_id)
        SELECT begun + row_number() OVER (), c.*
        FROM (
            SELECT 'a'::"char", 'u'::"char", n.id, n.id
            FROM new_rows n
            JOIN old_rows o ON o.id = n.id
            WHERE (o.*) IS DISTINCT FROM (n.*)
            UNION ALL
            SELECT DISTINCT 's'::"char", 'u'::"char", moved.story_id, NULL::bigint
            FROM new_rows n
            JOIN old_rows o ON o.id = n.id AND o.story_id <> n.story_id
            CROSS JOIN LATERAL (VALUES (o.story_id), (n.story_id)) AS moved (story_id)
        ) AS c;
    ELSE
        IF NOT EXISTS (SELECT FROM old_rows) THEN RETURN NULL; END IF;
        begun := etl.last_change();
        INSERT INTO etl.changes (cursor, kind, operation, id, article_id)
        SELECT begun + row_number() OVER (), c.*
        FROM (
            SELECT 'a'::"char", 'd'::"char", o.id, o.id FROM old_rows o
            UNION ALL
            SELECT DISTINCT 's'::"char", 'u'::"char", o.story_id, NULL::bigint
            FROM old_rows o
            WHERE EXISTS (SELECT FROM etl.articles a WHERE a.story_id = o.story_id)
        ) AS c;
    END IF;
    GET DIAGNOSTICS added = ROW_COUNT;
    PERFORM etl.keep_last_change(begun, added);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION etl.keep_article_changes() IS 'Write the changes of a statement on etl.articles.';

CREATE FUNCTION etl.keep_version_changes()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    begun bigint;
    added bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;
        begun := etl.last_change();
        INSERT INTO etl.changes (cursor, kind, operation, id, article_id)
        SELECT begun + row_number() OVER (), 'v', 'i', n.id, n.article_id FROM new_rows n;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;
        begun := etl.last_change();
        INSERT INTO etl.changes (cursor, kind, operation, id, article_id)
        SELECT begun + row_number() OVER (), 'v', 'u', n.id, n.article_id
        FROM new_rows n
        JOIN old_rows o ON o.id = n.id
        WHERE (o.*) IS DISTINCT FROM (n.*);
    ELSE
        IF NOT EXISTS (SELECT FROM old_rows) THEN RETURN NULL; END IF;
        begun := etl.last_change();
        INSERT INTO etl.changes (cursor, kind, operation, id, article_id)
        SELECT begun + row_number() OVER (), 'v', 'd', o.id, o.article_id FROM old_rows o;
    END IF;
    GET DIAGNOSTICS added = ROW_COUNT;
    PERFORM etl.keep_last_change(begun, added);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION etl.keep_version_changes() IS 'Write the changes of a statement on etl.article_versions.';

CREATE FUNCTION etl.keep_link_changes()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    begun bigint;
    added bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;
        begun := etl.last_change();
        INSERT INTO etl.changes (cursor, kind, operation, id, article_id)
        SELECT begun + row_number() OVER (), 'l', 'i', n.id, a.id
        FROM new_rows n
        LEFT JOIN etl.articles a ON a.page_id = n.page_id;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;
        begun := etl.last_change();
        INSERT INTO etl.changes (cursor, kind, operation, id, article_id)
        SELECT begun + row_number() OVER (), 'l', 'u', n.id, a.id
        FROM new_rows n
        JOIN old_rows o ON o.id = n.id
        LEFT JOIN etl.articles a ON a.page_id = n.page_id
        WHERE (o.*) IS DISTINCT FROM (n.*);
    ELSE
        IF NOT EXISTS (SELECT FROM old_rows) THEN RETURN NULL; END IF;
        begun := etl.last_change();
        INSERT INTO etl.changes (cursor, kind, operation, id, article_id)
        SELECT begun + row_number() OVER (), 'l', 'd', o.id, a.id
        FROM old_rows o
        LEFT JOIN etl.articles a ON a.page_id = o.page_id;
    END IF;
    GET DIAGNOSTICS added = ROW_COUNT;
    PERFORM etl.keep_last_change(begun, added);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION etl.keep_link_changes() IS 'Write the changes of a statement on etl.links.';

CREATE FUNCTION etl.refuse_truncate()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'news.changes would not tell its readers: DELETE the rows of % instead', TG_RELID::regclass;
END
$$;
COMMENT ON FUNCTION etl.refuse_truncate() IS 'TRUNCATE shows no rows to a trigger, so it would be a hole in the feed.';

CREATE TRIGGER changes_inserted AFTER INSERT ON etl.stories
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_story_changes();
CREATE TRIGGER changes_deleted AFTER DELETE ON etl.stories
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_story_changes();
CREATE TRIGGER changes_truncated BEFORE TRUNCATE ON etl.stories
    FOR EACH STATEMENT EXECUTE FUNCTION etl.refuse_truncate();

CREATE TRIGGER changes_inserted AFTER INSERT ON etl.articles
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_article_changes();
CREATE TRIGGER changes_updated AFTER UPDATE ON etl.articles
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_article_changes();
CREATE TRIGGER changes_deleted AFTER DELETE ON etl.articles
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_article_changes();
CREATE TRIGGER changes_truncated BEFORE TRUNCATE ON etl.articles
    FOR EACH STATEMENT EXECUTE FUNCTION etl.refuse_truncate();

CREATE TRIGGER changes_inserted AFTER INSERT ON etl.article_versions
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_version_changes();
CREATE TRIGGER changes_updated AFTER UPDATE ON etl.article_versions
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_version_changes();
CREATE TRIGGER changes_deleted AFTER DELETE ON etl.article_versions
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_version_changes();
CREATE TRIGGER changes_truncated BEFORE TRUNCATE ON etl.article_versions
    FOR EACH STATEMENT EXECUTE FUNCTION etl.refuse_truncate();

CREATE TRIGGER changes_inserted AFTER INSERT ON etl.links
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_link_changes();
CREATE TRIGGER changes_updated AFTER UPDATE ON etl.links
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_link_changes();
CREATE TRIGGER changes_deleted AFTER DELETE ON etl.links
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_link_changes();
CREATE TRIGGER changes_truncated BEFORE TRUNCATE ON etl.links
    FOR EACH STATEMENT EXECUTE FUNCTION etl.refuse_truncate();

-- What stands here already is the beginning of the feed. The triggers' locks keep writers out until this is committed.
SELECT etl.add_partition('changes', date_trunc('month', now() AT TIME ZONE 'UTC')::date, 0)
WHERE EXISTS (SELECT FROM etl.links) OR EXISTS (SELECT FROM etl.stories);

INSERT INTO etl.changes (cursor, kind, operation, id, article_id)
SELECT row_number() OVER (), s.*
FROM (
    SELECT 's'::"char", 'i'::"char", s.id, NULL::bigint FROM etl.stories s
    UNION ALL
    SELECT 'a'::"char", 'i'::"char", a.id, a.id FROM etl.articles a
    UNION ALL
    SELECT 'v'::"char", 'i'::"char", v.id, v.article_id FROM etl.article_versions v
    UNION ALL
    SELECT 'l'::"char", 'i'::"char", l.id, a.id FROM etl.links l LEFT JOIN etl.articles a ON a.page_id = l.page_id
) AS s;

INSERT INTO etl.change_clock (server_started_at, system_identifier, timeline, first_xid, first_cursor)
SELECT pg_postmaster_start_time(),
       (SELECT system_identifier FROM pg_control_system() WHERE has_function_privilege('pg_control_system()', 'EXECUTE')),
       substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8),
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
       (coalesce((SELECT max(cursor) FROM etl.changes), 0) / 16777216 + 1) * 16777216;

CREATE VIEW news.changes AS
SELECT c.cursor, c.changed_at,
       CASE c.kind WHEN 'a' THEN 'article' WHEN 'v' THEN 'version' WHEN 'l' THEN 'link' ELSE 'story' END AS kind,
       CASE c.operation WHEN 'i' THEN 'insert' WHEN 'u' THEN 'update' ELSE 'delete' END AS operation,
       c.id, c.article_id
FROM etl.changes c
WHERE c.cursor < (
    SELECT CASE
        WHEN k.server_started_at = pg_postmaster_start_time()
             OR k.system_identifier IS NOT DISTINCT FROM (
                 SELECT p.system_identifier FROM pg_control_system() p
                 WHERE has_function_privilege('pg_control_system()', 'EXECUTE'))
        THEN k.first_cursor + (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - k.first_xid) * 16777216
        -- Restored, and nothing written since: all that is here was committed where it came from.
        ELSE 9223372036854775807
    END
    FROM etl.change_clock k
);
COMMENT ON VIEW news.changes IS
    'Each change of an article, version, link or story exactly once, deletions too. Remember the last cursor you have read and ask for '
    'more: SELECT … FROM news.changes WHERE cursor > :last ORDER BY cursor LIMIT 10000; begin with 0. Nothing that commits late is '
    'skipped: a change is shown once all transactions that began before it have ended (news.changes_state says since when one waits). '
    'LISTEN news_changes wakes you; ask every few seconds as well, for what waited is not announced again. '
    'Changes tell what to look up again; they are no copy of it. Not told: last_seen_at of an article, last_observed_at of a link that '
    'still stands, which move with each visit, and target_article_id of a link, which is looked up when asked for.';
COMMENT ON COLUMN news.changes.cursor IS 'Place in the feed: grows, with gaps, and never goes back, not even in a restored database.';
COMMENT ON COLUMN news.changes.changed_at IS 'When the transaction began that made the change.';
COMMENT ON COLUMN news.changes.kind IS 'article, version, link or story.';
COMMENT ON COLUMN news.changes.operation IS 'insert, update or delete (then the row is gone from its view: a tombstone).';
COMMENT ON COLUMN news.changes.id IS 'article_id, version_id, link_id or story_id, by kind.';
COMMENT ON COLUMN news.changes.article_id IS
    'The article: itself, that of the version, or that which the link stands on. Null for stories, for links on front pages, and for links deleted along with their article.';

CREATE VIEW news.changes_state AS
SELECT h.ready_to, w.waiting_since, k.dropped_to, k.generation, k.generation_at
FROM etl.change_clock k
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN k.server_started_at = pg_postmaster_start_time()
             OR k.system_identifier IS NOT DISTINCT FROM (
                 SELECT p.system_identifier FROM pg_control_system() p
                 WHERE has_function_privilege('pg_control_system()', 'EXECUTE'))
        THEN k.first_cursor + (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - k.first_xid) * 16777216 - 1
        ELSE coalesce((SELECT max(c.cursor) FROM etl.changes c), k.first_cursor)
    END AS ready_to
) AS h
CROSS JOIN LATERAL (
    -- The oldest stand first; the limit lets the planner begin at the right place of the index.
    SELECT min(waiting.changed_at) AS waiting_since
    FROM (SELECT c.changed_at FROM etl.changes c WHERE c.cursor > h.ready_to ORDER BY c.cursor LIMIT 1000) AS waiting
) AS w;
COMMENT ON VIEW news.changes_state IS 'One row: how far news.changes can be read now, and what a reader must know who was away for long.';
COMMENT ON COLUMN news.changes_state.ready_to IS
    'All changes up to this cursor are shown. Who fills a copy for the first time reads this first, then the views, then the feed from here.';
COMMENT ON COLUMN news.changes_state.waiting_since IS
    'Time of the oldest committed change that is not shown yet, because a transaction that began earlier still runs; null when none waits.';
COMMENT ON COLUMN news.changes_state.dropped_to IS 'Changes up to this cursor were dropped by retention: who has read less must read the views again.';
COMMENT ON COLUMN news.changes_state.generation IS
    'Grows when the database was restored from a backup or taken over by a standby: what you read shortly before may be lost there, so read the views again.';
COMMENT ON COLUMN news.changes_state.generation_at IS 'When this generation began.';

-- 3. The roles. Owner is who migrates. They belong to the whole server: made where this user may, else `news-etl doctor` says how.
CREATE FUNCTION etl.grant_roles()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    -- Another database of this server may make them at the same moment.
    BEGIN
        IF to_regrole('news_writer') IS NULL THEN
            CREATE ROLE news_writer NOLOGIN;
        END IF;
        IF to_regrole('news_reader') IS NULL THEN
            CREATE ROLE news_reader LOGIN;
            ALTER ROLE news_reader SET default_transaction_read_only = on;
            ALTER ROLE news_reader SET statement_timeout = '60s';
            ALTER ROLE news_reader SET idle_in_transaction_session_timeout = '5min';
            ALTER ROLE news_reader SET search_path = news;
        END IF;
    EXCEPTION
        WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
            RAISE NOTICE 'roles were not made: %', SQLERRM;
    END;
    IF to_regrole('news_reader') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA news TO news_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA news TO news_reader;
        GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA news TO news_reader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA news GRANT SELECT ON TABLES TO news_reader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA news GRANT EXECUTE ON FUNCTIONS TO news_reader;
    END IF;
    IF to_regrole('news_writer') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA etl, news, queue TO news_writer;
        GRANT SELECT ON ALL TABLES IN SCHEMA news TO news_writer;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA etl, queue TO news_writer;
        REVOKE INSERT, UPDATE, DELETE ON etl.alembic_version FROM news_writer;
        GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA etl, queue TO news_writer;
        GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA etl, news, queue TO news_writer;
        ALTER DEFAULT PRIVILEGES IN SCHEMA news GRANT SELECT ON TABLES TO news_writer;
        ALTER DEFAULT PRIVILEGES IN SCHEMA etl GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO news_writer;
        ALTER DEFAULT PRIVILEGES IN SCHEMA queue GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO news_writer;
        ALTER DEFAULT PRIVILEGES IN SCHEMA etl GRANT USAGE, SELECT ON SEQUENCES TO news_writer;
        ALTER DEFAULT PRIVILEGES IN SCHEMA queue GRANT USAGE, SELECT ON SEQUENCES TO news_writer;
        ALTER DEFAULT PRIVILEGES IN SCHEMA etl GRANT EXECUTE ON FUNCTIONS TO news_writer;
        ALTER DEFAULT PRIVILEGES IN SCHEMA queue GRANT EXECUTE ON FUNCTIONS TO news_writer;
    END IF;
END
$$;
COMMENT ON FUNCTION etl.grant_roles() IS
    'Make the roles news_reader and news_writer where this user may, and give them their rights in this database; the owner may call it again at any time.';
REVOKE ALL ON FUNCTION etl.grant_roles() FROM PUBLIC;
SELECT etl.grant_roles();
