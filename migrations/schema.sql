-- The whole schema today, made by `python -m migrations.dump`; CI proves that the migrations make exactly this.

-- Functions stand before the tables they use.
SET check_function_bodies = false;

CREATE SCHEMA etl;

COMMENT ON SCHEMA etl IS 'Tables of news-etl. They may change with any release: read schema news instead.';

CREATE SCHEMA news;

COMMENT ON SCHEMA news IS 'The contract for consumers: views and functions that change only by addition.';

CREATE SCHEMA queue;

COMMENT ON SCHEMA queue IS 'Jobs that wait, run and ended (tables of the library procrastinate). Nothing in here is a contract.';

CREATE TYPE queue.procrastinate_job_event_type AS ENUM (
    'deferred',
    'started',
    'deferred_for_retry',
    'failed',
    'succeeded',
    'cancelled',
    'abort_requested',
    'aborted',
    'scheduled',
    'retried'
);

CREATE TYPE queue.procrastinate_job_status AS ENUM (
    'todo',
    'doing',
    'succeeded',
    'failed',
    'cancelled',
    'aborting',
    'aborted'
);

CREATE TYPE queue.procrastinate_job_to_defer_v1 AS (
	queue_name character varying,
	task_name character varying,
	priority integer,
	lock text,
	queueing_lock text,
	args jsonb,
	scheduled_at timestamp with time zone
);

CREATE FUNCTION etl.add_partition(parent text, starts_on date, moved_max bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
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

COMMENT ON FUNCTION etl.add_partition(parent text, starts_on date, moved_max bigint) IS 'Make the partition of one month with what the default partition holds of it; false when that is more than moved_max rows.';

CREATE FUNCTION etl.drop_partition(parent text, starts_on date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
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

COMMENT ON FUNCTION etl.drop_partition(parent text, starts_on date) IS 'Drop the partition of one month with all its rows.';

CREATE FUNCTION etl.fill_search(at_most integer) RETURNS integer
    LANGUAGE plpgsql
    AS $$
DECLARE
    taken bigint[];
BEGIN
    -- One at a time, or else an older text could be written over a newer one.
    IF NOT pg_try_advisory_xact_lock(7811898) THEN
        RETURN 0;
    END IF;
    WITH gone AS (
        DELETE FROM etl.search_waiting
        WHERE id = ANY (ARRAY(SELECT w.id FROM etl.search_waiting w ORDER BY w.id LIMIT at_most))
        RETURNING article_id
    )
    SELECT array_agg(DISTINCT article_id) INTO taken FROM gone;
    WITH written AS (
        INSERT INTO etl.search_texts AS stored (article_id, at, words)
        SELECT a.id, t.at,
               -- The text comes last: each || copies what stands before it. Marks have no place, so they move none.
               setweight(to_tsvector(c.config, etl.in_pairs(plain.title, false)), 'A')
               || setweight(to_tsvector(c.config, etl.in_pairs(plain.lead, false)), 'B')
               || array_to_tsvector(ARRAY[
                      '@d' || to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
                      '@m' || to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM'),
                      '@y' || to_char(t.at AT TIME ZONE 'UTC', 'YYYY'),
                      '@h' || p.host,
                      '@l' || split_part(lower(coalesce(v.language, '')), '-', 1)]
                  || ARRAY(SELECT '@s' || g.source_id FROM etl.sightings g WHERE g.page_id = a.page_id)
                  -- The last letter before a space begins no pair, yet it may be asked for alone.
                  || CASE WHEN octet_length(whole.text) <> length(whole.text) AND whole.text ~ ('[' || etl.unspaced_letters() || ']') THEN
                         ARRAY(SELECT DISTINCT m[1] FROM regexp_matches(
                             whole.text, '([' || etl.unspaced_letters() || '])(?![' || etl.unspaced_letters() || '])', 'g') AS m)
                     ELSE '{}' END)
               || to_tsvector(c.config, etl.in_pairs(plain.text, false))
        FROM etl.articles a
        JOIN etl.pages p ON p.id = a.page_id
        JOIN etl.article_versions v ON v.article_id = a.id AND v.valid_to IS NULL
        CROSS JOIN LATERAL (SELECT etl.search_config(v.language) AS config) AS c
        CROSS JOIN LATERAL (SELECT coalesce(v.published_at, a.first_seen_at) AS at) AS t
        -- OFFSET 0: made once a row, though it is used twice. A tsvector ends at 1 MB; the longest of real articles has a tenth of this.
        CROSS JOIN LATERAL (
            SELECT etl.unmarked(v.title, c.config) AS title, etl.unmarked(coalesce(v.lead, ''), c.config) AS lead,
                   etl.unmarked(left(v.text, 200000), c.config) AS text
            OFFSET 0
        ) AS plain
        CROSS JOIN LATERAL (SELECT concat_ws(' ', plain.title, plain.lead, plain.text) AS text OFFSET 0) AS whole
        WHERE a.id = ANY (taken)
        ORDER BY t.at
        ON CONFLICT (article_id) DO UPDATE SET at = excluded.at, words = excluded.words
        WHERE (stored.at, stored.words) IS DISTINCT FROM (excluded.at, excluded.words)
    )
    INSERT INTO etl.search_configs (config)
    SELECT DISTINCT etl.search_config(v.language)::text
    FROM etl.article_versions v
    WHERE v.article_id = ANY (taken) AND v.valid_to IS NULL
    ON CONFLICT DO NOTHING;
    RETURN coalesce(cardinality(taken), 0);
END
$$;

COMMENT ON FUNCTION etl.fill_search(at_most integer) IS 'Write the words of up to so many waiting articles; return how many. 0: none waits, or somebody else is at it.';

CREATE FUNCTION etl.grant_roles() RETURNS void
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

COMMENT ON FUNCTION etl.grant_roles() IS 'Make the roles news_reader and news_writer where this user may, and give them their rights in this database; the owner may call it again at any time.';

CREATE FUNCTION etl.in_pairs(words text, is_query boolean) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
BEGIN
    IF octet_length(words) = length(words) OR words !~ ('[' || etl.unspaced_letters() || ']') THEN
        RETURN words;
    END IF;
    RETURN (
        SELECT string_agg(
            CASE
                WHEN part.words !~ ('^[' || etl.unspaced_letters() || ']') THEN part.words
                -- In a query pairs that follow each other are a phrase, unless they stand in quotation marks already.
                WHEN is_query AND length(part.words) > 2 AND part.quotes % 2 = 0 THEN part.gap || '"' || pairs.words || '" '
                ELSE part.gap || pairs.words || ' '
            END, '' ORDER BY part.number)
        FROM (
            SELECT m.found[1] AS words, m.number,
                   CASE WHEN lag(m.found[1]) OVER (ORDER BY m.number) ~ '["-]$' THEN '' ELSE ' ' END AS gap,
                   sum(length(m.found[1]) - length(replace(m.found[1], '"', ''))) OVER (ORDER BY m.number) AS quotes
            FROM regexp_matches(in_pairs.words, '([' || etl.unspaced_letters() || ']+|[^' || etl.unspaced_letters() || ']+)', 'g')
                WITH ORDINALITY AS m (found, number)
        ) AS part
        CROSS JOIN LATERAL (
            SELECT string_agg(substr(part.words, n, 2), ' ' ORDER BY n) AS words
            FROM generate_series(1, greatest(1, length(part.words) - 1)) AS n
        ) AS pairs
    );
END
$_$;

COMMENT ON FUNCTION etl.in_pairs(words text, is_query boolean) IS 'Return the text with 日本語 written as its pairs of letters, 日本 本語: words of scripts without spaces are found as the pairs they are made of.';

CREATE FUNCTION etl.keep_article_changes() RETURNS trigger
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

CREATE FUNCTION etl.keep_last_change(begun bigint, added bigint) RETURNS void
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

COMMENT ON FUNCTION etl.keep_last_change(begun bigint, added bigint) IS 'Remember how many cursors this transaction has used.';

CREATE FUNCTION etl.keep_link_changes() RETURNS trigger
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

CREATE FUNCTION etl.keep_story_changes() RETURNS trigger
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

CREATE FUNCTION etl.keep_version_changes() RETURNS trigger
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

CREATE FUNCTION etl.last_change() RETURNS bigint
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

CREATE FUNCTION etl.name_host_of_ranking() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN SELECT p.host INTO NEW.host FROM etl.pages p WHERE p.id = NEW.page_id; RETURN NEW; END $$;

COMMENT ON FUNCTION etl.name_host_of_ranking() IS 'Writes the host of the page into a link with a rank.';

CREATE FUNCTION etl.newest_hits(wanted tsquery, since timestamp with time zone, until timestamp with time zone, enough integer) RETURNS TABLE(article_id bigint, at timestamp with time zone)
    LANGUAGE plpgsql STABLE ROWS 400
    SET enable_seqscan TO 'off'
    AS $$
DECLARE
    upper timestamptz;
    starts timestamptz;
    width text := 'day';
    hits integer;
    found integer := 0;
    days_needed double precision;
BEGIN
    LOOP
        SELECT max(s.at) + interval '1 microsecond' INTO upper
        FROM etl.search_texts s
        WHERE s.at < coalesce(upper, until) AND s.at >= since;
        EXIT WHEN upper IS NULL OR found >= enough;
        starts := date_trunc(width, upper - interval '1 microsecond', 'UTC');
        RETURN QUERY
            WITH hit AS MATERIALIZED (
                SELECT s.article_id, s.at
                FROM etl.search_texts s
                WHERE s.words @@ (wanted && etl.search_mark(left(width, 1), to_char(starts AT TIME ZONE 'UTC',
                      CASE width WHEN 'day' THEN 'YYYY-MM-DD' WHEN 'month' THEN 'YYYY-MM' ELSE 'YYYY' END)))
            )
            SELECT h.article_id, h.at FROM hit h WHERE h.at < upper AND h.at >= since ORDER BY h.at DESC LIMIT enough - found;
        GET DIAGNOSTICS hits = ROW_COUNT;
        found := found + hits;
        days_needed := (enough - found) * extract(epoch FROM upper - starts) / 86400 / greatest(hits, 0.1);
        width := CASE
            WHEN width = 'day' AND days_needed < 15 THEN 'day'
            WHEN width = 'year' AND days_needed > 120 OR width = 'month' AND days_needed > 200 THEN 'year'
            WHEN width = 'month' AND days_needed < 5 THEN 'day'
            ELSE 'month'
        END;
        upper := starts;
    END LOOP;
END
$$;

COMMENT ON FUNCTION etl.newest_hits(wanted tsquery, since timestamp with time zone, until timestamp with time zone, enough integer) IS 'Return the newest articles that match, up to enough of them.';

CREATE FUNCTION etl.refuse_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'news.changes would not tell its readers: DELETE the rows of % instead', TG_RELID::regclass;
END
$$;

COMMENT ON FUNCTION etl.refuse_truncate() IS 'TRUNCATE shows no rows to a trigger, so it would be a hole in the feed.';

CREATE FUNCTION etl.search_config(language text) RETURNS regconfig
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
SELECT CASE split_part(lower(language), '-', 1)
    WHEN 'ar' THEN 'pg_catalog.arabic'::regconfig
    WHEN 'ca' THEN 'pg_catalog.catalan'::regconfig
    WHEN 'da' THEN 'pg_catalog.danish'::regconfig
    WHEN 'de' THEN 'pg_catalog.german'::regconfig
    WHEN 'el' THEN 'pg_catalog.greek'::regconfig
    WHEN 'en' THEN 'pg_catalog.english'::regconfig
    WHEN 'es' THEN 'pg_catalog.spanish'::regconfig
    WHEN 'eu' THEN 'pg_catalog.basque'::regconfig
    WHEN 'fi' THEN 'pg_catalog.finnish'::regconfig
    WHEN 'fr' THEN 'pg_catalog.french'::regconfig
    WHEN 'ga' THEN 'pg_catalog.irish'::regconfig
    WHEN 'hi' THEN 'pg_catalog.hindi'::regconfig
    WHEN 'hu' THEN 'pg_catalog.hungarian'::regconfig
    WHEN 'hy' THEN 'pg_catalog.armenian'::regconfig
    WHEN 'id' THEN 'pg_catalog.indonesian'::regconfig
    WHEN 'it' THEN 'pg_catalog.italian'::regconfig
    WHEN 'lt' THEN 'pg_catalog.lithuanian'::regconfig
    WHEN 'nb' THEN 'pg_catalog.norwegian'::regconfig
    WHEN 'ne' THEN 'pg_catalog.nepali'::regconfig
    WHEN 'nl' THEN 'pg_catalog.dutch'::regconfig
    WHEN 'nn' THEN 'pg_catalog.norwegian'::regconfig
    WHEN 'no' THEN 'pg_catalog.norwegian'::regconfig
    WHEN 'pt' THEN 'pg_catalog.portuguese'::regconfig
    WHEN 'ro' THEN 'pg_catalog.romanian'::regconfig
    WHEN 'ru' THEN 'pg_catalog.russian'::regconfig
    WHEN 'sr' THEN 'pg_catalog.serbian'::regconfig
    WHEN 'sv' THEN 'pg_catalog.swedish'::regconfig
    WHEN 'ta' THEN 'pg_catalog.tamil'::regconfig
    WHEN 'tr' THEN 'pg_catalog.turkish'::regconfig
    WHEN 'yi' THEN 'pg_catalog.yiddish'::regconfig
    ELSE 'pg_catalog.simple'::regconfig
END
$$;

COMMENT ON FUNCTION etl.search_config(language text) IS 'Return the text search configuration for a BCP 47 tag: those that 15 to 18 all have; simple for other languages.';

CREATE FUNCTION etl.search_mark(kind text, value text) RETURNS tsquery
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT ('''@' || kind || replace(replace(value, '\', '\\'), '''', '''''') || '''')::tsquery
$$;

COMMENT ON FUNCTION etl.search_mark(kind text, value text) IS 'Return the query for one of the marks of etl.search_texts.words.';

CREATE FUNCTION etl.search_query(query text, config regconfig) RETURNS tsquery
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
-- A hyphen before a word means "without"; it is put by while others become spaces. One letter alone stands for all pairs it begins.
SELECT regexp_replace(
    websearch_to_tsquery(config, etl.in_pairs(
        translate(etl.unmarked(regexp_replace(
            translate(query, '“”„«»＂　', '"""""" '), '(^|\s)-(?=[^\s-])', E'\\1\x01', 'g'), config), E'\x01', '-'),
        true))::text,
    '''([' || etl.unspaced_letters() || '])''', '''\1'':*', 'g')::tsquery
$$;

COMMENT ON FUNCTION etl.search_query(query text, config regconfig) IS 'Return what was typed (words, "a phrase", or, -without) as a query in that configuration.';

CREATE FUNCTION etl.search_words(words text, config regconfig) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT to_tsvector(config, etl.in_pairs(etl.unmarked(words, config), false))
$$;

COMMENT ON FUNCTION etl.search_words(words text, config regconfig) IS 'Return the words of a text as they are searched for.';

CREATE FUNCTION etl.snippet(body text, config regconfig, wanted tsquery, typed text) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    original text := left(body, 20000);
    plain text;
    terms text[];
    fragment text;
    shown text;
    place integer;
BEGIN
    IF octet_length(original) <> length(original) AND original IS NOT NFC NORMALIZED THEN
        original := normalize(original, NFC);
    END IF;
    plain := etl.unmarked(original, config);
    IF length(plain) <> length(original) THEN
        original := plain;
    END IF;
    IF typed ~ ('[' || etl.unspaced_letters() || ']') AND original ~ ('[' || etl.unspaced_letters() || ']') THEN
        terms := ARRAY(SELECT DISTINCT m[1] FROM regexp_matches(typed, '([' || etl.unspaced_letters() || ']+)', 'g') AS m);
        SELECT min(strpos(original, term)) INTO place FROM unnest(terms) AS term WHERE strpos(original, term) > 0;
        fragment := substr(original, greatest(1, coalesce(place, 1) - 30), 120);
        FOR n IN 1 .. cardinality(terms) LOOP
            fragment := replace(fragment, terms[n], '<b>' || terms[n] || '</b>');
        END LOOP;
        RETURN translate(fragment, E'\n', ' ');
    END IF;
    -- Words that stand far apart have no fragment in common: then each for itself.
    FOREACH shown IN ARRAY ARRAY[wanted::text, regexp_replace(querytree(wanted), ' (&|<[-0-9]+>) ', ' | ', 'g')] LOOP
        fragment := ts_headline(config, plain, nullif(shown, 'T')::tsquery,
                                CASE WHEN length(plain) < 240 THEN 'HighlightAll=true' ELSE 'MaxFragments=1, MaxWords=32, MinWords=14' END
                                || E', StartSel=\x02, StopSel=\x03');
        EXIT WHEN strpos(fragment, E'\x02') > 0;
    END LOOP;
    fragment := coalesce(fragment, left(plain, 200));
    place := strpos(plain, translate(fragment, E'\x02\x03', ''));
    -- Every second piece is marked; its place in the plain text is its place in the original.
    SELECT string_agg(
        CASE WHEN piece.number % 2 = 0 THEN '<b>' ELSE '' END
        || CASE WHEN place > 0 THEN substr(original, place + piece.before, length(piece.words)) ELSE piece.words END
        || CASE WHEN piece.number % 2 = 0 THEN '</b>' ELSE '' END, '' ORDER BY piece.number)
    INTO fragment
    FROM (
        SELECT r.words, r.number,
               (sum(length(r.words)) OVER (ORDER BY r.number) - length(r.words))::integer AS before
        FROM regexp_split_to_table(fragment, E'[\x02\x03]') WITH ORDINALITY AS r (words, number)
    ) AS piece;
    IF config = 'pg_catalog.portuguese'::regconfig THEN
        fragment := regexp_replace(fragment, '</b>s\M', 's</b>', 'g');  -- What etl.unmarked made a space.
    END IF;
    RETURN translate(fragment, E'\n', ' ');
END
$$;

COMMENT ON FUNCTION etl.snippet(body text, config regconfig, wanted tsquery, typed text) IS 'Return the part of a text that shows the query best, its words in <b>, with their accents.';

CREATE FUNCTION etl.unmarked(words text, config regconfig) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
DECLARE
    plain text := words;
BEGIN
    IF octet_length(words) <> length(words) THEN
        -- The breve stays on Cyrillic letters: й is a letter of its own.
        plain := normalize(regexp_replace(
            normalize(words, NFD), '[\u0300-\u0305\u0307-\u036F]+|(?<=[A-Za-z])\u0306', '', 'g'), NFC);
    END IF;
    -- Slash, hyphen, & and < would join what stands beside them into one token, a path, a compound, an entity or a tag.
    plain := regexp_replace(
        plain,
        '[-<>&/\u00A0-\u00A9\u00AB-\u00B4\u00B6-\u00B9\u00BB-\u00BF\u2010-\u206F\u3000-\u3004\u3008-\u3020\u30FB\uFF01-\uFF0F\uFF1A-\uFF20]',
        ' ', 'g');
    -- Without accents these endings no longer look to the stemmer like those of the plural.
    IF config = 'pg_catalog.french'::regconfig THEN
        plain := regexp_replace(regexp_replace(regexp_replace(plain,
            '(i)ere(s|ment)?\M', '\1ère\2', 'gi'), 'e(es?)\M', 'é\1', 'gi'), '(it)e(s?)\M', '\1é\2', 'gi');
    ELSIF config = 'pg_catalog.spanish'::regconfig THEN
        plain := regexp_replace(plain, '(a)cion\M', '\1ción', 'gi');
    ELSIF config = 'pg_catalog.portuguese'::regconfig THEN
        plain := regexp_replace(plain, '([cs])oes\M', '\1ao ', 'gi');
    END IF;
    RETURN plain;
END
$$;

COMMENT ON FUNCTION etl.unmarked(words text, config regconfig) IS 'Return the text without accents, and with spaces for what parts words, letter for letter.';

CREATE FUNCTION etl.unspaced_letters() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
SELECT '\u0E00-\u0E7F\u0E80-\u0EFF\u1000-\u109F\u1780-\u17FF\u3005-\u3007\u3040-\u30FA\u30FC-\u30FF\u31F0-\u31FF'
    || '\u3400-\u4DBF\u4E00-\u9FFF\uAC00-\uD7A3\uF900-\uFAFF\uFF66-\uFF9F\U00020000-\U0003FFFF'
$$;

COMMENT ON FUNCTION etl.unspaced_letters() IS 'Letters, as a range of a regular expression, of scripts without spaces between words: Han, Kana, Thai, Lao, Burmese, Khmer; and of Korean, whose words carry endings.';

CREATE FUNCTION etl.wait_for_search() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_TABLE_NAME = 'sightings' THEN
        INSERT INTO etl.search_waiting (article_id)
        SELECT a.id FROM touched t JOIN etl.articles a ON a.page_id = t.page_id;
    ELSE
        INSERT INTO etl.search_waiting (article_id)
        SELECT t.article_id FROM touched t WHERE t.valid_to IS NULL;
    END IF;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION etl.wait_for_search() IS 'Put the articles of a statement into etl.search_waiting.';

CREATE FUNCTION etl.wind_change_clock() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
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

CREATE FUNCTION news.article_diff(article_id bigint, v1 bigint DEFAULT NULL::bigint, v2 bigint DEFAULT NULL::bigint) RETURNS TABLE(field text, number integer, change text, line text)
    LANGUAGE plpgsql STABLE ROWS 40
    AS $$
#variable_conflict use_column
DECLARE
    old_id bigint := v1;
    new_id bigint := v2;
    wrong bigint;
BEGIN
    IF new_id IS NULL THEN
        SELECT v.version_id INTO new_id
        FROM news.article_versions v
        WHERE v.article_id = article_diff.article_id AND v.valid_to IS NULL;
    END IF;
    IF old_id IS NULL THEN
        SELECT v.version_id INTO old_id
        FROM news.article_versions n
        JOIN news.article_versions v ON v.article_id = n.article_id AND v.valid_to = n.valid_from
        WHERE n.version_id = new_id;
    END IF;
    SELECT given.id INTO wrong
    FROM (VALUES (old_id), (new_id)) AS given (id)
    WHERE given.id IS NOT NULL AND NOT EXISTS (
        SELECT FROM news.article_versions v WHERE v.version_id = given.id AND v.article_id = article_diff.article_id);
    IF FOUND THEN
        RAISE EXCEPTION 'article % has no version %', article_diff.article_id, wrong USING ERRCODE = 'no_data_found';
    END IF;
    RETURN QUERY
        SELECT f.field, d.number, d.change, d.line
        FROM news.article_versions o
        CROSS JOIN news.article_versions n
        CROSS JOIN LATERAL (
            VALUES (1, 'title', ARRAY[o.title], ARRAY[n.title]),
                   (2, 'lead', ARRAY[o.lead], ARRAY[n.lead]),
                   (3, 'authors', o.authors, n.authors),
                   (4, 'section', ARRAY[o.section], ARRAY[n.section]),
                   (5, 'tags', o.tags, n.tags),
                   (6, 'language', ARRAY[o.language], ARRAY[n.language]),
                   (7, 'published_at', ARRAY[o.published_at::text], ARRAY[n.published_at::text]),
                   (8, 'modified_at', ARRAY[o.modified_at::text], ARRAY[n.modified_at::text]),
                   (9, 'access', ARRAY[o.access], ARRAY[n.access]),
                   (10, 'image_url', ARRAY[o.image_url], ARRAY[n.image_url]),
                   (11, 'image_caption', ARRAY[o.image_caption], ARRAY[n.image_caption]),
                   (12, 'text', string_to_array(o.text, E'\n'), string_to_array(n.text, E'\n'))
        ) AS f (place, field, was, becomes)
        CROSS JOIN LATERAL news.line_diff(array_remove(f.was, NULL), array_remove(f.becomes, NULL)) d
        WHERE o.version_id = old_id AND n.version_id = new_id AND f.was IS DISTINCT FROM f.becomes
        ORDER BY f.place, d.number;
END
$$;

COMMENT ON FUNCTION news.article_diff(article_id bigint, v1 bigint, v2 bigint) IS 'What changed in an article from version v1 to version v2 (version_id of news.article_versions), line by line: the fields that differ, in each the lines removed, added and kept, in reading order (number). Paragraphs, authors and tags are lines of their own. Without v2: the current version; without v1: the version before v2. No rows: nothing differs, or there is no version before.';

CREATE FUNCTION news.articles_asof(at timestamp with time zone) RETURNS TABLE(article_id bigint, url text, host text, title text, authors text[], lead text, text text, section text, tags text[], language text, published_at timestamp with time zone, modified_at timestamp with time zone, access text, image_url text, image_caption text, version_id bigint, valid_from timestamp with time zone, valid_to timestamp with time zone)
    LANGUAGE sql STABLE ROWS 10000
    AS $_$
SELECT v.article_id, a.url, a.host, v.title, v.authors, v.lead, v.text, v.section, v.tags, v.language, v.published_at,
       v.modified_at, v.access, v.image_url, v.image_caption, v.version_id, v.valid_from, v.valid_to
FROM news.article_versions v
JOIN news.articles a ON a.article_id = v.article_id
WHERE v.valid_from <= $1 AND (v.valid_to > $1 OR v.valid_to IS NULL)
$_$;

COMMENT ON FUNCTION news.articles_asof(at timestamp with time zone) IS 'Articles as they read at that moment: each article that we had captured by then, in the version that held (valid_from included, valid_to excluded). Columns as in news.articles and news.article_versions. Add conditions on its columns as on a view.';

CREATE FUNCTION news.line_diff(was text[], becomes text[]) RETURNS TABLE(number integer, change text, line text)
    LANGUAGE plpgsql IMMUTABLE ROWS 40 PARALLEL SAFE
    AS $$
DECLARE
    cells_max CONSTANT integer := 40000;
    n integer := cardinality(was);
    m integer := cardinality(becomes);
    head integer := 0;
    tail integer := 0;
    longest integer[];  -- Of the middles: length of the longest common subsequence from line i of the one and j of the other.
    wide integer;
    i integer;
    j integer;
BEGIN
    number := 0;
    WHILE head < least(n, m) AND was[head + 1] = becomes[head + 1] LOOP
        head := head + 1;
    END LOOP;
    WHILE tail < least(n, m) - head AND was[n - tail] = becomes[m - tail] LOOP
        tail := tail + 1;
    END LOOP;
    n := n - tail;
    m := m - tail;
    wide := m - head + 1;
    IF (n - head + 1)::bigint * wide <= cells_max THEN
        longest := array_fill(0, ARRAY[(n - head + 1) * wide]);
        FOR i IN REVERSE n - head .. 1 LOOP
            FOR j IN REVERSE m - head .. 1 LOOP
                longest[(i - 1) * wide + j] := CASE
                    WHEN was[head + i] = becomes[head + j] THEN longest[i * wide + j + 1] + 1
                    ELSE greatest(longest[i * wide + j], longest[(i - 1) * wide + j + 1])
                END;
            END LOOP;
        END LOOP;
    END IF;
    change := 'kept';
    FOR i IN 1 .. head LOOP
        number := number + 1;
        line := was[i];
        RETURN NEXT;
    END LOOP;
    i := 1;
    j := 1;
    WHILE head + i <= n OR head + j <= m LOOP
        IF longest IS NOT NULL AND head + i <= n AND head + j <= m AND was[head + i] = becomes[head + j] THEN
            change := 'kept';
            line := was[head + i];
            i := i + 1;
            j := j + 1;
        ELSIF head + i <= n AND (longest IS NULL OR head + j > m
                                 OR longest[i * wide + j] >= longest[(i - 1) * wide + j + 1]) THEN
            change := 'removed';
            line := was[head + i];
            i := i + 1;
        ELSE
            change := 'added';
            line := becomes[head + j];
            j := j + 1;
        END IF;
        number := number + 1;
        RETURN NEXT;
    END LOOP;
    change := 'kept';
    FOR i IN n + 1 .. n + tail LOOP
        number := number + 1;
        line := was[i];
        RETURN NEXT;
    END LOOP;
END
$$;

COMMENT ON FUNCTION news.line_diff(was text[], becomes text[]) IS 'What turns the one list of lines into the other: each line once, in reading order, with change kept, removed or added. As few removed and added lines as can be (longest common subsequence); where what lies between the first and the last difference is more than about 200 by 200 lines, that part is given as removed and added whole.';

CREATE FUNCTION news.related_articles(article_id bigint) RETURNS TABLE(direction text, related_article_id bigint, url text, title text, kind text, block text, rank integer, "position" integer, first_observed_at timestamp with time zone, last_observed_at timestamp with time zone, still_there boolean)
    LANGUAGE sql STABLE ROWS 60
    AS $_$
SELECT 'to', l.target_article_id, l.target_url, coalesce(v.title, l.title), l.kind, l.block, l.rank, l.position,
       l.first_observed_at, l.last_observed_at, l.still_there
FROM news.links l
LEFT JOIN news.article_versions v ON v.article_id = l.target_article_id AND v.valid_to IS NULL
WHERE l.article_id = $1
UNION ALL
SELECT 'from', l.article_id, l.page_url, v.title, l.kind, l.block, l.rank, l.position,
       l.first_observed_at, l.last_observed_at, l.still_there
FROM news.links l
JOIN news.article_versions v ON v.article_id = l.article_id AND v.valid_to IS NULL
WHERE l.target_article_id = $1
$_$;

COMMENT ON FUNCTION news.related_articles(article_id bigint) IS 'What an article relates to (direction ''to'', articles we do not hold included: then related_article_id is null and title is the teaser''s) and which articles relate to it (''from''). One row per interval of a link, as in news.links: kind, block and rank are those of the link, url and title those of the other article.';

CREATE FUNCTION news.search(query text, language text DEFAULT NULL::text, "from" timestamp with time zone DEFAULT NULL::timestamp with time zone, "to" timestamp with time zone DEFAULT NULL::timestamp with time zone, source text DEFAULT NULL::text, at_most integer DEFAULT 20) RETURNS TABLE(article_id bigint, score real, host text, title text, snippet text, article_language text, published_at timestamp with time zone, url text, story_id bigint, copy_of bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
DECLARE
    wanted tsquery;
    scope tsquery;
BEGIN
    IF search.language IS NULL THEN
        FOR wanted IN
            SELECT DISTINCT etl.search_query(search.query, c.config::regconfig) FROM etl.search_configs c
        LOOP
            scope := CASE WHEN numnode(wanted) = 0 THEN scope WHEN scope IS NULL THEN wanted ELSE scope || wanted END;
        END LOOP;
        wanted := scope;
    ELSE
        wanted := etl.search_query(search.query, etl.search_config(search.language));
    END IF;
    IF wanted IS NULL OR numnode(wanted) = 0 THEN
        RETURN;
    END IF;
    scope := wanted;
    IF search.language IS NOT NULL THEN
        scope := scope && etl.search_mark('l', split_part(lower(search.language), '-', 1));
    END IF;
    IF search.source IS NOT NULL THEN
        scope := scope && (
            SELECT (string_agg(mark::text, ' | '))::tsquery
            FROM (
                SELECT etl.search_mark('h', lower(search.source)) AS mark
                UNION ALL
                SELECT etl.search_mark('s', s.id::text) FROM etl.sources s WHERE search.source IN (s.slug, s.recipe)
            ) AS marks);
    END IF;
    RETURN QUERY
        SELECT best.article_id, best.score, p.host, v.title,
               etl.snippet(v.text, c.config, etl.search_query(search.query, c.config), search.query),
               v.language, v.published_at, p.url, a.story_id, a.copy_of
        FROM (
            SELECT h.article_id, h.at, ts_rank(s.words, wanted, 1) AS score
            FROM etl.newest_hits(scope, coalesce(search."from", '-infinity'), coalesce(search."to", 'infinity'),
                                 -- Whether words follow each other is not in the index: each row that holds them is looked into.
                                 greatest(search.at_most, CASE WHEN wanted::text ~ '<[-0-9]' THEN 100 ELSE 400 END)) h
            JOIN etl.search_texts s ON s.article_id = h.article_id
            ORDER BY score DESC, h.at DESC, h.article_id
            LIMIT search.at_most
        ) AS best
        JOIN etl.articles a ON a.id = best.article_id
        JOIN etl.pages p ON p.id = a.page_id
        JOIN etl.article_versions v ON v.article_id = a.id AND v.valid_to IS NULL
        CROSS JOIN LATERAL (SELECT etl.search_config(v.language) AS config) AS c
        ORDER BY best.score DESC, best.at DESC, best.article_id;
END
$$;

COMMENT ON FUNCTION news.search(query text, language text, "from" timestamp with time zone, "to" timestamp with time zone, source text, at_most integer) IS 'Articles that read now what you ask for, the best of the 400 newest matches first (of the 100 newest for a phrase). query: words, "a phrase", or, -without; accents and case do not matter (empecher finds empêcher), nor do endings, by the language of each article. language: BCP 47 tag, of the query and of what is found; null asks in all languages at once. "from" (included) and "to" (excluded): publication time, or first capture where there is none; "to" also reaches what is older than the newest 400. source: a slug or a recipe of news.sources, or a host. Chinese, Japanese, Korean, Thai, Lao, Burmese and Khmer words are found as the pairs of letters they are made of. score: ts_rank, title above lead above text, divided by the logarithm of the length; snippet: matches in <b>, nothing else escaped. New articles are found after some seconds.';

CREATE FUNCTION queue.notify_of_jobs() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'queue'
    AS $$
BEGIN
    PERFORM pg_notify(c.channel, json_build_object('type', 'job_inserted', 'job_id', j.first_id)::text)
    FROM (SELECT queue_name, min(id) AS first_id FROM put_in WHERE status = 'todo' GROUP BY queue_name) AS j
    CROSS JOIN LATERAL (VALUES ('procrastinate_queue_v1#' || j.queue_name), ('procrastinate_any_queue_v1')) AS c (channel);
    RETURN NULL;
END;
$$;

CREATE FUNCTION queue.procrastinate_cancel_job_v1(job_id bigint, abort boolean, delete_job boolean) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status = 'todo'
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        IF abort THEN
            UPDATE procrastinate_jobs
            SET abort_requested = true,
                status = CASE status
                    WHEN 'todo' THEN 'cancelled'::procrastinate_job_status ELSE status
                END
            WHERE id = job_id AND status IN ('todo', 'doing')
            RETURNING id INTO _job_id;
        ELSE
            UPDATE procrastinate_jobs
            SET status = 'cancelled'::procrastinate_job_status
            WHERE id = job_id AND status = 'todo'
            RETURNING id INTO _job_id;
        END IF;
    END IF;
    RETURN _job_id;
END;
$$;

CREATE FUNCTION queue.procrastinate_defer_jobs_v1(jobs queue.procrastinate_job_to_defer_v1[]) RETURNS bigint[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    job_ids bigint[];
BEGIN
    WITH inserted_jobs AS (
        INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
        SELECT (job).queue_name,
               (job).task_name,
               (job).priority,
               (job).lock,
               (job).queueing_lock,
               (job).args,
               (job).scheduled_at
        FROM unnest(jobs) AS job
        RETURNING id
    )
    SELECT array_agg(id) FROM inserted_jobs INTO job_ids;

    RETURN job_ids;
END;
$$;

CREATE FUNCTION queue.procrastinate_defer_periodic_job_v2(_queue_name character varying, _lock character varying, _queueing_lock character varying, _task_name character varying, _priority integer, _periodic_id character varying, _defer_timestamp bigint, _args jsonb) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
	_job_id bigint;
	_defer_id bigint;
BEGIN
    INSERT
        INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)
        VALUES (_task_name, _periodic_id, _defer_timestamp)
        ON CONFLICT DO NOTHING
        RETURNING id into _defer_id;

    IF _defer_id IS NULL THEN
        RETURN NULL;
    END IF;

    UPDATE procrastinate_periodic_defers
        SET job_id = (
            SELECT COALESCE((
                SELECT unnest(procrastinate_defer_jobs_v1(
                    ARRAY[
                        ROW(
                            _queue_name,
                            _task_name,
                            _priority,
                            _lock,
                            _queueing_lock,
                            _args,
                            NULL::timestamptz
                        )
                    ]::procrastinate_job_to_defer_v1[]
                ))
            ), NULL)
        )
        WHERE id = _defer_id
        RETURNING job_id INTO _job_id;

    DELETE
        FROM procrastinate_periodic_defers
        USING (
            SELECT id
            FROM procrastinate_periodic_defers
            WHERE procrastinate_periodic_defers.task_name = _task_name
            AND procrastinate_periodic_defers.periodic_id = _periodic_id
            AND procrastinate_periodic_defers.defer_timestamp < _defer_timestamp
            ORDER BY id
            FOR UPDATE
        ) to_delete
        WHERE procrastinate_periodic_defers.id = to_delete.id;

    RETURN _job_id;
END;
$$;

CREATE TABLE queue.procrastinate_jobs (
    id bigint NOT NULL,
    queue_name character varying(128) NOT NULL,
    task_name character varying(128) NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    lock text,
    queueing_lock text,
    args jsonb DEFAULT '{}'::jsonb NOT NULL,
    status queue.procrastinate_job_status DEFAULT 'todo'::queue.procrastinate_job_status NOT NULL,
    scheduled_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    abort_requested boolean DEFAULT false NOT NULL,
    worker_id bigint,
    CONSTRAINT check_not_todo_abort_requested CHECK ((NOT ((status = 'todo'::queue.procrastinate_job_status) AND (abort_requested = true))))
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='2000');

CREATE FUNCTION queue.procrastinate_fetch_job_v2(target_queue_names character varying[], p_worker_id bigint) RETURNS queue.procrastinate_jobs
    LANGUAGE plpgsql
    AS $$
DECLARE
	found_jobs procrastinate_jobs;
BEGIN
    WITH candidate AS (
        SELECT jobs.*
            FROM procrastinate_jobs AS jobs
            WHERE
                -- reject the job if its lock has earlier or higher priority jobs
                NOT EXISTS (
                    SELECT 1
                        FROM procrastinate_jobs AS other_jobs
                        WHERE
                            jobs.lock IS NOT NULL
                            AND other_jobs.lock = jobs.lock
                            AND (
                                -- job with same lock is already running
                                other_jobs.status = 'doing'
                                OR
                                -- job with same lock is waiting and has higher priority (or same priority but was queued first)
                                (
                                    other_jobs.status = 'todo'
                                    AND (
                                        other_jobs.priority > jobs.priority
                                        OR (
                                        other_jobs.priority = jobs.priority
                                        AND other_jobs.id < jobs.id
                                        )
                                    )
                                )
                            )
                )
                AND jobs.status = 'todo'
                AND (target_queue_names IS NULL OR jobs.queue_name = ANY( target_queue_names ))
                AND (jobs.scheduled_at IS NULL OR jobs.scheduled_at <= now())
            ORDER BY jobs.priority DESC, jobs.id ASC LIMIT 1
            FOR UPDATE OF jobs SKIP LOCKED
    )
    UPDATE procrastinate_jobs
        SET status = 'doing', worker_id = p_worker_id
        FROM candidate
        WHERE procrastinate_jobs.id = candidate.id
        RETURNING procrastinate_jobs.* INTO found_jobs;

 RETURN found_jobs;
END;
$$;

CREATE FUNCTION queue.procrastinate_finish_job_v1(job_id bigint, end_status queue.procrastinate_job_status, delete_job boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF end_status NOT IN ('succeeded', 'failed', 'aborted') THEN
        RAISE 'End status should be either "succeeded", "failed" or "aborted" (job id: %)', job_id;
    END IF;
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = end_status,
            abort_requested = false,
            attempts = CASE status
                WHEN 'doing' THEN attempts + 1 ELSE attempts
            END
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" or "todo" status (job id: %)', job_id;
    END IF;
END;
$$;

CREATE FUNCTION queue.procrastinate_notify_queue_abort_job_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'abort_job_requested', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;

CREATE FUNCTION queue.procrastinate_notify_queue_job_inserted_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'job_inserted', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;

CREATE FUNCTION queue.procrastinate_prune_stalled_workers_v1(seconds_since_heartbeat double precision) RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    DELETE FROM procrastinate_workers
    WHERE last_heartbeat < NOW() - (seconds_since_heartbeat || 'SECOND')::INTERVAL
    RETURNING procrastinate_workers.id;
END;
$$;

CREATE FUNCTION queue.procrastinate_register_worker_v1() RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    INSERT INTO procrastinate_workers DEFAULT VALUES
    RETURNING procrastinate_workers.id;
END;
$$;

CREATE FUNCTION queue.procrastinate_retry_job_v1(job_id bigint, retry_at timestamp with time zone, new_priority integer, new_queue_name character varying, new_lock character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
BEGIN
    SELECT abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status = 'doing'
    FOR UPDATE
    INTO _abort_requested;
    IF _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    END IF;

    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" status (job id: %)', job_id;
    END IF;
END;
$$;

CREATE FUNCTION queue.procrastinate_retry_job_v2(job_id bigint, retry_at timestamp with time zone, new_priority integer, new_queue_name character varying, new_lock character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
    _current_status procrastinate_job_status;
BEGIN
    SELECT status, abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status IN ('doing', 'failed')
    FOR UPDATE
    INTO _current_status, _abort_requested;
    IF _current_status = 'doing' AND _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status IN ('doing', 'failed')
        RETURNING id INTO _job_id;
    END IF;

    IF _job_id IS NULL THEN
        RAISE 'Job was not found or has an invalid status to retry (job id: %)', job_id;
    END IF;

END;
$$;

CREATE FUNCTION queue.procrastinate_trigger_abort_requested_events_procedure_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'abort_requested'::procrastinate_job_event_type);
    RETURN NEW;
END;
$$;

CREATE FUNCTION queue.procrastinate_trigger_function_scheduled_events_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type, at)
        VALUES (NEW.id, 'scheduled'::procrastinate_job_event_type, NEW.scheduled_at);

	RETURN NEW;
END;
$$;

CREATE FUNCTION queue.procrastinate_trigger_function_status_events_insert_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'deferred'::procrastinate_job_event_type);
	RETURN NEW;
END;
$$;

CREATE FUNCTION queue.procrastinate_trigger_function_status_events_update_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    WITH t AS (
        SELECT CASE
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND NEW.status = 'doing'::procrastinate_job_status
                THEN 'started'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'deferred_for_retry'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'failed'::procrastinate_job_status
                THEN 'failed'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'succeeded'::procrastinate_job_status
                THEN 'succeeded'::procrastinate_job_event_type
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND (
                    NEW.status = 'cancelled'::procrastinate_job_status
                    OR NEW.status = 'failed'::procrastinate_job_status
                    OR NEW.status = 'succeeded'::procrastinate_job_status
                )
                THEN 'cancelled'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'aborted'::procrastinate_job_status
                THEN 'aborted'::procrastinate_job_event_type
            WHEN OLD.status = 'failed'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'retried'::procrastinate_job_event_type
            ELSE NULL
        END as event_type
    )
    INSERT INTO procrastinate_events(job_id, type)
        SELECT NEW.id, t.event_type
        FROM t
        WHERE t.event_type IS NOT NULL;
	RETURN NEW;
END;
$$;

CREATE FUNCTION queue.procrastinate_unlink_periodic_defers_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE procrastinate_periodic_defers
    SET job_id = NULL
    WHERE job_id = OLD.id;
    RETURN OLD;
END;
$$;

CREATE FUNCTION queue.procrastinate_unregister_worker_v1(worker_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM procrastinate_workers
    WHERE id = worker_id;
END;
$$;

CREATE FUNCTION queue.procrastinate_update_heartbeat_v1(worker_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE procrastinate_workers
    SET last_heartbeat = NOW()
    WHERE id = worker_id;
END;
$$;

CREATE TABLE etl.alembic_version (
    version_num character varying(32) NOT NULL
);

COMMENT ON TABLE etl.alembic_version IS 'The version of the schema, one row; kept by news-etl migrate.';

COMMENT ON COLUMN etl.alembic_version.version_num IS 'The last migration step that was applied.';

CREATE TABLE etl.article_keys (
    key integer NOT NULL,
    article_id bigint NOT NULL
);

COMMENT ON TABLE etl.article_keys IS 'Signature keys of each article: copies share some (etl.dedupe.signature).';

COMMENT ON COLUMN etl.article_keys.key IS 'Hash of one shingle of the text.';

COMMENT ON COLUMN etl.article_keys.article_id IS 'The article that carries it.';

CREATE TABLE etl.article_versions (
    id bigint NOT NULL,
    article_id bigint NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone,
    follows timestamp with time zone,
    capture_id bigint,
    content_key bytea NOT NULL,
    title text NOT NULL,
    authors text[] DEFAULT '{}'::text[] NOT NULL,
    lead text,
    text text NOT NULL,
    block_kinds text[] DEFAULT '{}'::text[] NOT NULL,
    section text,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    language text,
    image_url text,
    image_caption text,
    canonical_url text,
    access text,
    published_at timestamp with time zone,
    published_zone text,
    published_precision text,
    published_text text,
    modified_at timestamp with time zone,
    modified_zone text,
    modified_precision text,
    modified_text text,
    evidence jsonb DEFAULT '{}'::jsonb NOT NULL,
    changed_fields text[] DEFAULT '{}'::text[] NOT NULL,
    materiality text,
    extractor text NOT NULL,
    CONSTRAINT article_versions_access_check CHECK ((access = ANY (ARRAY['free'::text, 'metered'::text, 'paid'::text]))),
    CONSTRAINT article_versions_check CHECK ((valid_to > valid_from)),
    CONSTRAINT article_versions_check1 CHECK ((follows = valid_from)),
    CONSTRAINT article_versions_materiality_check CHECK ((materiality = ANY (ARRAY['minor'::text, 'headline'::text, 'substantive'::text]))),
    CONSTRAINT article_versions_modified_precision_check CHECK ((modified_precision = ANY (ARRAY['minute'::text, 'day'::text]))),
    CONSTRAINT article_versions_published_precision_check CHECK ((published_precision = ANY (ARRAY['minute'::text, 'day'::text])))
);

COMMENT ON TABLE etl.article_versions IS 'What an article said from when to when. Versions of an article neither overlap nor leave a hole: each follows the end of another (constraints one_first_version, one_version_to and no_hole).';

COMMENT ON COLUMN etl.article_versions.id IS 'Stable number.';

COMMENT ON COLUMN etl.article_versions.article_id IS 'The article.';

COMMENT ON COLUMN etl.article_versions.valid_from IS 'Time of the first capture that said this.';

COMMENT ON COLUMN etl.article_versions.valid_to IS 'Time of the first capture that said something else; null for the current version.';

COMMENT ON COLUMN etl.article_versions.follows IS 'valid_to of the version before: equals valid_from; null for the first version.';

COMMENT ON COLUMN etl.article_versions.capture_id IS 'The capture it was read from; no foreign key, for captures may be dropped by retention.';

COMMENT ON COLUMN etl.article_versions.content_key IS 'Hash of what makes a version (etl.dedupe.verdict.content_key): equal keys say the same.';

COMMENT ON COLUMN etl.article_versions.title IS 'Headline as shown.';

COMMENT ON COLUMN etl.article_versions.authors IS 'People, then organisations.';

COMMENT ON COLUMN etl.article_versions.lead IS 'Standfirst or summary; null when there is none.';

COMMENT ON COLUMN etl.article_versions.text IS 'The body: blocks joined by line breaks, the standfirst first when the page shows one.';

COMMENT ON COLUMN etl.article_versions.block_kinds IS 'Kind of each line of text: paragraph, heading, list or quote.';

COMMENT ON COLUMN etl.article_versions.section IS 'Section of the publication.';

COMMENT ON COLUMN etl.article_versions.tags IS 'Keywords given by the publisher.';

COMMENT ON COLUMN etl.article_versions.language IS 'BCP 47 tag of the text.';

COMMENT ON COLUMN etl.article_versions.image_url IS 'Lead image.';

COMMENT ON COLUMN etl.article_versions.image_caption IS 'Caption of the lead image.';

COMMENT ON COLUMN etl.article_versions.canonical_url IS 'The URL that the page calls its own.';

COMMENT ON COLUMN etl.article_versions.access IS 'free, metered or paid; null when the page does not say.';

COMMENT ON COLUMN etl.article_versions.published_at IS 'Publication time; null when the label could not be read.';

COMMENT ON COLUMN etl.article_versions.published_zone IS 'Zone or offset in which the publisher wrote it.';

COMMENT ON COLUMN etl.article_versions.published_precision IS 'minute or day (then published_at is the start of that day).';

COMMENT ON COLUMN etl.article_versions.published_text IS 'The time as the publisher wrote it.';

COMMENT ON COLUMN etl.article_versions.modified_at IS 'Time of the last change by the publisher''s own word.';

COMMENT ON COLUMN etl.article_versions.modified_zone IS 'Zone or offset in which the publisher wrote it.';

COMMENT ON COLUMN etl.article_versions.modified_precision IS 'minute or day.';

COMMENT ON COLUMN etl.article_versions.modified_text IS 'The time as the publisher wrote it.';

COMMENT ON COLUMN etl.article_versions.evidence IS 'Field name to the rule that gave its value.';

COMMENT ON COLUMN etl.article_versions.changed_fields IS 'Fields that differ from the version before; empty for the first.';

COMMENT ON COLUMN etl.article_versions.materiality IS 'minor, headline or substantive: how much the change means; null for the first version.';

COMMENT ON COLUMN etl.article_versions.extractor IS 'Version of the extractor that read it.';

ALTER TABLE etl.article_versions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME etl.article_versions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE etl.articles (
    id bigint NOT NULL,
    page_id bigint NOT NULL,
    story_id bigint NOT NULL,
    copy_of bigint,
    similarity real,
    story_reason text NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT articles_check CHECK (((copy_of IS NULL) OR (copy_of <> id))),
    CONSTRAINT articles_similarity_check CHECK (((similarity >= (0)::double precision) AND (similarity <= (1)::double precision)))
);

COMMENT ON TABLE etl.articles IS 'One row per page that holds an article; what it says stands in etl.article_versions.';

COMMENT ON COLUMN etl.articles.id IS 'Stable number.';

COMMENT ON COLUMN etl.articles.page_id IS 'Its page.';

COMMENT ON COLUMN etl.articles.story_id IS 'The story it belongs to: all articles with the same text.';

COMMENT ON COLUMN etl.articles.copy_of IS 'The article it repeats; null for the first of its story.';

COMMENT ON COLUMN etl.articles.similarity IS 'Share of the shorter text that both carry, 0 to 1; null for the first of its story.';

COMMENT ON COLUMN etl.articles.story_reason IS 'Why it is in that story: the rule that decided.';

COMMENT ON COLUMN etl.articles.first_seen_at IS 'Time of the first capture that held it.';

COMMENT ON COLUMN etl.articles.changed_at IS 'Start of its current version.';

ALTER TABLE etl.articles ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME etl.articles_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE etl.askers (
    token bigint NOT NULL,
    process bigint NOT NULL,
    began_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
);

COMMENT ON TABLE etl.askers IS 'Sessions that ask hosts without leaving a mark on each. A session holds its token as an advisory lock while it lives.';

COMMENT ON COLUMN etl.askers.token IS 'Random number: key of the advisory lock that is free when the session has ended.';

COMMENT ON COLUMN etl.askers.process IS 'Random number of the process that it belongs to.';

COMMENT ON COLUMN etl.askers.began_at IS 'When the session first asked.';

COMMENT ON COLUMN etl.askers.ended_at IS 'When somebody noticed that the session had ended; null before. All hosts rest anew from then.';

CREATE TABLE etl.attempts (
    id bigint NOT NULL,
    attempted_at timestamp with time zone NOT NULL,
    url text NOT NULL,
    host text NOT NULL,
    page_id bigint,
    source_id bigint,
    outcome text NOT NULL,
    status integer,
    took_s double precision,
    detail text
)
PARTITION BY RANGE (attempted_at);

COMMENT ON TABLE etl.attempts IS 'Each request that did not give a capture, and why. Partitioned by month of attempted_at.';

COMMENT ON COLUMN etl.attempts.id IS 'Stable number.';

COMMENT ON COLUMN etl.attempts.attempted_at IS 'When the request began.';

COMMENT ON COLUMN etl.attempts.url IS 'The URL asked for.';

COMMENT ON COLUMN etl.attempts.host IS 'Its host, as in etl.hosts.';

COMMENT ON COLUMN etl.attempts.page_id IS 'The page, when it was one; no foreign key, for the page may be erased.';

COMMENT ON COLUMN etl.attempts.source_id IS 'The source, when it was one.';

COMMENT ON COLUMN etl.attempts.outcome IS 'How it ended: a code of docs/operations.md.';

COMMENT ON COLUMN etl.attempts.status IS 'HTTP status, when one came.';

COMMENT ON COLUMN etl.attempts.took_s IS 'Seconds it took.';

COMMENT ON COLUMN etl.attempts.detail IS 'The same in words.';

CREATE SEQUENCE etl.attempts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE etl.attempts_id_seq OWNED BY etl.attempts.id;

CREATE TABLE etl.attempts_rest (
    id bigint DEFAULT nextval('etl.attempts_id_seq'::regclass) CONSTRAINT attempts_id_not_null NOT NULL,
    attempted_at timestamp with time zone CONSTRAINT attempts_attempted_at_not_null NOT NULL,
    url text CONSTRAINT attempts_url_not_null NOT NULL,
    host text CONSTRAINT attempts_host_not_null NOT NULL,
    page_id bigint,
    source_id bigint,
    outcome text CONSTRAINT attempts_outcome_not_null NOT NULL,
    status integer,
    took_s double precision,
    detail text
);

COMMENT ON TABLE etl.attempts_rest IS 'Attempts for which no monthly partition was made ahead.';

CREATE TABLE etl.backfill_items (
    backfill_id bigint NOT NULL,
    item text NOT NULL,
    number integer NOT NULL,
    state text NOT NULL,
    reached bigint DEFAULT 0 NOT NULL,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    detail text,
    ended_at timestamp with time zone,
    kind text DEFAULT 'file'::text NOT NULL,
    host text,
    due_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    depth integer DEFAULT 0 NOT NULL,
    size bigint,
    outcome text,
    page_id bigint,
    CONSTRAINT backfill_items_depth_check CHECK ((depth >= 0)),
    CONSTRAINT backfill_items_kind_check CHECK ((kind = ANY (ARRAY['file'::text, 'page'::text, 'capture'::text, 'sitemap'::text, 'captures'::text, 'files'::text]))),
    CONSTRAINT backfill_items_size_check CHECK ((size >= 0)),
    CONSTRAINT backfill_items_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'running'::text, 'done'::text, 'failed'::text]))),
    CONSTRAINT backfill_items_tries_check CHECK ((tries >= 0))
);

COMMENT ON TABLE etl.backfill_items IS 'The parts of a backfill: a URL, a file, a range; each resumes where it stopped.';

COMMENT ON COLUMN etl.backfill_items.backfill_id IS 'The backfill.';

COMMENT ON COLUMN etl.backfill_items.item IS 'What it is: a URL, a file, or a time and a URL.';

COMMENT ON COLUMN etl.backfill_items.number IS 'Place in the plan, from 1.';

COMMENT ON COLUMN etl.backfill_items.state IS 'planned, running, done or failed.';

COMMENT ON COLUMN etl.backfill_items.reached IS 'Byte offset or line up to which everything is stored: where it resumes.';

COMMENT ON COLUMN etl.backfill_items.counts IS 'Outcome to number of records, up to reached.';

COMMENT ON COLUMN etl.backfill_items.detail IS 'Why it failed.';

COMMENT ON COLUMN etl.backfill_items.ended_at IS 'When it ended.';

COMMENT ON COLUMN etl.backfill_items.kind IS 'file (WARC), page (visited), capture (fetched from a web archive); or a list that gives further parts: sitemap, captures, files.';

COMMENT ON COLUMN etl.backfill_items.host IS 'Host that is asked for it, as in etl.hosts; null for a file of this machine.';

COMMENT ON COLUMN etl.backfill_items.due_at IS 'It is not tried before; moves on when its host asks for patience.';

COMMENT ON COLUMN etl.backfill_items.tries IS 'Failed tries in a row.';

COMMENT ON COLUMN etl.backfill_items.depth IS 'Redirects or indexes between it and what was asked for.';

COMMENT ON COLUMN etl.backfill_items.size IS 'Bytes of the file; null where unknown, and for other kinds.';

COMMENT ON COLUMN etl.backfill_items.outcome IS 'How it ended: an outcome of docs/operations.md; null before, and for files, whose records are in counts.';

COMMENT ON COLUMN etl.backfill_items.page_id IS 'The page it gave; no foreign key, for the page may be erased.';

CREATE TABLE etl.backfills (
    id bigint NOT NULL,
    kind text NOT NULL,
    plan_key text NOT NULL,
    plan jsonb NOT NULL,
    state text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    detail text,
    hosts_max integer,
    bytes_per_second bigint,
    bytes_free_at timestamp with time zone,
    marks jsonb DEFAULT '[]'::jsonb NOT NULL,
    CONSTRAINT backfills_bytes_per_second_check CHECK ((bytes_per_second > 0)),
    CONSTRAINT backfills_hosts_max_check CHECK ((hosts_max > 0)),
    CONSTRAINT backfills_kind_check CHECK ((kind = ANY (ARRAY['urls'::text, 'sitemap'::text, 'warc'::text, 'ccnews'::text, 'wayback'::text, 'redigest'::text, 'load'::text]))),
    CONSTRAINT backfills_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'running'::text, 'paused'::text, 'done'::text, 'cancelled'::text, 'failed'::text])))
);

COMMENT ON TABLE etl.backfills IS 'One-off jobs: what was asked for, by whom, and how far it is.';

COMMENT ON COLUMN etl.backfills.id IS 'Stable number.';

COMMENT ON COLUMN etl.backfills.kind IS 'urls, sitemap, warc, ccnews, wayback, redigest or load.';

COMMENT ON COLUMN etl.backfills.plan_key IS 'Hash of kind and plan: the same command again resumes the same backfill.';

COMMENT ON COLUMN etl.backfills.plan IS 'What was asked for.';

COMMENT ON COLUMN etl.backfills.state IS 'planned, running, paused, done, cancelled or failed.';

COMMENT ON COLUMN etl.backfills.created_at IS 'When it was asked for.';

COMMENT ON COLUMN etl.backfills.created_by IS 'User and machine that asked.';

COMMENT ON COLUMN etl.backfills.started_at IS 'When its first item was begun.';

COMMENT ON COLUMN etl.backfills.ended_at IS 'When its last item ended; null before.';

COMMENT ON COLUMN etl.backfills.detail IS 'Why it failed or was cancelled.';

COMMENT ON COLUMN etl.backfills.hosts_max IS 'The most hosts it may ask at the same time; null for no limit of its own.';

COMMENT ON COLUMN etl.backfills.bytes_per_second IS 'The most bytes it may fetch in a second, all workers together; null for no limit.';

COMMENT ON COLUMN etl.backfills.bytes_free_at IS 'When the bytes fetched so far are paid for: nothing is fetched before. Null without a limit.';

COMMENT ON COLUMN etl.backfills.marks IS 'Its speed: [[seconds since 1970, units done], …] of the last minutes of work. Units are bytes for files and parts else.';

ALTER TABLE etl.backfills ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME etl.backfills_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE etl.captures (
    id bigint NOT NULL,
    stored_at timestamp with time zone DEFAULT now() NOT NULL,
    page_id bigint NOT NULL,
    url text NOT NULL,
    final_url text NOT NULL,
    status integer NOT NULL,
    headers jsonb NOT NULL,
    redirects jsonb DEFAULT '[]'::jsonb NOT NULL,
    body_sha256 bytea NOT NULL,
    body_bytes bigint NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    archive_file text NOT NULL,
    archive_offset bigint NOT NULL,
    archive_length bigint NOT NULL,
    digested_at timestamp with time zone,
    outcome text,
    outcome_detail text,
    CONSTRAINT captures_archive_length_check CHECK ((archive_length > 0)),
    CONSTRAINT captures_archive_offset_check CHECK ((archive_offset >= 0)),
    CONSTRAINT captures_body_bytes_check CHECK ((body_bytes >= 0)),
    CONSTRAINT captures_body_sha256_check CHECK ((octet_length(body_sha256) = 32))
)
PARTITION BY RANGE (stored_at);

COMMENT ON TABLE etl.captures IS 'One answer of one host on one day; its bytes stand in the archive (WARC). Partitioned by month of stored_at.';

COMMENT ON COLUMN etl.captures.id IS 'Stable number.';

COMMENT ON COLUMN etl.captures.stored_at IS 'When this row was written.';

COMMENT ON COLUMN etl.captures.page_id IS 'The page that was asked for.';

COMMENT ON COLUMN etl.captures.url IS 'The URL asked for.';

COMMENT ON COLUMN etl.captures.final_url IS 'The URL that answered.';

COMMENT ON COLUMN etl.captures.status IS 'HTTP status.';

COMMENT ON COLUMN etl.captures.headers IS 'Answer headers, names in lower case.';

COMMENT ON COLUMN etl.captures.redirects IS 'Redirects on the way: [[status, URL], …].';

COMMENT ON COLUMN etl.captures.body_sha256 IS 'SHA-256 of the decoded body.';

COMMENT ON COLUMN etl.captures.body_bytes IS 'Bytes of the decoded body.';

COMMENT ON COLUMN etl.captures.fetched_at IS 'When the host answered; for imported archives, the WARC-Date.';

COMMENT ON COLUMN etl.captures.archive_file IS 'WARC file, relative to the archive folder.';

COMMENT ON COLUMN etl.captures.archive_offset IS 'Byte offset of the response record in that file.';

COMMENT ON COLUMN etl.captures.archive_length IS 'Bytes of that record as stored.';

COMMENT ON COLUMN etl.captures.digested_at IS 'When it was last read into an article; null while it waits.';

COMMENT ON COLUMN etl.captures.outcome IS 'What became of it: stored, unchanged, not_an_article … (docs/operations.md).';

COMMENT ON COLUMN etl.captures.outcome_detail IS 'The same in words; null when it went well.';

CREATE SEQUENCE etl.captures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE etl.captures_id_seq OWNED BY etl.captures.id;

CREATE TABLE etl.captures_rest (
    id bigint DEFAULT nextval('etl.captures_id_seq'::regclass) CONSTRAINT captures_id_not_null NOT NULL,
    stored_at timestamp with time zone DEFAULT now() CONSTRAINT captures_stored_at_not_null NOT NULL,
    page_id bigint CONSTRAINT captures_page_id_not_null NOT NULL,
    url text CONSTRAINT captures_url_not_null NOT NULL,
    final_url text CONSTRAINT captures_final_url_not_null NOT NULL,
    status integer CONSTRAINT captures_status_not_null NOT NULL,
    headers jsonb CONSTRAINT captures_headers_not_null NOT NULL,
    redirects jsonb DEFAULT '[]'::jsonb CONSTRAINT captures_redirects_not_null NOT NULL,
    body_sha256 bytea CONSTRAINT captures_body_sha256_not_null NOT NULL,
    body_bytes bigint CONSTRAINT captures_body_bytes_not_null NOT NULL,
    fetched_at timestamp with time zone CONSTRAINT captures_fetched_at_not_null NOT NULL,
    archive_file text CONSTRAINT captures_archive_file_not_null NOT NULL,
    archive_offset bigint CONSTRAINT captures_archive_offset_not_null NOT NULL,
    archive_length bigint CONSTRAINT captures_archive_length_not_null NOT NULL,
    digested_at timestamp with time zone,
    outcome text,
    outcome_detail text,
    CONSTRAINT captures_archive_length_check CHECK ((archive_length > 0)),
    CONSTRAINT captures_archive_offset_check CHECK ((archive_offset >= 0)),
    CONSTRAINT captures_body_bytes_check CHECK ((body_bytes >= 0)),
    CONSTRAINT captures_body_sha256_check CHECK ((octet_length(body_sha256) = 32))
);

COMMENT ON TABLE etl.captures_rest IS 'Captures for which no monthly partition was made ahead.';

CREATE TABLE etl.change_clock (
    is_the_one boolean DEFAULT true NOT NULL,
    server_started_at timestamp with time zone NOT NULL,
    system_identifier bigint,
    timeline text,
    generation integer DEFAULT 1 NOT NULL,
    generation_at timestamp with time zone DEFAULT now() NOT NULL,
    first_xid bigint NOT NULL,
    first_cursor bigint NOT NULL,
    dropped_to bigint DEFAULT 0 NOT NULL,
    CONSTRAINT change_clock_is_the_one_check CHECK (is_the_one)
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

CREATE TABLE etl.changes (
    cursor bigint NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    id bigint NOT NULL,
    article_id bigint,
    kind "char" NOT NULL,
    operation "char" NOT NULL,
    CONSTRAINT changes_kind_check CHECK ((kind = ANY (ARRAY['a'::"char", 'v'::"char", 'l'::"char", 's'::"char"]))),
    CONSTRAINT changes_operation_check CHECK ((operation = ANY (ARRAY['i'::"char", 'u'::"char", 'd'::"char"])))
)
PARTITION BY RANGE (changed_at);

COMMENT ON TABLE etl.changes IS 'Changes of articles, versions, links and stories, written by triggers; read them through news.changes. Partitioned by month of changed_at.';

COMMENT ON COLUMN etl.changes.cursor IS 'Place in the feed (etl.change_clock).';

COMMENT ON COLUMN etl.changes.changed_at IS 'When the transaction began that made the change.';

COMMENT ON COLUMN etl.changes.id IS 'What changed: its id in etl.articles, etl.article_versions, etl.links or etl.stories.';

COMMENT ON COLUMN etl.changes.article_id IS 'The article it belongs to.';

COMMENT ON COLUMN etl.changes.kind IS 'a article, v version, l link, s story.';

COMMENT ON COLUMN etl.changes.operation IS 'i insert, u update, d delete.';

CREATE TABLE etl.changes_rest (
    cursor bigint CONSTRAINT changes_cursor_not_null NOT NULL,
    changed_at timestamp with time zone DEFAULT now() CONSTRAINT changes_changed_at_not_null NOT NULL,
    id bigint CONSTRAINT changes_id_not_null NOT NULL,
    article_id bigint,
    kind "char" CONSTRAINT changes_kind_not_null NOT NULL,
    operation "char" CONSTRAINT changes_operation_not_null NOT NULL,
    CONSTRAINT changes_kind_check CHECK ((kind = ANY (ARRAY['a'::"char", 'v'::"char", 'l'::"char", 's'::"char"]))),
    CONSTRAINT changes_operation_check CHECK ((operation = ANY (ARRAY['i'::"char", 'u'::"char", 'd'::"char"])))
);

COMMENT ON TABLE etl.changes_rest IS 'Changes for which no monthly partition was made ahead.';

CREATE TABLE etl.child_sitemaps (
    source_id bigint NOT NULL,
    url_key uuid NOT NULL,
    etag text,
    last_modified text,
    body_sha256 bytea NOT NULL,
    read_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE etl.child_sitemaps IS 'Sitemaps that were read because an index names them: what is known of the last answer.';

COMMENT ON COLUMN etl.child_sitemaps.source_id IS 'The index.';

COMMENT ON COLUMN etl.child_sitemaps.url_key IS 'Hash (MD5) of the address as the index writes it.';

COMMENT ON COLUMN etl.child_sitemaps.etag IS 'Its ETag, for a conditional request.';

COMMENT ON COLUMN etl.child_sitemaps.last_modified IS 'Its Last-Modified, for a conditional request.';

COMMENT ON COLUMN etl.child_sitemaps.body_sha256 IS 'Hash of the body: where validators lie, this tells that nothing is new.';

COMMENT ON COLUMN etl.child_sitemaps.read_at IS 'When this answer was read.';

CREATE TABLE etl.digest_times (
    at_most_s double precision NOT NULL,
    pages bigint DEFAULT 0 NOT NULL,
    seconds double precision DEFAULT 0 NOT NULL,
    CONSTRAINT digest_times_pages_check CHECK ((pages >= 0)),
    CONSTRAINT digest_times_seconds_check CHECK ((seconds >= (0)::double precision))
)
WITH (fillfactor='20');

COMMENT ON TABLE etl.digest_times IS 'Digested pages by how long they took: the batch''s time, shared equally by its pages. Counts only grow.';

COMMENT ON COLUMN etl.digest_times.at_most_s IS 'Upper end of the step, in seconds; its lower end is the step before.';

COMMENT ON COLUMN etl.digest_times.pages IS 'Pages in this step.';

COMMENT ON COLUMN etl.digest_times.seconds IS 'What they took together.';

CREATE TABLE etl.erasures (
    id bigint NOT NULL,
    kind text NOT NULL,
    host text NOT NULL,
    url_key uuid,
    erased_by text NOT NULL,
    erased_at timestamp with time zone NOT NULL,
    counts jsonb NOT NULL,
    archive_records integer,
    archive_done_at timestamp with time zone,
    CONSTRAINT erasures_archive_records_check CHECK ((archive_records >= 0)),
    CONSTRAINT erasures_kind_check CHECK ((kind = ANY (ARRAY['url'::text, 'domain'::text])))
);

COMMENT ON TABLE etl.erasures IS 'Each erasure that was asked for: who, when, what, how much. Rows of it are never changed but to say that the archive is done.';

COMMENT ON COLUMN etl.erasures.id IS 'Stable number.';

COMMENT ON COLUMN etl.erasures.kind IS 'url: one page with all its spellings; domain: all pages of a host and of the hosts below it.';

COMMENT ON COLUMN etl.erasures.host IS 'The domain, or the host of the URL; the URL itself is not kept.';

COMMENT ON COLUMN etl.erasures.url_key IS 'Hash of the canonical URL that was asked for; null for a domain.';

COMMENT ON COLUMN etl.erasures.erased_by IS 'User and machine that asked.';

COMMENT ON COLUMN etl.erasures.erased_at IS 'When the rows were deleted.';

COMMENT ON COLUMN etl.erasures.counts IS 'Rows deleted by table, and tombstones set.';

COMMENT ON COLUMN etl.erasures.archive_records IS 'Records overwritten in the archive.';

COMMENT ON COLUMN etl.erasures.archive_done_at IS 'When the archive was done; null when it was interrupted: the same command again ends it.';

ALTER TABLE etl.erasures ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME etl.erasures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE etl.external_ids (
    external_id text NOT NULL,
    article_id bigint NOT NULL,
    loaded_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE etl.external_ids IS 'Ids of articles in the systems they were loaded from; two of one page lead to one article.';

COMMENT ON COLUMN etl.external_ids.external_id IS 'The id as given.';

COMMENT ON COLUMN etl.external_ids.article_id IS 'The article.';

COMMENT ON COLUMN etl.external_ids.loaded_at IS 'When it was first loaded.';

CREATE TABLE etl.hosts (
    host text NOT NULL,
    free_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    latency_s double precision DEFAULT 0 NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    robots_text text,
    robots_status integer,
    robots_fetched_at timestamp with time zone,
    budget_on date,
    budget_used integer DEFAULT 0 NOT NULL,
    asked_since timestamp with time zone,
    CONSTRAINT hosts_budget_used_check CHECK ((budget_used >= 0)),
    CONSTRAINT hosts_failures_check CHECK ((failures >= 0)),
    CONSTRAINT hosts_latency_s_check CHECK ((latency_s >= (0)::double precision))
)
WITH (fillfactor='50');

COMMENT ON TABLE etl.hosts IS 'One row per host name: when it may be asked again, and its robots.txt.';

COMMENT ON COLUMN etl.hosts.host IS 'Host name in lower case, with the port when it is not the default one.';

COMMENT ON COLUMN etl.hosts.free_at IS 'No request to this host before this moment: spacing, Retry-After, back-off.';

COMMENT ON COLUMN etl.hosts.latency_s IS 'Usual seconds to an answer, the newest weighing most; 0 before the first. Spacing grows with it.';

COMMENT ON COLUMN etl.hosts.failures IS 'Failed requests in a row.';

COMMENT ON COLUMN etl.hosts.robots_text IS 'The robots.txt last read; empty when the host has none.';

COMMENT ON COLUMN etl.hosts.robots_status IS 'HTTP status of the robots.txt last asked for.';

COMMENT ON COLUMN etl.hosts.robots_fetched_at IS 'When robots.txt was last asked for.';

COMMENT ON COLUMN etl.hosts.budget_on IS 'The UTC day that budget_used counts.';

COMMENT ON COLUMN etl.hosts.budget_used IS 'Requests made to this host on that day.';

COMMENT ON COLUMN etl.hosts.asked_since IS 'When the visit under way began; left behind by a visit that was killed, null between visits.';

CREATE TABLE etl.links (
    id bigint NOT NULL,
    page_id bigint NOT NULL,
    kind text NOT NULL,
    url_key uuid NOT NULL,
    url text NOT NULL,
    first_observed_at timestamp with time zone NOT NULL,
    last_observed_at timestamp with time zone,
    "position" integer NOT NULL,
    rank integer,
    block text,
    title text NOT NULL,
    kicker text,
    date_text text,
    published_at timestamp with time zone,
    published_precision text,
    rule text NOT NULL,
    host text,
    CONSTRAINT links_check CHECK ((last_observed_at >= first_observed_at)),
    CONSTRAINT links_kind_check CHECK ((kind = ANY (ARRAY['inline'::text, 'related'::text, 'most_read'::text, 'latest'::text]))),
    CONSTRAINT links_published_precision_check CHECK ((published_precision = ANY (ARRAY['minute'::text, 'day'::text])))
);

COMMENT ON TABLE etl.links IS 'Links of a page to other articles, as intervals: a change of rank, block or title closes one and opens the next.';

COMMENT ON COLUMN etl.links.id IS 'Stable number.';

COMMENT ON COLUMN etl.links.page_id IS 'The page the link stands on: an article or a front.';

COMMENT ON COLUMN etl.links.kind IS 'inline, related, most_read or latest.';

COMMENT ON COLUMN etl.links.url_key IS 'Hash of the canonical target: joins etl.page_urls.url_key when the target is known.';

COMMENT ON COLUMN etl.links.url IS 'The canonical target.';

COMMENT ON COLUMN etl.links.first_observed_at IS 'Time of the first capture that showed it so.';

COMMENT ON COLUMN etl.links.last_observed_at IS 'Time of the last capture that showed it so; null while it still stands (then etl.pages.captured_at).';

COMMENT ON COLUMN etl.links."position" IS 'Place on the page in document order, from 0, when first observed.';

COMMENT ON COLUMN etl.links.rank IS 'Rank shown with it.';

COMMENT ON COLUMN etl.links.block IS 'Printed heading of the block it stands in.';

COMMENT ON COLUMN etl.links.title IS 'Headline of the teaser, or the anchor text of an inline link.';

COMMENT ON COLUMN etl.links.kicker IS 'Section or format label shown with it.';

COMMENT ON COLUMN etl.links.date_text IS 'Date label as printed when first observed.';

COMMENT ON COLUMN etl.links.published_at IS 'That label as a time; null when it could not be read.';

COMMENT ON COLUMN etl.links.published_precision IS 'minute or day.';

COMMENT ON COLUMN etl.links.rule IS 'Which rule decided the kind.';

COMMENT ON COLUMN etl.links.host IS 'Host of the page, for links with a rank in a most-read block; null for the others. Set by a trigger where it is not given.';

ALTER TABLE etl.links ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME etl.links_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE etl.page_urls (
    variant_key uuid NOT NULL,
    page_id bigint NOT NULL,
    url_key uuid NOT NULL,
    url text NOT NULL,
    rule text NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    CONSTRAINT page_urls_url_check CHECK ((octet_length(url) <= 8192))
);

COMMENT ON TABLE etl.page_urls IS 'Every spelling of a URL seen for a page, with the rule that joined it.';

COMMENT ON COLUMN etl.page_urls.variant_key IS '128-bit hash of the URL as it was written; for the canonical spelling, url_key: links join their targets through it.';

COMMENT ON COLUMN etl.page_urls.page_id IS 'The page it leads to.';

COMMENT ON COLUMN etl.page_urls.url_key IS 'Hash of its canonical form: links resolve to pages through this.';

COMMENT ON COLUMN etl.page_urls.url IS 'The URL as it was written.';

COMMENT ON COLUMN etl.page_urls.rule IS 'Why it is this page: canonical, tracking, amp, redirect, rel_canonical …; split: a person took it out of another page, so no redirect and no rel=canonical joins it again.';

COMMENT ON COLUMN etl.page_urls.first_seen_at IS 'When it was first seen.';

CREATE TABLE etl.pages (
    id bigint NOT NULL,
    url text NOT NULL,
    url_key uuid NOT NULL,
    host text NOT NULL,
    found_at timestamp with time zone NOT NULL,
    next_visit_at timestamp with time zone,
    visits integer DEFAULT 0 NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    etag text,
    last_modified text,
    body_sha256 bytea,
    captured_at timestamp with time zone,
    outcome text,
    outcome_detail text,
    outcome_at timestamp with time zone,
    CONSTRAINT pages_failures_check CHECK ((failures >= 0)),
    CONSTRAINT pages_url_check CHECK ((octet_length(url) <= 8192)),
    CONSTRAINT pages_visits_check CHECK ((visits >= 0))
);

COMMENT ON TABLE etl.pages IS 'One row per canonical URL that a source, a link or a backfill pointed at, and when it is visited next.';

COMMENT ON COLUMN etl.pages.id IS 'Stable number.';

COMMENT ON COLUMN etl.pages.url IS 'The canonical URL.';

COMMENT ON COLUMN etl.pages.url_key IS '128-bit hash of the canonical URL (etl.dedupe.canonical.url_key).';

COMMENT ON COLUMN etl.pages.host IS 'Host of url, as in etl.hosts.';

COMMENT ON COLUMN etl.pages.found_at IS 'When it was first pointed at; for imported archives, the time of the capture.';

COMMENT ON COLUMN etl.pages.next_visit_at IS 'When it is due; null when no visit is planned.';

COMMENT ON COLUMN etl.pages.visits IS 'Captures taken so far, unchanged answers included.';

COMMENT ON COLUMN etl.pages.failures IS 'Failed visits in a row.';

COMMENT ON COLUMN etl.pages.etag IS 'Validator of the last answer.';

COMMENT ON COLUMN etl.pages.last_modified IS 'Validator of the last answer.';

COMMENT ON COLUMN etl.pages.body_sha256 IS 'SHA-256 of the last body.';

COMMENT ON COLUMN etl.pages.captured_at IS 'Time of the newest capture: what still stands on the page was last observed then.';

COMMENT ON COLUMN etl.pages.outcome IS 'Where the URL ended last: stored, unchanged, not_an_article, gone, robots … (docs/operations.md).';

COMMENT ON COLUMN etl.pages.outcome_detail IS 'The same in words; null when it went well.';

COMMENT ON COLUMN etl.pages.outcome_at IS 'When that was found out.';

ALTER TABLE etl.pages ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME etl.pages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE etl.runs (
    id bigint NOT NULL,
    kind text NOT NULL,
    source_id bigint,
    host text,
    backfill_id bigint,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    outcome text NOT NULL,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    detail text,
    CONSTRAINT runs_kind_check CHECK ((kind = ANY (ARRAY['poll'::text, 'visit'::text, 'digest'::text, 'backfill'::text, 'clean'::text])))
);

COMMENT ON TABLE etl.runs IS 'Finished units of work with their counts: polls that changed something, visits of a host, digests, backfills.';

COMMENT ON COLUMN etl.runs.id IS 'Stable number.';

COMMENT ON COLUMN etl.runs.kind IS 'poll, visit, digest, backfill or clean.';

COMMENT ON COLUMN etl.runs.source_id IS 'The source, for a poll.';

COMMENT ON COLUMN etl.runs.host IS 'The host, for a visit.';

COMMENT ON COLUMN etl.runs.backfill_id IS 'The backfill it worked for.';

COMMENT ON COLUMN etl.runs.started_at IS 'When it began.';

COMMENT ON COLUMN etl.runs.ended_at IS 'When it ended.';

COMMENT ON COLUMN etl.runs.outcome IS 'ok or a code of docs/operations.md.';

COMMENT ON COLUMN etl.runs.counts IS 'Outcome to number.';

COMMENT ON COLUMN etl.runs.detail IS 'What went wrong, in words.';

ALTER TABLE etl.runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME etl.runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE etl.search_configs (
    config text NOT NULL
);

COMMENT ON TABLE etl.search_configs IS 'Text search configurations that some article was indexed with: a query without a language asks in each of them.';

COMMENT ON COLUMN etl.search_configs.config IS 'Its name.';

CREATE TABLE etl.search_texts (
    article_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    words tsvector NOT NULL
)
WITH (toast_tuple_target='128');
ALTER TABLE ONLY etl.search_texts ALTER COLUMN words SET STORAGE EXTERNAL;

COMMENT ON TABLE etl.search_texts IS 'The current words of each article, for news.search.';

COMMENT ON COLUMN etl.search_texts.article_id IS 'The article.';

COMMENT ON COLUMN etl.search_texts.at IS 'Its publication time; the first capture where there is none.';

COMMENT ON COLUMN etl.search_texts.words IS 'Its words, stemmed in its language, the title weighing most; and marks, which begin with @: day, month, year, host, language, sources.';

CREATE TABLE etl.search_waiting (
    id bigint NOT NULL,
    article_id bigint NOT NULL
);

COMMENT ON TABLE etl.search_waiting IS 'Articles whose words are to be written into etl.search_texts, oldest first.';

COMMENT ON COLUMN etl.search_waiting.id IS 'Order of arrival.';

COMMENT ON COLUMN etl.search_waiting.article_id IS 'The article; no foreign key, for it may be gone before its turn.';

ALTER TABLE etl.search_waiting ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME etl.search_waiting_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE etl.sightings (
    page_id bigint NOT NULL,
    source_id bigint NOT NULL,
    found_by text NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    "position" integer,
    title text,
    published_at timestamp with time zone,
    published_text text,
    depth integer DEFAULT 0 NOT NULL,
    CONSTRAINT sightings_check CHECK ((last_seen_at >= first_seen_at)),
    CONSTRAINT sightings_depth_check CHECK ((depth >= 0)),
    CONSTRAINT sightings_found_by_check CHECK ((found_by = ANY (ARRAY['feed'::text, 'sitemap'::text, 'listing'::text, 'link'::text, 'backfill'::text])))
);

COMMENT ON TABLE etl.sightings IS 'Which source pointed at which page, and when.';

COMMENT ON COLUMN etl.sightings.page_id IS 'The page.';

COMMENT ON COLUMN etl.sightings.source_id IS 'The source.';

COMMENT ON COLUMN etl.sightings.found_by IS 'How: feed, sitemap, listing, link or backfill.';

COMMENT ON COLUMN etl.sightings.first_seen_at IS 'First poll in which the source named it.';

COMMENT ON COLUMN etl.sightings.last_seen_at IS 'Last poll, among those whose answer had changed, in which the source named it.';

COMMENT ON COLUMN etl.sightings."position" IS 'Place in the source when last seen, from 0.';

COMMENT ON COLUMN etl.sightings.title IS 'What the source called it; null when it said nothing.';

COMMENT ON COLUMN etl.sightings.published_at IS 'Publication time by the source; null when it said nothing readable.';

COMMENT ON COLUMN etl.sightings.published_text IS 'That time as the source wrote it.';

COMMENT ON COLUMN etl.sightings.depth IS 'Links between what the source names itself and this page; 0 when it names the page itself.';

CREATE TABLE etl.sources (
    id bigint NOT NULL,
    slug text NOT NULL,
    kind text NOT NULL,
    url text NOT NULL,
    host text NOT NULL,
    recipe text NOT NULL,
    interval_s double precision NOT NULL,
    cron text,
    zone text,
    follow text[] DEFAULT '{}'::text[] NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    paused_because text,
    next_poll_at timestamp with time zone NOT NULL,
    etag text,
    last_modified text,
    body_sha256 bytea,
    outcome text,
    outcome_detail text,
    polled_at timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    follow_depth integer DEFAULT 1 NOT NULL,
    follow_per_day integer DEFAULT 200 NOT NULL,
    children_read integer DEFAULT 0 NOT NULL,
    host_free_at timestamp with time zone,
    asked_on date,
    asked_times integer DEFAULT 0 NOT NULL,
    CONSTRAINT sources_asked_times_check CHECK ((asked_times >= 0)),
    CONSTRAINT sources_children_read_check CHECK ((children_read >= 0)),
    CONSTRAINT sources_failures_check CHECK ((failures >= 0)),
    CONSTRAINT sources_follow_check CHECK ((follow <@ ARRAY['inline'::text, 'related'::text, 'most_read'::text, 'latest'::text])),
    CONSTRAINT sources_follow_depth_check CHECK (((follow_depth >= 1) AND (follow_depth <= 5))),
    CONSTRAINT sources_follow_per_day_check CHECK ((follow_per_day > 0)),
    CONSTRAINT sources_interval_s_check CHECK ((interval_s > (0)::double precision)),
    CONSTRAINT sources_kind_check CHECK ((kind = ANY (ARRAY['feed'::text, 'sitemap'::text, 'listing'::text])))
);

COMMENT ON TABLE etl.sources IS 'What is polled: feeds, sitemaps and section pages, as the recipes name them, with the state of their polling.';

COMMENT ON COLUMN etl.sources.id IS 'Stable number.';

COMMENT ON COLUMN etl.sources.slug IS 'Stable name: recipe/number or recipe/name.';

COMMENT ON COLUMN etl.sources.kind IS 'feed, sitemap or listing (a section page or home page).';

COMMENT ON COLUMN etl.sources.url IS 'What is asked for.';

COMMENT ON COLUMN etl.sources.host IS 'Host of url, as in etl.hosts.';

COMMENT ON COLUMN etl.sources.recipe IS 'Name of the recipe (one TOML file per site) that lists it.';

COMMENT ON COLUMN etl.sources.interval_s IS 'Seconds between two polls.';

COMMENT ON COLUMN etl.sources.cron IS 'Cron expression in the source''s zone that wins over interval_s; null for none.';

COMMENT ON COLUMN etl.sources.zone IS 'IANA time zone of the publisher; null when the recipe names none.';

COMMENT ON COLUMN etl.sources.follow IS 'Kinds of links of its articles that are followed to further articles.';

COMMENT ON COLUMN etl.sources.is_active IS 'False while paused or dropped from its recipe.';

COMMENT ON COLUMN etl.sources.paused_because IS 'Why it is not active, in words; null while it is.';

COMMENT ON COLUMN etl.sources.next_poll_at IS 'When it is due.';

COMMENT ON COLUMN etl.sources.etag IS 'Validator of the last answer, sent back as If-None-Match.';

COMMENT ON COLUMN etl.sources.last_modified IS 'Validator of the last answer, sent back as If-Modified-Since.';

COMMENT ON COLUMN etl.sources.body_sha256 IS 'SHA-256 of the last body: tells no change where validators lie.';

COMMENT ON COLUMN etl.sources.outcome IS 'How the last poll ended: ok, unchanged, or a code of docs/operations.md.';

COMMENT ON COLUMN etl.sources.outcome_detail IS 'The same in words; null when it went well.';

COMMENT ON COLUMN etl.sources.polled_at IS 'When it was last polled.';

COMMENT ON COLUMN etl.sources.failures IS 'Failed polls in a row.';

COMMENT ON COLUMN etl.sources.failing_since IS 'When the present row of failures began; null when the last poll went well.';

COMMENT ON COLUMN etl.sources.created_at IS 'When it was first read from its recipe.';

COMMENT ON COLUMN etl.sources.follow_depth IS 'How many links away from what the source names itself its articles may be.';

COMMENT ON COLUMN etl.sources.follow_per_day IS 'At most this many pages are found by links in one UTC day.';

COMMENT ON COLUMN etl.sources.children_read IS 'Sitemap indexes with more children than one poll reads: where the next poll goes on, counted from the first; else 0.';

COMMENT ON COLUMN etl.sources.host_free_at IS 'No request to the host of this source before this moment, as its last poll that found nothing changed left it. See etl.hosts.free_at.';

COMMENT ON COLUMN etl.sources.asked_on IS 'The UTC day that asked_times counts.';

COMMENT ON COLUMN etl.sources.asked_times IS 'Requests of polls that found nothing changed on that day; they count for the host beside budget_used of etl.hosts.';

ALTER TABLE etl.sources ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME etl.sources_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE etl.stories (
    id bigint NOT NULL,
    opened_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE etl.stories IS 'Articles of any publisher that carry the same text (wire copies, re-posts).';

COMMENT ON COLUMN etl.stories.id IS 'Stable number.';

COMMENT ON COLUMN etl.stories.opened_at IS 'When its first article was seen.';

ALTER TABLE etl.stories ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME etl.stories_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE etl.subscriptions (
    source_id bigint NOT NULL,
    hub text NOT NULL,
    topic text NOT NULL,
    token uuid DEFAULT gen_random_uuid() NOT NULL,
    secret text DEFAULT ((gen_random_uuid())::text || (gen_random_uuid())::text) NOT NULL,
    state text NOT NULL,
    detail text,
    ask_at timestamp with time zone NOT NULL,
    asked_at timestamp with time zone,
    lease_ends_at timestamp with time zone,
    pushed_at timestamp with time zone,
    pushes bigint DEFAULT 0 NOT NULL,
    CONSTRAINT subscriptions_pushes_check CHECK ((pushes >= 0)),
    CONSTRAINT subscriptions_state_check CHECK ((state = ANY (ARRAY['wanted'::text, 'asked'::text, 'active'::text, 'denied'::text, 'failed'::text])))
);

COMMENT ON TABLE etl.subscriptions IS 'One row per feed that announces a hub (WebSub): what we asked of it and what it said.';

COMMENT ON COLUMN etl.subscriptions.source_id IS 'The feed.';

COMMENT ON COLUMN etl.subscriptions.hub IS 'Where we subscribe, as the feed announced it.';

COMMENT ON COLUMN etl.subscriptions.topic IS 'What we subscribe to: the feed''s own idea of its address.';

COMMENT ON COLUMN etl.subscriptions.token IS 'Last part of the callback''s path; nobody but the hub knows it.';

COMMENT ON COLUMN etl.subscriptions.secret IS 'Key of the signatures under which the hub pushes.';

COMMENT ON COLUMN etl.subscriptions.state IS 'wanted (not asked yet), asked (the hub has not come back to verify), active, denied (by the hub), failed (it did not take our request).';

COMMENT ON COLUMN etl.subscriptions.detail IS 'What the hub said, for people.';

COMMENT ON COLUMN etl.subscriptions.ask_at IS 'When to ask the hub next: at once, after a failure, or before the lease ends.';

COMMENT ON COLUMN etl.subscriptions.asked_at IS 'When the hub was last asked.';

COMMENT ON COLUMN etl.subscriptions.lease_ends_at IS 'Until when the hub pushes.';

COMMENT ON COLUMN etl.subscriptions.pushed_at IS 'The last push with a right signature.';

COMMENT ON COLUMN etl.subscriptions.pushes IS 'Pushes with a right signature so far.';

CREATE TABLE etl.tombstones (
    url_key uuid NOT NULL,
    reason text NOT NULL,
    buried_at timestamp with time zone NOT NULL,
    buried_by text,
    CONSTRAINT tombstones_reason_check CHECK ((reason = ANY (ARRAY['erased'::text, 'aged_out'::text])))
);

COMMENT ON TABLE etl.tombstones IS 'URLs that must not come back as new: erased on demand or aged out.';

COMMENT ON COLUMN etl.tombstones.url_key IS 'Hash of the canonical URL; the URL itself is not kept.';

COMMENT ON COLUMN etl.tombstones.reason IS 'erased or aged_out.';

COMMENT ON COLUMN etl.tombstones.buried_at IS 'When.';

COMMENT ON COLUMN etl.tombstones.buried_by IS 'Who asked for it.';

CREATE VIEW news.article_versions AS
 SELECT id AS version_id,
    article_id,
    valid_from,
    valid_to,
    changed_fields,
    materiality,
    title,
    authors,
    lead,
    text,
    section,
    tags,
    language,
    published_at,
    modified_at,
    access,
    image_url,
    image_caption,
    evidence,
    extractor
   FROM etl.article_versions v;

COMMENT ON VIEW news.article_versions IS 'What an article said from when to when. A new version is a change of meaning, never of counters or related blocks.';

COMMENT ON COLUMN news.article_versions.version_id IS 'Stable number.';

COMMENT ON COLUMN news.article_versions.article_id IS 'The article.';

COMMENT ON COLUMN news.article_versions.valid_from IS 'Time of the first capture that said this.';

COMMENT ON COLUMN news.article_versions.valid_to IS 'Time of the first capture that said something else; null for the current version.';

COMMENT ON COLUMN news.article_versions.changed_fields IS 'Fields that differ from the version before.';

COMMENT ON COLUMN news.article_versions.materiality IS 'minor, headline or substantive; null for the first version.';

COMMENT ON COLUMN news.article_versions.title IS 'Headline.';

COMMENT ON COLUMN news.article_versions.authors IS 'People, then organisations.';

COMMENT ON COLUMN news.article_versions.lead IS 'Standfirst.';

COMMENT ON COLUMN news.article_versions.text IS 'The body, one block a line.';

COMMENT ON COLUMN news.article_versions.section IS 'Section.';

COMMENT ON COLUMN news.article_versions.tags IS 'Keywords.';

COMMENT ON COLUMN news.article_versions.language IS 'BCP 47 tag.';

COMMENT ON COLUMN news.article_versions.published_at IS 'Publication time.';

COMMENT ON COLUMN news.article_versions.modified_at IS 'Time of the last change by the publisher''s own word.';

COMMENT ON COLUMN news.article_versions.access IS 'free, metered or paid.';

COMMENT ON COLUMN news.article_versions.image_url IS 'Lead image.';

COMMENT ON COLUMN news.article_versions.image_caption IS 'Its caption.';

COMMENT ON COLUMN news.article_versions.evidence IS 'Field name to the rule that gave its value.';

COMMENT ON COLUMN news.article_versions.extractor IS 'Version of the extractor that read it.';

CREATE VIEW news.articles AS
 SELECT a.id AS article_id,
    p.url,
    p.host,
    v.title,
    v.authors,
    v.lead,
    v.text,
    v.section,
    v.tags,
    v.language,
    v.published_at,
    v.published_zone,
    v.published_precision,
    v.published_text,
    v.modified_at,
    v.access,
    v.image_url,
    v.image_caption,
    a.story_id,
    a.copy_of,
    a.similarity,
    a.story_reason,
    a.first_seen_at,
    a.changed_at,
    p.captured_at AS last_seen_at,
    v.id AS version_id,
    ARRAY( SELECT x.external_id
           FROM etl.external_ids x
          WHERE (x.article_id = a.id)
          ORDER BY x.external_id) AS external_ids
   FROM ((etl.articles a
     JOIN etl.pages p ON ((p.id = a.page_id)))
     JOIN etl.article_versions v ON (((v.article_id = a.id) AND (v.valid_to IS NULL))));

COMMENT ON VIEW news.articles IS 'Articles as they read now: one row per page that holds an article.';

COMMENT ON COLUMN news.articles.article_id IS 'Stable number.';

COMMENT ON COLUMN news.articles.url IS 'Canonical URL.';

COMMENT ON COLUMN news.articles.host IS 'Host of url.';

COMMENT ON COLUMN news.articles.title IS 'Headline as shown.';

COMMENT ON COLUMN news.articles.authors IS 'People, then organisations.';

COMMENT ON COLUMN news.articles.lead IS 'Standfirst or summary; null when there is none.';

COMMENT ON COLUMN news.articles.text IS 'The body, one block a line, the standfirst first when the page shows one.';

COMMENT ON COLUMN news.articles.section IS 'Section of the publication.';

COMMENT ON COLUMN news.articles.tags IS 'Keywords given by the publisher.';

COMMENT ON COLUMN news.articles.language IS 'BCP 47 tag of the text.';

COMMENT ON COLUMN news.articles.published_at IS 'Publication time; null when the page shows none that can be read.';

COMMENT ON COLUMN news.articles.published_zone IS 'Zone or offset in which the publisher wrote it.';

COMMENT ON COLUMN news.articles.published_precision IS 'minute, or day (then published_at is the start of that day).';

COMMENT ON COLUMN news.articles.published_text IS 'The time as the publisher wrote it.';

COMMENT ON COLUMN news.articles.modified_at IS 'Time of the last change by the publisher''s own word.';

COMMENT ON COLUMN news.articles.access IS 'free, metered or paid; null when the page does not say.';

COMMENT ON COLUMN news.articles.image_url IS 'Lead image.';

COMMENT ON COLUMN news.articles.image_caption IS 'Its caption.';

COMMENT ON COLUMN news.articles.story_id IS 'Articles with the same story_id carry the same text.';

COMMENT ON COLUMN news.articles.copy_of IS 'The article it repeats; null for the first of its story.';

COMMENT ON COLUMN news.articles.similarity IS 'Share of the shorter text that both carry, 0 to 1; null for the first of its story.';

COMMENT ON COLUMN news.articles.story_reason IS 'Why it is in that story: the rule that decided.';

COMMENT ON COLUMN news.articles.first_seen_at IS 'When we first captured it.';

COMMENT ON COLUMN news.articles.changed_at IS 'Since when it reads like this.';

COMMENT ON COLUMN news.articles.last_seen_at IS 'When we last captured it.';

COMMENT ON COLUMN news.articles.version_id IS 'The current row of news.article_versions.';

COMMENT ON COLUMN news.articles.external_ids IS 'Its ids in the systems it was loaded from; empty for articles we fetched.';

CREATE VIEW news.backfills AS
 SELECT b.id AS backfill_id,
    b.kind,
    b.plan,
    b.state,
    b.created_at,
    b.created_by,
    b.started_at,
    b.ended_at,
    b.detail,
    p.items,
    p.items_done,
    p.items_failed,
    o.outcomes,
    p.units,
    p.units_done,
    r.units_per_second,
        CASE
            WHEN ((b.state = 'running'::text) AND (p.units > p.units_done) AND (r.measured_at > (now() - '00:03:00'::interval))) THEN (r.measured_at + make_interval(secs => (((p.units - p.units_done))::double precision / r.units_per_second)))
            ELSE NULL::timestamp with time zone
        END AS ends_at
   FROM (((etl.backfills b
     CROSS JOIN LATERAL ( SELECT count(*) AS items,
            count(*) FILTER (WHERE (i.state = 'done'::text)) AS items_done,
            count(*) FILTER (WHERE (i.state = 'failed'::text)) AS items_failed,
            (
                CASE
                    WHEN ((b.kind = ANY (ARRAY['warc'::text, 'ccnews'::text])) AND (sum(i.size) > (0)::numeric)) THEN (sum(COALESCE(i.size, (0)::bigint)) + ((count(*) FILTER (WHERE ((i.kind = 'file'::text) AND (i.size IS NULL))))::numeric * avg(i.size)))
                    ELSE (count(*))::numeric
                END)::bigint AS units,
            (
                CASE
                    WHEN ((b.kind = ANY (ARRAY['warc'::text, 'ccnews'::text])) AND (sum(i.size) > (0)::numeric)) THEN sum(
                    CASE
                        WHEN (i.state = ANY (ARRAY['planned'::text, 'running'::text])) THEN i.reached
                        ELSE COALESCE(i.size, (0)::bigint)
                    END)
                    ELSE (count(*) FILTER (WHERE (i.state = ANY (ARRAY['done'::text, 'failed'::text]))))::numeric
                END)::bigint AS units_done
           FROM etl.backfill_items i
          WHERE (i.backfill_id = b.id)) p)
     CROSS JOIN LATERAL ( SELECT COALESCE(jsonb_object_agg(s.outcome, s.number), '{}'::jsonb) AS outcomes
           FROM ( SELECT e.outcome,
                    (sum(e.number))::bigint AS number
                   FROM ( SELECT i.outcome,
                            count(*) AS number
                           FROM etl.backfill_items i
                          WHERE ((i.backfill_id = b.id) AND (i.outcome IS NOT NULL) AND (i.state = ANY (ARRAY['done'::text, 'failed'::text])) AND (i.kind = ANY (ARRAY['page'::text, 'capture'::text])))
                          GROUP BY i.outcome
                        UNION ALL
                         SELECT c.key,
                            (c.value)::bigint AS value
                           FROM (etl.backfill_items i
                             CROSS JOIN LATERAL jsonb_each_text(i.counts) c(key, value))
                          WHERE ((i.backfill_id = b.id) AND (i.counts <> '{}'::jsonb) AND (i.kind = 'file'::text))) e
                  GROUP BY e.outcome) s) o)
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN ((last.at > first.at) AND (last.done > first.done)) THEN ((last.done - first.done) / (last.at - first.at))
                    ELSE NULL::double precision
                END AS units_per_second,
            to_timestamp(last.at) AS measured_at
           FROM ( SELECT (((b.marks -> 0) ->> 0))::double precision AS at,
                    (((b.marks -> 0) ->> 1))::double precision AS done) first,
            ( SELECT (((b.marks -> '-1'::integer) ->> 0))::double precision AS at,
                    (((b.marks -> '-1'::integer) ->> 1))::double precision AS done) last) r);

COMMENT ON VIEW news.backfills IS 'One-off jobs and how far they are.';

COMMENT ON COLUMN news.backfills.backfill_id IS 'Stable number.';

COMMENT ON COLUMN news.backfills.kind IS 'urls, sitemap, warc, ccnews, wayback, redigest or load.';

COMMENT ON COLUMN news.backfills.plan IS 'What was asked for.';

COMMENT ON COLUMN news.backfills.state IS 'planned, running, paused, done, cancelled or failed.';

COMMENT ON COLUMN news.backfills.created_at IS 'When it was asked for.';

COMMENT ON COLUMN news.backfills.created_by IS 'Who asked.';

COMMENT ON COLUMN news.backfills.started_at IS 'When its first item was begun.';

COMMENT ON COLUMN news.backfills.ended_at IS 'When its last item ended.';

COMMENT ON COLUMN news.backfills.detail IS 'Why it failed or was cancelled.';

COMMENT ON COLUMN news.backfills.items IS 'Parts planned so far: lists (sitemaps, indexes) give further ones.';

COMMENT ON COLUMN news.backfills.items_done IS 'Parts done.';

COMMENT ON COLUMN news.backfills.items_failed IS 'Parts that failed.';

COMMENT ON COLUMN news.backfills.outcomes IS 'Outcome to number of records, as in docs/operations.md.';

COMMENT ON COLUMN news.backfills.units IS 'What its progress is measured in: bytes for files of archives, parts else.';

COMMENT ON COLUMN news.backfills.units_done IS 'Of these, done or failed.';

COMMENT ON COLUMN news.backfills.units_per_second IS 'Measured over the last minutes of work; null before there is anything to measure.';

COMMENT ON COLUMN news.backfills.ends_at IS 'When it ends at that speed; null when nobody has worked on it for three minutes.';

CREATE VIEW news.changes AS
 SELECT cursor,
    changed_at,
        CASE kind
            WHEN 'a'::"char" THEN 'article'::text
            WHEN 'v'::"char" THEN 'version'::text
            WHEN 'l'::"char" THEN 'link'::text
            ELSE 'story'::text
        END AS kind,
        CASE operation
            WHEN 'i'::"char" THEN 'insert'::text
            WHEN 'u'::"char" THEN 'update'::text
            ELSE 'delete'::text
        END AS operation,
    id,
    article_id
   FROM etl.changes c
  WHERE (cursor < ( SELECT
                CASE
                    WHEN ((k.server_started_at = pg_postmaster_start_time()) OR (NOT (k.system_identifier IS DISTINCT FROM ( SELECT p.system_identifier
                       FROM pg_control_system() p(pg_control_version, catalog_version_no, system_identifier, pg_control_last_modified)
                      WHERE has_function_privilege('pg_control_system()'::text, 'EXECUTE'::text))))) THEN (k.first_cursor + ((((pg_snapshot_xmin(pg_current_snapshot()))::text)::bigint - k.first_xid) * 16777216))
                    ELSE '9223372036854775807'::bigint
                END AS "case"
           FROM etl.change_clock k));

COMMENT ON VIEW news.changes IS 'Each change of an article, version, link or story exactly once, deletions too. Remember the last cursor you have read and ask for more: SELECT … FROM news.changes WHERE cursor > :last ORDER BY cursor LIMIT 10000; begin with 0. Nothing that commits late is skipped: a change is shown once all transactions that began before it have ended (news.changes_state says since when one waits). LISTEN news_changes wakes you; ask every few seconds as well, for what waited is not announced again. Changes tell what to look up again; they are no copy of it. Not told: last_seen_at of an article, last_observed_at of a link that still stands, which move with each visit, and target_article_id of a link, which is looked up when asked for.';

COMMENT ON COLUMN news.changes.cursor IS 'Place in the feed: grows, with gaps, and never goes back, not even in a restored database.';

COMMENT ON COLUMN news.changes.changed_at IS 'When the transaction began that made the change.';

COMMENT ON COLUMN news.changes.kind IS 'article, version, link or story.';

COMMENT ON COLUMN news.changes.operation IS 'insert, update or delete (then the row is gone from its view: a tombstone).';

COMMENT ON COLUMN news.changes.id IS 'article_id, version_id, link_id or story_id, by kind.';

COMMENT ON COLUMN news.changes.article_id IS 'The article: itself, that of the version, or that which the link stands on. Null for stories, for links on front pages, and for links deleted along with their article.';

CREATE VIEW news.changes_state AS
 SELECT h.ready_to,
    w.waiting_since,
    k.dropped_to,
    k.generation,
    k.generation_at
   FROM ((etl.change_clock k
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN ((k.server_started_at = pg_postmaster_start_time()) OR (NOT (k.system_identifier IS DISTINCT FROM ( SELECT p.system_identifier
                       FROM pg_control_system() p(pg_control_version, catalog_version_no, system_identifier, pg_control_last_modified)
                      WHERE has_function_privilege('pg_control_system()'::text, 'EXECUTE'::text))))) THEN ((k.first_cursor + ((((pg_snapshot_xmin(pg_current_snapshot()))::text)::bigint - k.first_xid) * 16777216)) - 1)
                    ELSE COALESCE(( SELECT max(c.cursor) AS max
                       FROM etl.changes c), k.first_cursor)
                END AS ready_to) h)
     CROSS JOIN LATERAL ( SELECT min(waiting.changed_at) AS waiting_since
           FROM ( SELECT c.changed_at
                   FROM etl.changes c
                  WHERE (c.cursor > h.ready_to)
                  ORDER BY c.cursor
                 LIMIT 1000) waiting) w);

COMMENT ON VIEW news.changes_state IS 'One row: how far news.changes can be read now, and what a reader must know who was away for long.';

COMMENT ON COLUMN news.changes_state.ready_to IS 'All changes up to this cursor are shown. Who fills a copy for the first time reads this first, then the views, then the feed from here.';

COMMENT ON COLUMN news.changes_state.waiting_since IS 'Time of the oldest committed change that is not shown yet, because a transaction that began earlier still runs; null when none waits.';

COMMENT ON COLUMN news.changes_state.dropped_to IS 'Changes up to this cursor were dropped by retention: who has read less must read the views again.';

COMMENT ON COLUMN news.changes_state.generation IS 'Grows when the database was restored from a backup or taken over by a standby: what you read shortly before may be lost there, so read the views again.';

COMMENT ON COLUMN news.changes_state.generation_at IS 'When this generation began.';

CREATE VIEW news.copies AS
 SELECT c.id AS article_id,
    cp.host,
    c.story_id,
    c.copy_of,
    fp.host AS first_host,
    c.similarity,
    c.story_reason,
        CASE
            WHEN ((fv.published_precision = 'minute'::text) AND (cv.published_precision = 'minute'::text)) THEN (cv.published_at - fv.published_at)
            ELSE (c.first_seen_at - f.first_seen_at)
        END AS lag,
        CASE
            WHEN ((fv.published_precision = 'minute'::text) AND (cv.published_precision = 'minute'::text)) THEN 'published'::text
            ELSE 'seen'::text
        END AS lag_by,
    cv.published_at,
    c.first_seen_at
   FROM (((((etl.articles c
     JOIN etl.pages cp ON ((cp.id = c.page_id)))
     JOIN etl.article_versions cv ON (((cv.article_id = c.id) AND (cv.valid_to IS NULL))))
     JOIN etl.articles f ON ((f.id = c.copy_of)))
     JOIN etl.pages fp ON ((fp.id = f.page_id)))
     JOIN etl.article_versions fv ON (((fv.article_id = f.id) AND (fv.valid_to IS NULL))));

COMMENT ON VIEW news.copies IS 'Articles whose text is that of an earlier one: whose, how alike, and how long after it.';

COMMENT ON COLUMN news.copies.article_id IS 'The copy.';

COMMENT ON COLUMN news.copies.host IS 'Host of the copy.';

COMMENT ON COLUMN news.copies.story_id IS 'The story both belong to.';

COMMENT ON COLUMN news.copies.copy_of IS 'The article it is a copy of.';

COMMENT ON COLUMN news.copies.first_host IS 'Host of that article.';

COMMENT ON COLUMN news.copies.similarity IS 'Share of the text they have in common, 0 to 1.';

COMMENT ON COLUMN news.copies.story_reason IS 'The rule that put it there.';

COMMENT ON COLUMN news.copies.lag IS 'How long after that article it came; negative when it was printed earlier than it.';

COMMENT ON COLUMN news.copies.lag_by IS 'published: by the times that both print to the minute; seen: by our first captures, because one prints none.';

COMMENT ON COLUMN news.copies.published_at IS 'Publication time of the copy; null when it prints none that can be read.';

COMMENT ON COLUMN news.copies.first_seen_at IS 'When we first captured the copy.';

CREATE VIEW news.coverage_gaps AS
 SELECT s.id AS source_id,
    s.slug AS source,
    s.host,
    d.day,
    d.expected,
    d."least",
    d.seen,
    (d.expected - (d.seen)::double precision) AS missing,
    (d.seen < d."least") AS is_unusual,
    r.polls,
    f.failed_polls,
    f.failure
   FROM (((etl.sources s
     CROSS JOIN LATERAL ( WITH daily AS MATERIALIZED (
                 SELECT b.day,
                    b.begins_at,
                    COALESCE(n.pages, (0)::bigint) AS pages
                   FROM (( SELECT n_1.days_ago,
                            (date_trunc('day'::text, now(), 'UTC'::text) - ((n_1.days_ago)::double precision * '24:00:00'::interval)) AS begins_at,
                            (((now() AT TIME ZONE 'UTC'::text))::date - n_1.days_ago) AS day
                           FROM generate_series(1, 84) n_1(days_ago)) b
                     LEFT JOIN ( SELECT ((x.first_seen_at AT TIME ZONE 'UTC'::text))::date AS day,
                            count(*) AS pages
                           FROM etl.sightings x
                          WHERE ((x.source_id = s.id) AND (x.depth = 0) AND (x.found_by <> 'backfill'::text) AND (x.first_seen_at >= (date_trunc('day'::text, now(), 'UTC'::text) - '2016:00:00'::interval)))
                          GROUP BY (((x.first_seen_at AT TIME ZONE 'UTC'::text))::date)) n ON ((n.day = b.day)))
                  WHERE (b.day > ((s.created_at AT TIME ZONE 'UTC'::text))::date)
                )
         SELECT c.day,
            c.begins_at,
            c.pages AS seen,
            w.expected,
            w."least"
           FROM (daily c
             CROSS JOIN LATERAL ( SELECT percentile_cont((0.5)::double precision) WITHIN GROUP (ORDER BY ((h.pages)::double precision)) AS expected,
                    min(h.pages) AS "least",
                    count(*) AS weeks
                   FROM daily h
                  WHERE (h.day = ANY (ARRAY[(c.day - 7), (c.day - 14), (c.day - 21), (c.day - 28), (c.day - 35), (c.day - 42), (c.day - 49), (c.day - 56)]))) w)
          WHERE ((c.day > (((now() AT TIME ZONE 'UTC'::text))::date - 29)) AND (w.weeks >= 3) AND ((c.pages)::double precision < w.expected))) d)
     CROSS JOIN LATERAL ( SELECT count(*) AS polls
           FROM etl.runs x
          WHERE ((x.source_id = s.id) AND (x.kind = 'poll'::text) AND (x.outcome = 'ok'::text) AND (x.started_at >= d.begins_at) AND (x.started_at < (d.begins_at + '24:00:00'::interval)))) r)
     CROSS JOIN LATERAL ( SELECT count(*) AS failed_polls,
            mode() WITHIN GROUP (ORDER BY x.outcome) AS failure
           FROM etl.attempts x
          WHERE ((x.source_id = s.id) AND (x.attempted_at >= d.begins_at) AND (x.attempted_at < (d.begins_at + '24:00:00'::interval)))) f);

COMMENT ON VIEW news.coverage_gaps IS 'Days on which a source named fewer new pages than on the same day of the week before: the last 28 whole days (UTC), each against up to 8 same weekdays before it. Days with fewer than 3 such weeks of history are left out, and so is the day a source was added.';

COMMENT ON COLUMN news.coverage_gaps.source_id IS 'Number of the source.';

COMMENT ON COLUMN news.coverage_gaps.source IS 'Slug of the source.';

COMMENT ON COLUMN news.coverage_gaps.host IS 'Host of its URL.';

COMMENT ON COLUMN news.coverage_gaps.day IS 'The day, in UTC.';

COMMENT ON COLUMN news.coverage_gaps.expected IS 'Median of the pages it named for the first time on the same weekdays of the 8 weeks before.';

COMMENT ON COLUMN news.coverage_gaps."least" IS 'The fewest on one of them.';

COMMENT ON COLUMN news.coverage_gaps.seen IS 'Pages it named for the first time on that day (by links of articles and by backfills not counted).';

COMMENT ON COLUMN news.coverage_gaps.missing IS 'expected less seen.';

COMMENT ON COLUMN news.coverage_gaps.is_unusual IS 'True when there were fewer than on any of those weekdays: look at these first.';

COMMENT ON COLUMN news.coverage_gaps.polls IS 'Polls of that day whose answer had changed; 0 with no failed ones: nobody asked, or nothing changed.';

COMMENT ON COLUMN news.coverage_gaps.failed_polls IS 'Polls of that day that failed, as far as retention keeps them.';

COMMENT ON COLUMN news.coverage_gaps.failure IS 'The outcome most of them had.';

CREATE VIEW news.links AS
 SELECT l.id AS link_id,
    l.kind,
    a.id AS article_id,
    p.url AS page_url,
    p.host,
    l.url AS target_url,
    t.id AS target_article_id,
    l.title,
    l.kicker,
    l.block,
    l.rank,
    l."position",
    l.date_text,
    l.published_at,
    l.published_precision,
    l.first_observed_at,
    COALESCE(l.last_observed_at, p.captured_at) AS last_observed_at,
    (l.last_observed_at IS NULL) AS still_there
   FROM ((((etl.links l
     JOIN etl.pages p ON ((p.id = l.page_id)))
     LEFT JOIN etl.articles a ON ((a.page_id = l.page_id)))
     LEFT JOIN etl.page_urls u ON ((u.variant_key = l.url_key)))
     LEFT JOIN etl.articles t ON ((t.page_id = u.page_id)));

COMMENT ON VIEW news.links IS 'Links of a page to other articles, as intervals: a change of rank, block or title ends one row and begins the next.';

COMMENT ON COLUMN news.links.link_id IS 'Stable number.';

COMMENT ON COLUMN news.links.kind IS 'inline (running text), related, most_read or latest.';

COMMENT ON COLUMN news.links.article_id IS 'The article the link stands on; null on a front or section page.';

COMMENT ON COLUMN news.links.page_url IS 'URL of the page the link stands on.';

COMMENT ON COLUMN news.links.host IS 'Host of that page.';

COMMENT ON COLUMN news.links.target_url IS 'Canonical URL it leads to.';

COMMENT ON COLUMN news.links.target_article_id IS 'The article it leads to, when we hold it (under any of its URLs).';

COMMENT ON COLUMN news.links.title IS 'Headline of the teaser, or the anchor text of an inline link.';

COMMENT ON COLUMN news.links.kicker IS 'Section or format label shown with it.';

COMMENT ON COLUMN news.links.block IS 'Printed heading of the block.';

COMMENT ON COLUMN news.links.rank IS 'Rank shown with it.';

COMMENT ON COLUMN news.links."position" IS 'Place on the page, from 0.';

COMMENT ON COLUMN news.links.date_text IS 'Date label as printed.';

COMMENT ON COLUMN news.links.published_at IS 'That label as a time; null when it could not be read.';

COMMENT ON COLUMN news.links.published_precision IS 'minute or day.';

COMMENT ON COLUMN news.links.first_observed_at IS 'First capture that showed it so.';

COMMENT ON COLUMN news.links.last_observed_at IS 'Last capture that showed it so.';

COMMENT ON COLUMN news.links.still_there IS 'True when the newest capture of the page shows it.';

CREATE VIEW news.outcomes AS
 SELECT p.url,
    p.host,
    p.outcome,
    p.outcome_detail,
    p.outcome_at,
    p.found_at,
    p.visits,
    p.failures,
    p.next_visit_at,
    a.id AS article_id
   FROM (etl.pages p
     LEFT JOIN etl.articles a ON ((a.page_id = p.id)));

COMMENT ON VIEW news.outcomes IS 'Where every URL ended, and why.';

COMMENT ON COLUMN news.outcomes.url IS 'Canonical URL.';

COMMENT ON COLUMN news.outcomes.host IS 'Its host.';

COMMENT ON COLUMN news.outcomes.outcome IS 'stored, unchanged, not_an_article, gone, robots …; null while it waits for its first visit.';

COMMENT ON COLUMN news.outcomes.outcome_detail IS 'The same in words.';

COMMENT ON COLUMN news.outcomes.outcome_at IS 'When that was found out.';

COMMENT ON COLUMN news.outcomes.found_at IS 'When the URL was first pointed at.';

COMMENT ON COLUMN news.outcomes.visits IS 'Captures taken so far.';

COMMENT ON COLUMN news.outcomes.failures IS 'Failed visits in a row.';

COMMENT ON COLUMN news.outcomes.next_visit_at IS 'When it is visited next; null for never.';

COMMENT ON COLUMN news.outcomes.article_id IS 'The article it gave.';

CREATE VIEW news.rankings AS
 SELECT l.host,
    l.block,
    l.rank,
    l.title,
    l.url AS target_url,
    t.id AS target_article_id,
    p.url AS page_url,
    l.first_observed_at,
    COALESCE(l.last_observed_at, ( SELECT o.captured_at
           FROM etl.pages o
          WHERE (o.id = l.page_id))) AS last_observed_at
   FROM (((etl.links l
     JOIN etl.pages p ON ((p.id = l.page_id)))
     LEFT JOIN etl.page_urls u ON ((u.variant_key = l.url_key)))
     LEFT JOIN etl.articles t ON ((t.page_id = u.page_id)))
  WHERE ((l.kind = 'most_read'::text) AND (l.rank IS NOT NULL));

COMMENT ON VIEW news.rankings IS 'Who stood at which rank of which most-read block, and when.';

COMMENT ON COLUMN news.rankings.host IS 'Host of the page with the ranking.';

COMMENT ON COLUMN news.rankings.block IS 'Printed heading of the ranking.';

COMMENT ON COLUMN news.rankings.rank IS 'Rank as printed.';

COMMENT ON COLUMN news.rankings.title IS 'Headline in the ranking.';

COMMENT ON COLUMN news.rankings.target_url IS 'Canonical URL it leads to.';

COMMENT ON COLUMN news.rankings.target_article_id IS 'The article it leads to, when we hold it.';

COMMENT ON COLUMN news.rankings.page_url IS 'Page that shows the ranking.';

COMMENT ON COLUMN news.rankings.first_observed_at IS 'First capture with this rank.';

COMMENT ON COLUMN news.rankings.last_observed_at IS 'Last capture with this rank.';

CREATE VIEW news.runs AS
 SELECT r.id AS run_id,
    r.kind,
    s.slug AS source,
    r.host,
    r.backfill_id,
    r.started_at,
    r.ended_at,
    r.outcome,
    r.counts,
    r.detail
   FROM (etl.runs r
     LEFT JOIN etl.sources s ON ((s.id = r.source_id)));

COMMENT ON VIEW news.runs IS 'Finished units of work with their counts.';

COMMENT ON COLUMN news.runs.run_id IS 'Stable number.';

COMMENT ON COLUMN news.runs.kind IS 'poll, visit, digest, backfill or clean.';

COMMENT ON COLUMN news.runs.source IS 'Slug of the source, for a poll.';

COMMENT ON COLUMN news.runs.host IS 'The host, for a visit.';

COMMENT ON COLUMN news.runs.backfill_id IS 'The backfill it worked for.';

COMMENT ON COLUMN news.runs.started_at IS 'When it began.';

COMMENT ON COLUMN news.runs.ended_at IS 'When it ended.';

COMMENT ON COLUMN news.runs.outcome IS 'ok or an error code.';

COMMENT ON COLUMN news.runs.counts IS 'Outcome to number.';

COMMENT ON COLUMN news.runs.detail IS 'What went wrong, in words.';

CREATE VIEW news.sightings AS
 SELECT g.page_id,
    p.url,
    a.id AS article_id,
    g.source_id,
    s.slug AS source,
    g.found_by,
    g.first_seen_at,
    g.last_seen_at,
    g."position",
    g.title,
    g.published_at,
    g.published_text,
    g.depth
   FROM (((etl.sightings g
     JOIN etl.pages p ON ((p.id = g.page_id)))
     JOIN etl.sources s ON ((s.id = g.source_id)))
     LEFT JOIN etl.articles a ON ((a.page_id = g.page_id)));

COMMENT ON VIEW news.sightings IS 'Which source pointed at which page, and when.';

COMMENT ON COLUMN news.sightings.page_id IS 'Number of the page.';

COMMENT ON COLUMN news.sightings.url IS 'Canonical URL of the page.';

COMMENT ON COLUMN news.sightings.article_id IS 'The article on it; null while there is none.';

COMMENT ON COLUMN news.sightings.source_id IS 'Number of the source.';

COMMENT ON COLUMN news.sightings.source IS 'Slug of the source.';

COMMENT ON COLUMN news.sightings.found_by IS 'feed, sitemap, listing, link or backfill.';

COMMENT ON COLUMN news.sightings.first_seen_at IS 'First poll in which the source named it.';

COMMENT ON COLUMN news.sightings.last_seen_at IS 'Last poll, among those whose answer had changed, in which the source named it.';

COMMENT ON COLUMN news.sightings."position" IS 'Place in the source when last seen.';

COMMENT ON COLUMN news.sightings.title IS 'What the source called it.';

COMMENT ON COLUMN news.sightings.published_at IS 'Publication time by the source.';

COMMENT ON COLUMN news.sightings.published_text IS 'That time as the source wrote it.';

COMMENT ON COLUMN news.sightings.depth IS 'Links between what the source names itself and this page; 0 when it names the page itself.';

CREATE VIEW news.source_health AS
 SELECT s.id AS source_id,
    s.slug AS source,
    s.host,
    s.kind,
    h.state,
        CASE h.state
            WHEN 'failing'::text THEN s.failing_since
            WHEN 'late'::text THEN s.next_poll_at
            WHEN 'silent'::text THEN g.newest_page_at
            ELSE NULL::timestamp with time zone
        END AS since,
        CASE h.state
            WHEN 'paused'::text THEN s.paused_because
            ELSE COALESCE(s.outcome_detail, s.outcome)
        END AS detail,
    s.polled_at,
    s.next_poll_at,
    s.failures,
    g.pages_day,
    g.pages_week,
    g.pages_four_weeks,
    g.newest_page_at
   FROM ((etl.sources s
     CROSS JOIN LATERAL ( SELECT count(*) FILTER (WHERE (x.first_seen_at >= (now() - '1 day'::interval))) AS pages_day,
            count(*) FILTER (WHERE (x.first_seen_at >= (now() - '7 days'::interval))) AS pages_week,
            count(*) AS pages_four_weeks,
            max(x.first_seen_at) AS newest_page_at
           FROM etl.sightings x
          WHERE ((x.source_id = s.id) AND (x.first_seen_at >= (now() - '28 days'::interval)) AND (x.depth = 0))) g)
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN (NOT s.is_active) THEN 'paused'::text
                    WHEN (s.polled_at IS NULL) THEN 'new'::text
                    WHEN (s.failures > 0) THEN 'failing'::text
                    WHEN (s.next_poll_at < (now() - '00:05:00'::interval)) THEN 'late'::text
                    WHEN ((g.pages_four_weeks >= 14) AND (g.newest_page_at < (now() - '2 days'::interval))) THEN 'silent'::text
                    ELSE 'well'::text
                END AS state) h);

COMMENT ON VIEW news.source_health IS 'How each source is, and since when; what it gave lately.';

COMMENT ON COLUMN news.source_health.source_id IS 'Number of the source.';

COMMENT ON COLUMN news.source_health.source IS 'Slug of the source.';

COMMENT ON COLUMN news.source_health.host IS 'Host of its URL.';

COMMENT ON COLUMN news.source_health.kind IS 'feed, sitemap or listing.';

COMMENT ON COLUMN news.source_health.state IS 'The first of these that is true: paused; new (never polled); failing (the last poll failed); late (its poll is overdue by 5 minutes: no worker or no scheduler); silent (polls go well, but nothing new for 2 days, though it named at least 14 pages in 28 days); well.';

COMMENT ON COLUMN news.source_health.since IS 'Since when it is failing, late or silent; null for the other states.';

COMMENT ON COLUMN news.source_health.detail IS 'Why it is paused, or how its last poll ended, in words.';

COMMENT ON COLUMN news.source_health.polled_at IS 'When it was last polled.';

COMMENT ON COLUMN news.source_health.next_poll_at IS 'When it is polled next.';

COMMENT ON COLUMN news.source_health.failures IS 'Failed polls in a row.';

COMMENT ON COLUMN news.source_health.pages_day IS 'Pages it named for the first time in the last 24 hours.';

COMMENT ON COLUMN news.source_health.pages_week IS 'The same in the last 7 days.';

COMMENT ON COLUMN news.source_health.pages_four_weeks IS 'The same in the last 28 days.';

COMMENT ON COLUMN news.source_health.newest_page_at IS 'When it last named a page for the first time; null when that is more than 28 days ago.';

CREATE VIEW news.sources AS
 SELECT id AS source_id,
    slug,
    kind,
    url,
    host,
    recipe,
    is_active,
    paused_because,
    next_poll_at,
    polled_at,
    outcome,
    outcome_detail,
    failures,
    failing_since,
    follow,
    follow_depth,
    follow_per_day
   FROM etl.sources s;

COMMENT ON VIEW news.sources IS 'What is polled, and how the last poll of each ended.';

COMMENT ON COLUMN news.sources.source_id IS 'Stable number.';

COMMENT ON COLUMN news.sources.slug IS 'Stable name: recipe/number or recipe/name.';

COMMENT ON COLUMN news.sources.kind IS 'feed, sitemap or listing.';

COMMENT ON COLUMN news.sources.url IS 'What is asked for.';

COMMENT ON COLUMN news.sources.host IS 'Host of url.';

COMMENT ON COLUMN news.sources.recipe IS 'Name of the recipe (site) it belongs to.';

COMMENT ON COLUMN news.sources.is_active IS 'False while paused.';

COMMENT ON COLUMN news.sources.paused_because IS 'Why it is paused, in words.';

COMMENT ON COLUMN news.sources.next_poll_at IS 'When it is polled next.';

COMMENT ON COLUMN news.sources.polled_at IS 'When it was last polled.';

COMMENT ON COLUMN news.sources.outcome IS 'How the last poll ended: ok, unchanged, or an error code.';

COMMENT ON COLUMN news.sources.outcome_detail IS 'The same in words; null when it went well.';

COMMENT ON COLUMN news.sources.failures IS 'Failed polls in a row.';

COMMENT ON COLUMN news.sources.failing_since IS 'When the present row of failures began.';

COMMENT ON COLUMN news.sources.follow IS 'Kinds of links of its articles that lead to further articles.';

COMMENT ON COLUMN news.sources.follow_depth IS 'How many links away from what the source names itself its articles may be.';

COMMENT ON COLUMN news.sources.follow_per_day IS 'At most this many pages are found by links in one UTC day.';

CREATE VIEW news.stories AS
 SELECT a.story_id,
    count(*) AS articles,
    count(DISTINCT p.host) AS publishers,
    min(a.first_seen_at) AS first_seen_at,
    max(a.first_seen_at) AS last_seen_at,
    (array_agg(a.id ORDER BY COALESCE(v.published_at, a.first_seen_at), a.id))[1] AS first_article_id,
    (array_agg(p.host ORDER BY COALESCE(v.published_at, a.first_seen_at), a.id))[1] AS first_host,
    (array_agg(v.title ORDER BY COALESCE(v.published_at, a.first_seen_at), a.id))[1] AS title
   FROM ((etl.articles a
     JOIN etl.pages p ON ((p.id = a.page_id)))
     JOIN etl.article_versions v ON (((v.article_id = a.id) AND (v.valid_to IS NULL))))
  GROUP BY a.story_id;

COMMENT ON VIEW news.stories IS 'Articles of any publisher that carry the same text, as one row: who had it first, and how far it went. Ask for the stories of some articles by WHERE story_id = ANY (ARRAY(SELECT a.story_id FROM news.articles a WHERE …)): a join or IN counts all stories first.';

COMMENT ON COLUMN news.stories.story_id IS 'Stable number.';

COMMENT ON COLUMN news.stories.articles IS 'Number of articles.';

COMMENT ON COLUMN news.stories.publishers IS 'Number of different hosts.';

COMMENT ON COLUMN news.stories.first_seen_at IS 'When we captured the first of them.';

COMMENT ON COLUMN news.stories.last_seen_at IS 'When we captured the last of them.';

COMMENT ON COLUMN news.stories.first_article_id IS 'The earliest by publication time (by first capture where there is none).';

COMMENT ON COLUMN news.stories.first_host IS 'Host of that article.';

COMMENT ON COLUMN news.stories.title IS 'Headline of that article.';

CREATE VIEW news.urls AS
 SELECT u.url,
    p.url AS page_url,
    u.rule,
    u.first_seen_at,
    a.id AS article_id
   FROM ((etl.page_urls u
     JOIN etl.pages p ON ((p.id = u.page_id)))
     LEFT JOIN etl.articles a ON ((a.page_id = p.id)));

COMMENT ON VIEW news.urls IS 'Every spelling of a URL we met, and the page it leads to: where a URL is not in news.outcomes, look here. What was erased is nowhere.';

COMMENT ON COLUMN news.urls.url IS 'URL as it was found.';

COMMENT ON COLUMN news.urls.page_url IS 'URL of its page, as in news.outcomes.';

COMMENT ON COLUMN news.urls.rule IS 'Why it is that page: canonical (its own name), tracking, amp, redirect, rel_canonical …; split: a person took it out of another page.';

COMMENT ON COLUMN news.urls.first_seen_at IS 'When it was first met.';

COMMENT ON COLUMN news.urls.article_id IS 'The article on that page.';

CREATE TABLE queue.procrastinate_events (
    id bigint NOT NULL,
    job_id bigint NOT NULL,
    type queue.procrastinate_job_event_type,
    at timestamp with time zone DEFAULT now()
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='5000');

CREATE SEQUENCE queue.procrastinate_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE queue.procrastinate_events_id_seq OWNED BY queue.procrastinate_events.id;

CREATE SEQUENCE queue.procrastinate_jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE queue.procrastinate_jobs_id_seq OWNED BY queue.procrastinate_jobs.id;

CREATE TABLE queue.procrastinate_periodic_defers (
    id bigint NOT NULL,
    task_name character varying(128) NOT NULL,
    defer_timestamp bigint,
    job_id bigint,
    periodic_id character varying(128) DEFAULT ''::character varying NOT NULL
);

CREATE SEQUENCE queue.procrastinate_periodic_defers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE queue.procrastinate_periodic_defers_id_seq OWNED BY queue.procrastinate_periodic_defers.id;

CREATE TABLE queue.procrastinate_workers (
    id bigint NOT NULL,
    last_heartbeat timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE queue.procrastinate_workers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME queue.procrastinate_workers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY etl.attempts ATTACH PARTITION etl.attempts_rest DEFAULT;

ALTER TABLE ONLY etl.captures ATTACH PARTITION etl.captures_rest DEFAULT;

ALTER TABLE ONLY etl.changes ATTACH PARTITION etl.changes_rest DEFAULT;

ALTER TABLE ONLY etl.attempts ALTER COLUMN id SET DEFAULT nextval('etl.attempts_id_seq'::regclass);

ALTER TABLE ONLY etl.captures ALTER COLUMN id SET DEFAULT nextval('etl.captures_id_seq'::regclass);

ALTER TABLE ONLY queue.procrastinate_events ALTER COLUMN id SET DEFAULT nextval('queue.procrastinate_events_id_seq'::regclass);

ALTER TABLE ONLY queue.procrastinate_jobs ALTER COLUMN id SET DEFAULT nextval('queue.procrastinate_jobs_id_seq'::regclass);

ALTER TABLE ONLY queue.procrastinate_periodic_defers ALTER COLUMN id SET DEFAULT nextval('queue.procrastinate_periodic_defers_id_seq'::regclass);

ALTER TABLE ONLY etl.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY etl.article_keys
    ADD CONSTRAINT article_keys_pkey PRIMARY KEY (key, article_id);

ALTER TABLE ONLY etl.article_versions
    ADD CONSTRAINT article_versions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY etl.articles
    ADD CONSTRAINT articles_page_id_key UNIQUE (page_id);

ALTER TABLE ONLY etl.articles
    ADD CONSTRAINT articles_pkey PRIMARY KEY (id);

ALTER TABLE ONLY etl.askers
    ADD CONSTRAINT askers_pkey PRIMARY KEY (token);

ALTER TABLE ONLY etl.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (id, attempted_at);

ALTER TABLE ONLY etl.attempts_rest
    ADD CONSTRAINT attempts_rest_pkey PRIMARY KEY (id, attempted_at);

ALTER TABLE ONLY etl.backfill_items
    ADD CONSTRAINT backfill_items_pkey PRIMARY KEY (backfill_id, item);

ALTER TABLE ONLY etl.backfills
    ADD CONSTRAINT backfills_pkey PRIMARY KEY (id);

ALTER TABLE ONLY etl.backfills
    ADD CONSTRAINT backfills_plan_key_key UNIQUE (plan_key);

ALTER TABLE ONLY etl.captures
    ADD CONSTRAINT captures_pkey PRIMARY KEY (id, stored_at);

ALTER TABLE ONLY etl.captures_rest
    ADD CONSTRAINT captures_rest_pkey PRIMARY KEY (id, stored_at);

ALTER TABLE ONLY etl.change_clock
    ADD CONSTRAINT change_clock_pkey PRIMARY KEY (is_the_one);

ALTER TABLE ONLY etl.child_sitemaps
    ADD CONSTRAINT child_sitemaps_pkey PRIMARY KEY (source_id, url_key);

ALTER TABLE ONLY etl.digest_times
    ADD CONSTRAINT digest_times_pkey PRIMARY KEY (at_most_s);

ALTER TABLE ONLY etl.erasures
    ADD CONSTRAINT erasures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY etl.external_ids
    ADD CONSTRAINT external_ids_pkey PRIMARY KEY (external_id);

ALTER TABLE ONLY etl.hosts
    ADD CONSTRAINT hosts_pkey PRIMARY KEY (host);

ALTER TABLE ONLY etl.links
    ADD CONSTRAINT links_pkey PRIMARY KEY (id);

ALTER TABLE ONLY etl.article_versions
    ADD CONSTRAINT one_first_version UNIQUE NULLS NOT DISTINCT (article_id, follows);

ALTER TABLE ONLY etl.article_versions
    ADD CONSTRAINT one_version_from UNIQUE (article_id, valid_from);

ALTER TABLE ONLY etl.article_versions
    ADD CONSTRAINT one_version_to UNIQUE NULLS NOT DISTINCT (article_id, valid_to);

ALTER TABLE ONLY etl.page_urls
    ADD CONSTRAINT page_urls_pkey PRIMARY KEY (variant_key);

ALTER TABLE ONLY etl.pages
    ADD CONSTRAINT pages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY etl.pages
    ADD CONSTRAINT pages_url_key_key UNIQUE (url_key);

ALTER TABLE ONLY etl.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY etl.search_configs
    ADD CONSTRAINT search_configs_pkey PRIMARY KEY (config);

ALTER TABLE ONLY etl.search_texts
    ADD CONSTRAINT search_texts_pkey PRIMARY KEY (article_id);

ALTER TABLE ONLY etl.search_waiting
    ADD CONSTRAINT search_waiting_pkey PRIMARY KEY (id);

ALTER TABLE ONLY etl.sightings
    ADD CONSTRAINT sightings_pkey PRIMARY KEY (page_id, source_id);

ALTER TABLE ONLY etl.sources
    ADD CONSTRAINT sources_pkey PRIMARY KEY (id);

ALTER TABLE ONLY etl.sources
    ADD CONSTRAINT sources_slug_key UNIQUE (slug);

ALTER TABLE ONLY etl.stories
    ADD CONSTRAINT stories_pkey PRIMARY KEY (id);

ALTER TABLE ONLY etl.subscriptions
    ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (source_id);

ALTER TABLE ONLY etl.subscriptions
    ADD CONSTRAINT subscriptions_token_key UNIQUE (token);

ALTER TABLE ONLY etl.tombstones
    ADD CONSTRAINT tombstones_pkey PRIMARY KEY (url_key);

ALTER TABLE ONLY queue.procrastinate_events
    ADD CONSTRAINT procrastinate_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY queue.procrastinate_jobs
    ADD CONSTRAINT procrastinate_jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY queue.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY queue.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_unique UNIQUE (task_name, periodic_id, defer_timestamp);

ALTER TABLE ONLY queue.procrastinate_workers
    ADD CONSTRAINT procrastinate_workers_pkey PRIMARY KEY (id);

CREATE INDEX article_keys_by_article ON etl.article_keys USING btree (article_id);

CREATE INDEX article_versions_by_time ON etl.article_versions USING brin (valid_from) WITH (autosummarize='on');

CREATE INDEX article_versions_published ON etl.article_versions USING btree (published_at) WHERE (valid_to IS NULL);

CREATE INDEX articles_by_copy ON etl.articles USING btree (copy_of) WHERE (copy_of IS NOT NULL);

CREATE INDEX articles_by_story ON etl.articles USING btree (story_id);

CREATE INDEX articles_by_time ON etl.articles USING brin (first_seen_at) WITH (autosummarize='on');

CREATE INDEX attempts_by_page ON ONLY etl.attempts USING btree (page_id, attempted_at) WHERE (page_id IS NOT NULL);

CREATE INDEX attempts_by_source ON ONLY etl.attempts USING btree (source_id, attempted_at) WHERE (source_id IS NOT NULL);

CREATE INDEX attempts_rest_page_id_attempted_at_idx ON etl.attempts_rest USING btree (page_id, attempted_at) WHERE (page_id IS NOT NULL);

CREATE INDEX attempts_rest_source_id_attempted_at_idx ON etl.attempts_rest USING btree (source_id, attempted_at) WHERE (source_id IS NOT NULL);

CREATE INDEX backfill_items_by_page ON etl.backfill_items USING btree (page_id) WHERE (page_id IS NOT NULL);

CREATE INDEX backfill_items_due ON etl.backfill_items USING btree (backfill_id, host, number) WHERE ((state = 'planned'::text) AND (host IS NOT NULL));

CREATE INDEX backfill_items_lists ON etl.backfill_items USING btree (backfill_id, number) WHERE ((state = 'planned'::text) AND (kind = ANY (ARRAY['sitemap'::text, 'captures'::text, 'files'::text])));

CREATE INDEX backfill_items_open ON etl.backfill_items USING btree (backfill_id, number) WHERE (state = ANY (ARRAY['planned'::text, 'running'::text]));

CREATE INDEX captures_by_page ON ONLY etl.captures USING btree (page_id, fetched_at);

CREATE INDEX captures_pending ON ONLY etl.captures USING btree (id) WHERE (digested_at IS NULL);

CREATE INDEX captures_rest_id_idx ON etl.captures_rest USING btree (id) WHERE (digested_at IS NULL);

CREATE INDEX captures_rest_page_id_fetched_at_idx ON etl.captures_rest USING btree (page_id, fetched_at);

CREATE INDEX changes_by_cursor ON ONLY etl.changes USING btree (cursor);

CREATE INDEX changes_rest_cursor_idx ON etl.changes_rest USING btree (cursor);

CREATE INDEX external_ids_by_article ON etl.external_ids USING btree (article_id);

CREATE INDEX links_by_page ON etl.links USING btree (page_id, first_observed_at);

CREATE INDEX links_by_target ON etl.links USING btree (url_key);

CREATE INDEX links_by_target_url ON etl.links USING hash (url);

CREATE UNIQUE INDEX links_open ON etl.links USING btree (page_id, kind, url_key) WHERE (last_observed_at IS NULL);

CREATE INDEX links_ranked ON etl.links USING btree (page_id, rank, first_observed_at) WHERE ((kind = 'most_read'::text) AND (rank IS NOT NULL));

CREATE INDEX links_ranked_by_host ON etl.links USING btree (host, rank, first_observed_at) WHERE ((kind = 'most_read'::text) AND (rank IS NOT NULL));

CREATE INDEX page_urls_by_key ON etl.page_urls USING btree (url_key);

CREATE INDEX page_urls_by_page ON etl.page_urls USING btree (page_id);

CREATE INDEX page_urls_by_url ON etl.page_urls USING hash (url);

CREATE INDEX pages_by_host ON etl.pages USING btree (host, captured_at);

CREATE INDEX pages_by_url ON etl.pages USING hash (url);

CREATE INDEX pages_due ON etl.pages USING btree (host, next_visit_at) WHERE (next_visit_at IS NOT NULL);

CREATE INDEX runs_by_source ON etl.runs USING btree (source_id, started_at) WHERE (source_id IS NOT NULL);

CREATE INDEX runs_by_time ON etl.runs USING btree (started_at);

CREATE INDEX search_texts_at ON etl.search_texts USING btree (at);

CREATE INDEX search_texts_words ON etl.search_texts USING gin (words) WITH (gin_pending_list_limit='1024');

CREATE INDEX sightings_by_source ON etl.sightings USING btree (source_id, first_seen_at);

CREATE INDEX sources_by_host ON etl.sources USING btree (host);

CREATE INDEX sources_due ON etl.sources USING btree (next_poll_at) WHERE is_active;

CREATE INDEX idx_procrastinate_jobs_worker_not_null ON queue.procrastinate_jobs USING btree (worker_id) WHERE ((worker_id IS NOT NULL) AND (status = 'doing'::queue.procrastinate_job_status));

CREATE INDEX idx_procrastinate_workers_last_heartbeat ON queue.procrastinate_workers USING btree (last_heartbeat);

CREATE INDEX procrastinate_events_job_id_fkey_v1 ON queue.procrastinate_events USING btree (job_id);

CREATE INDEX procrastinate_jobs_id_lock_idx_v1 ON queue.procrastinate_jobs USING btree (id, lock) WHERE (status = ANY (ARRAY['todo'::queue.procrastinate_job_status, 'doing'::queue.procrastinate_job_status]));

CREATE UNIQUE INDEX procrastinate_jobs_lock_idx_v1 ON queue.procrastinate_jobs USING btree (lock) WHERE (status = 'doing'::queue.procrastinate_job_status);

CREATE INDEX procrastinate_jobs_priority_idx_v1 ON queue.procrastinate_jobs USING btree (priority DESC, id) WHERE (status = 'todo'::queue.procrastinate_job_status);

CREATE INDEX procrastinate_jobs_queue_name_idx_v1 ON queue.procrastinate_jobs USING btree (queue_name);

CREATE UNIQUE INDEX procrastinate_jobs_queueing_lock_idx_v1 ON queue.procrastinate_jobs USING btree (queueing_lock) WHERE (status = 'todo'::queue.procrastinate_job_status);

CREATE INDEX procrastinate_periodic_defers_job_id_fkey_v1 ON queue.procrastinate_periodic_defers USING btree (job_id);

ALTER INDEX etl.attempts_by_page ATTACH PARTITION etl.attempts_rest_page_id_attempted_at_idx;

ALTER INDEX etl.attempts_pkey ATTACH PARTITION etl.attempts_rest_pkey;

ALTER INDEX etl.attempts_by_source ATTACH PARTITION etl.attempts_rest_source_id_attempted_at_idx;

ALTER INDEX etl.captures_pending ATTACH PARTITION etl.captures_rest_id_idx;

ALTER INDEX etl.captures_by_page ATTACH PARTITION etl.captures_rest_page_id_fetched_at_idx;

ALTER INDEX etl.captures_pkey ATTACH PARTITION etl.captures_rest_pkey;

ALTER INDEX etl.changes_by_cursor ATTACH PARTITION etl.changes_rest_cursor_idx;

CREATE TRIGGER changes_deleted AFTER DELETE ON etl.article_versions REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_version_changes();

CREATE TRIGGER changes_deleted AFTER DELETE ON etl.articles REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_article_changes();

CREATE TRIGGER changes_deleted AFTER DELETE ON etl.links REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_link_changes();

CREATE TRIGGER changes_deleted AFTER DELETE ON etl.stories REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_story_changes();

CREATE TRIGGER changes_inserted AFTER INSERT ON etl.article_versions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_version_changes();

CREATE TRIGGER changes_inserted AFTER INSERT ON etl.articles REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_article_changes();

CREATE TRIGGER changes_inserted AFTER INSERT ON etl.links REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_link_changes();

CREATE TRIGGER changes_inserted AFTER INSERT ON etl.stories REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_story_changes();

CREATE TRIGGER changes_truncated BEFORE TRUNCATE ON etl.article_versions FOR EACH STATEMENT EXECUTE FUNCTION etl.refuse_truncate();

CREATE TRIGGER changes_truncated BEFORE TRUNCATE ON etl.articles FOR EACH STATEMENT EXECUTE FUNCTION etl.refuse_truncate();

CREATE TRIGGER changes_truncated BEFORE TRUNCATE ON etl.links FOR EACH STATEMENT EXECUTE FUNCTION etl.refuse_truncate();

CREATE TRIGGER changes_truncated BEFORE TRUNCATE ON etl.stories FOR EACH STATEMENT EXECUTE FUNCTION etl.refuse_truncate();

CREATE TRIGGER changes_updated AFTER UPDATE ON etl.article_versions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_version_changes();

CREATE TRIGGER changes_updated AFTER UPDATE ON etl.articles REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_article_changes();

CREATE TRIGGER changes_updated AFTER UPDATE ON etl.links REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.keep_link_changes();

CREATE TRIGGER links_change_host BEFORE UPDATE OF page_id, kind, rank ON etl.links FOR EACH ROW WHEN (((new.kind = 'most_read'::text) AND (new.rank IS NOT NULL))) EXECUTE FUNCTION etl.name_host_of_ranking();

CREATE TRIGGER links_name_host BEFORE INSERT ON etl.links FOR EACH ROW WHEN (((new.kind = 'most_read'::text) AND (new.rank IS NOT NULL) AND (new.host IS NULL))) EXECUTE FUNCTION etl.name_host_of_ranking();

CREATE TRIGGER search_inserted AFTER INSERT ON etl.article_versions REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION etl.wait_for_search();

CREATE TRIGGER search_inserted AFTER INSERT ON etl.sightings REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION etl.wait_for_search();

CREATE TRIGGER search_updated AFTER UPDATE ON etl.article_versions REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION etl.wait_for_search();

CREATE TRIGGER procrastinate_jobs_notify_queue_job_aborted_v1 AFTER UPDATE OF abort_requested ON queue.procrastinate_jobs FOR EACH ROW WHEN (((old.abort_requested = false) AND (new.abort_requested = true) AND (new.status = 'doing'::queue.procrastinate_job_status))) EXECUTE FUNCTION queue.procrastinate_notify_queue_abort_job_v1();

CREATE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 AFTER INSERT ON queue.procrastinate_jobs REFERENCING NEW TABLE AS put_in FOR EACH STATEMENT EXECUTE FUNCTION queue.notify_of_jobs();

CREATE TRIGGER procrastinate_trigger_abort_requested_events_v1 AFTER UPDATE OF abort_requested ON queue.procrastinate_jobs FOR EACH ROW WHEN ((new.abort_requested = true)) EXECUTE FUNCTION queue.procrastinate_trigger_abort_requested_events_procedure_v1();

CREATE TRIGGER procrastinate_trigger_delete_jobs_v1 BEFORE DELETE ON queue.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION queue.procrastinate_unlink_periodic_defers_v1();

CREATE TRIGGER procrastinate_trigger_scheduled_events_v1 AFTER INSERT OR UPDATE ON queue.procrastinate_jobs FOR EACH ROW WHEN (((new.scheduled_at IS NOT NULL) AND (new.status = 'todo'::queue.procrastinate_job_status))) EXECUTE FUNCTION queue.procrastinate_trigger_function_scheduled_events_v1();

CREATE TRIGGER procrastinate_trigger_status_events_update_v1 AFTER UPDATE OF status ON queue.procrastinate_jobs FOR EACH ROW WHEN ((new.status <> 'doing'::queue.procrastinate_job_status)) EXECUTE FUNCTION queue.procrastinate_trigger_function_status_events_update_v1();

ALTER TABLE ONLY etl.article_keys
    ADD CONSTRAINT article_keys_article_id_fkey FOREIGN KEY (article_id) REFERENCES etl.articles(id) ON DELETE CASCADE;

ALTER TABLE ONLY etl.article_versions
    ADD CONSTRAINT article_versions_article_id_fkey FOREIGN KEY (article_id) REFERENCES etl.articles(id) ON DELETE CASCADE;

ALTER TABLE ONLY etl.articles
    ADD CONSTRAINT articles_copy_of_fkey FOREIGN KEY (copy_of) REFERENCES etl.articles(id) ON DELETE SET NULL;

ALTER TABLE ONLY etl.articles
    ADD CONSTRAINT articles_page_id_fkey FOREIGN KEY (page_id) REFERENCES etl.pages(id) ON DELETE CASCADE;

ALTER TABLE ONLY etl.articles
    ADD CONSTRAINT articles_story_id_fkey FOREIGN KEY (story_id) REFERENCES etl.stories(id);

ALTER TABLE ONLY etl.backfill_items
    ADD CONSTRAINT backfill_items_backfill_id_fkey FOREIGN KEY (backfill_id) REFERENCES etl.backfills(id) ON DELETE CASCADE;

ALTER TABLE etl.captures
    ADD CONSTRAINT captures_page_id_fkey FOREIGN KEY (page_id) REFERENCES etl.pages(id) ON DELETE CASCADE;

ALTER TABLE ONLY etl.child_sitemaps
    ADD CONSTRAINT child_sitemaps_source_id_fkey FOREIGN KEY (source_id) REFERENCES etl.sources(id) ON DELETE CASCADE;

ALTER TABLE ONLY etl.external_ids
    ADD CONSTRAINT external_ids_article_id_fkey FOREIGN KEY (article_id) REFERENCES etl.articles(id) ON DELETE CASCADE;

ALTER TABLE ONLY etl.links
    ADD CONSTRAINT links_page_id_fkey FOREIGN KEY (page_id) REFERENCES etl.pages(id) ON DELETE CASCADE;

ALTER TABLE ONLY etl.article_versions
    ADD CONSTRAINT no_hole FOREIGN KEY (article_id, follows) REFERENCES etl.article_versions(article_id, valid_to) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY etl.page_urls
    ADD CONSTRAINT page_urls_page_id_fkey FOREIGN KEY (page_id) REFERENCES etl.pages(id) ON DELETE CASCADE;

ALTER TABLE ONLY etl.runs
    ADD CONSTRAINT runs_backfill_id_fkey FOREIGN KEY (backfill_id) REFERENCES etl.backfills(id) ON DELETE SET NULL;

ALTER TABLE ONLY etl.runs
    ADD CONSTRAINT runs_source_id_fkey FOREIGN KEY (source_id) REFERENCES etl.sources(id) ON DELETE SET NULL;

ALTER TABLE ONLY etl.search_texts
    ADD CONSTRAINT search_texts_article_id_fkey FOREIGN KEY (article_id) REFERENCES etl.articles(id) ON DELETE CASCADE;

ALTER TABLE ONLY etl.sightings
    ADD CONSTRAINT sightings_page_id_fkey FOREIGN KEY (page_id) REFERENCES etl.pages(id) ON DELETE CASCADE;

ALTER TABLE ONLY etl.sightings
    ADD CONSTRAINT sightings_source_id_fkey FOREIGN KEY (source_id) REFERENCES etl.sources(id) ON DELETE CASCADE;

ALTER TABLE ONLY etl.subscriptions
    ADD CONSTRAINT subscriptions_source_id_fkey FOREIGN KEY (source_id) REFERENCES etl.sources(id) ON DELETE CASCADE;

ALTER TABLE ONLY queue.procrastinate_events
    ADD CONSTRAINT procrastinate_events_job_id_fkey FOREIGN KEY (job_id) REFERENCES queue.procrastinate_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY queue.procrastinate_jobs
    ADD CONSTRAINT procrastinate_jobs_worker_id_fkey FOREIGN KEY (worker_id) REFERENCES queue.procrastinate_workers(id) ON DELETE SET NULL;

ALTER TABLE ONLY queue.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_job_id_fkey FOREIGN KEY (job_id) REFERENCES queue.procrastinate_jobs(id);
