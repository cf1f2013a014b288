CREATE OR REPLACE TRIGGER links_name_host BEFORE INSERT OR UPDATE OF page_id, kind, rank ON etl.links
FOR EACH ROW WHEN (NEW.kind = 'most_read' AND NEW.rank IS NOT NULL) EXECUTE FUNCTION etl.name_host_of_ranking();
DROP TRIGGER links_change_host ON etl.links;
COMMENT ON COLUMN etl.links.host IS 'Host of the page, for links with a rank in a most-read block; null for the others. Set by a trigger.';

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
               setweight(etl.search_words(v.title, c.config), 'A')
               || setweight(etl.search_words(coalesce(v.lead, ''), c.config), 'B')
               -- A tsvector ends at 1 MB; the longest of real articles has a tenth of this.
               || etl.search_words(left(v.text, 200000), c.config)
               || array_to_tsvector(ARRAY[
                      '@d' || to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
                      '@m' || to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM'),
                      '@y' || to_char(t.at AT TIME ZONE 'UTC', 'YYYY'),
                      '@h' || p.host,
                      '@l' || split_part(lower(coalesce(v.language, '')), '-', 1)]
                  || ARRAY(SELECT '@s' || g.source_id FROM etl.sightings g WHERE g.page_id = a.page_id)
                  -- The last letter before a space begins no pair, yet it may be asked for alone.
                  || ARRAY(SELECT DISTINCT m[1] FROM regexp_matches(
                         etl.unmarked(concat_ws(' ', v.title, v.lead, left(v.text, 200000)), c.config),
                         '([' || etl.unspaced_letters() || '])(?![' || etl.unspaced_letters() || '])', 'g') AS m))
        FROM etl.articles a
        JOIN etl.pages p ON p.id = a.page_id
        JOIN etl.article_versions v ON v.article_id = a.id AND v.valid_to IS NULL
        CROSS JOIN LATERAL (SELECT etl.search_config(v.language) AS config) AS c
        CROSS JOIN LATERAL (SELECT coalesce(v.published_at, a.first_seen_at) AS at) AS t
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
