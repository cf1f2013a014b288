-- What the words of a text cost: functions in plpgsql, whose simple expressions need no executor of their own at each call, as those of
-- a strict SQL function with CASE do, which is never inlined; and a text without a letter beyond ASCII is not looked through for
-- scripts without spaces. The words are the same.

CREATE OR REPLACE FUNCTION etl.unmarked(words text, config regconfig)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
STRICT
PARALLEL SAFE
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

CREATE OR REPLACE FUNCTION etl.in_pairs(words text, is_query boolean)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
STRICT
PARALLEL SAFE
AS $$
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
$$;

CREATE OR REPLACE FUNCTION etl.fill_search(at_most integer)
RETURNS integer
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
