-- What analysts read: search, the past and its differences, health, gaps.

-- 1. Search. The index stands in a table of its own and is filled after the page's transaction: settling a page leaves a number
-- in etl.search_waiting and no more; etl.fill_search takes numbers from there.
CREATE TABLE etl.search_texts (
    article_id bigint PRIMARY KEY REFERENCES etl.articles ON DELETE CASCADE,
    at timestamptz NOT NULL,
    words tsvector NOT NULL
);
-- Words go out of line, so that a thousand rows are looked through in a few pages; they do not compress well.
ALTER TABLE etl.search_texts SET (toast_tuple_target = 128);
ALTER TABLE etl.search_texts ALTER COLUMN words SET STORAGE EXTERNAL;
CREATE INDEX search_texts_words ON etl.search_texts USING gin (words) WITH (gin_pending_list_limit = 1024);
CREATE INDEX search_texts_at ON etl.search_texts (at);
COMMENT ON TABLE etl.search_texts IS 'The current words of each article, for news.search.';
COMMENT ON COLUMN etl.search_texts.article_id IS 'The article.';
COMMENT ON COLUMN etl.search_texts.at IS 'Its publication time; the first capture where there is none.';
COMMENT ON COLUMN etl.search_texts.words IS 'Its words, stemmed in its language, the title weighing most; and marks, which begin with @: day, month, year, host, language, sources.';

CREATE TABLE etl.search_waiting (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    article_id bigint NOT NULL
);
COMMENT ON TABLE etl.search_waiting IS 'Articles whose words are to be written into etl.search_texts, oldest first.';
COMMENT ON COLUMN etl.search_waiting.id IS 'Order of arrival.';
COMMENT ON COLUMN etl.search_waiting.article_id IS 'The article; no foreign key, for it may be gone before its turn.';

CREATE TABLE etl.search_configs (
    config text PRIMARY KEY
);
COMMENT ON TABLE etl.search_configs IS 'Text search configurations that some article was indexed with: a query without a language asks in each of them.';
COMMENT ON COLUMN etl.search_configs.config IS 'Its name.';

CREATE FUNCTION etl.search_config(language text)
RETURNS regconfig
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
COMMENT ON FUNCTION etl.search_config(text) IS 'Return the text search configuration for a BCP 47 tag: those that 15 to 18 all have; simple for other languages.';

CREATE FUNCTION etl.unspaced_letters()
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
SELECT '\u0E00-\u0E7F\u0E80-\u0EFF\u1000-\u109F\u1780-\u17FF\u3005-\u3007\u3040-\u30FA\u30FC-\u30FF\u31F0-\u31FF'
    || '\u3400-\u4DBF\u4E00-\u9FFF\uAC00-\uD7A3\uF900-\uFAFF\uFF66-\uFF9F\U00020000-\U0003FFFF'
$$;
COMMENT ON FUNCTION etl.unspaced_letters() IS
    'Letters, as a range of a regular expression, of scripts without spaces between words: Han, Kana, Thai, Lao, Burmese, Khmer; and of Korean, whose words carry endings.';

-- The result has the length of what was given (in NFC), so that a place in the one is a place in the other.
CREATE FUNCTION etl.unmarked(words text, config regconfig)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
SELECT CASE config
    -- Without accents these endings no longer look to the stemmer like those of the plural.
    WHEN 'pg_catalog.french'::regconfig THEN regexp_replace(regexp_replace(regexp_replace(w.plain,
        '(i)ere(s|ment)?\M', '\1ère\2', 'gi'), 'e(es?)\M', 'é\1', 'gi'), '(it)e(s?)\M', '\1é\2', 'gi')
    WHEN 'pg_catalog.spanish'::regconfig THEN regexp_replace(w.plain, '(a)cion\M', '\1ción', 'gi')
    WHEN 'pg_catalog.portuguese'::regconfig THEN regexp_replace(w.plain, '([cs])oes\M', '\1ao ', 'gi')
    ELSE w.plain
END
FROM (
    -- Slash, hyphen, & and < would join what stands beside them into one token, a path, a compound, an entity or a tag.
    SELECT regexp_replace(
        CASE
            WHEN octet_length(words) = length(words) THEN words
            -- The breve stays on Cyrillic letters: й is a letter of its own.
            ELSE normalize(regexp_replace(
                normalize(words, NFD), '[\u0300-\u0305\u0307-\u036F]+|(?<=[A-Za-z])\u0306', '', 'g'), NFC)
        END,
        '[-<>&/\u00A0-\u00A9\u00AB-\u00B4\u00B6-\u00B9\u00BB-\u00BF\u2010-\u206F\u3000-\u3004\u3008-\u3020\u30FB\uFF01-\uFF0F\uFF1A-\uFF20]',
        ' ', 'g') AS plain
) AS w
$$;
COMMENT ON FUNCTION etl.unmarked(text, regconfig) IS 'Return the text without accents, and with spaces for what parts words, letter for letter.';

CREATE FUNCTION etl.in_pairs(words text, is_query boolean)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
SELECT CASE WHEN words ~ ('[' || etl.unspaced_letters() || ']') THEN (
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
        FROM regexp_matches(words, '([' || etl.unspaced_letters() || ']+|[^' || etl.unspaced_letters() || ']+)', 'g')
            WITH ORDINALITY AS m (found, number)
    ) AS part
    CROSS JOIN LATERAL (
        SELECT string_agg(substr(part.words, n, 2), ' ' ORDER BY n) AS words
        FROM generate_series(1, greatest(1, length(part.words) - 1)) AS n
    ) AS pairs
) ELSE words END
$$;
COMMENT ON FUNCTION etl.in_pairs(text, boolean) IS 'Return the text with 日本語 written as its pairs of letters, 日本 本語: words of scripts without spaces are found as the pairs they are made of.';

CREATE FUNCTION etl.search_words(words text, config regconfig)
RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
SELECT to_tsvector(config, etl.in_pairs(etl.unmarked(words, config), false))
$$;
COMMENT ON FUNCTION etl.search_words(text, regconfig) IS 'Return the words of a text as they are searched for.';

CREATE FUNCTION etl.search_query(query text, config regconfig)
RETURNS tsquery
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
COMMENT ON FUNCTION etl.search_query(text, regconfig) IS 'Return what was typed (words, "a phrase", or, -without) as a query in that configuration.';

CREATE FUNCTION etl.search_mark(kind text, value text)
RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
SELECT ('''@' || kind || replace(replace(value, '\', '\\'), '''', '''''') || '''')::tsquery
$$;
COMMENT ON FUNCTION etl.search_mark(text, text) IS 'Return the query for one of the marks of etl.search_texts.words.';

CREATE FUNCTION etl.fill_search(at_most integer)
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
COMMENT ON FUNCTION etl.fill_search(integer) IS
    'Write the words of up to so many waiting articles; return how many. 0: none waits, or somebody else is at it.';

CREATE FUNCTION etl.wait_for_search()
RETURNS trigger
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
CREATE TRIGGER search_inserted AFTER INSERT ON etl.article_versions
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION etl.wait_for_search();
CREATE TRIGGER search_updated AFTER UPDATE ON etl.article_versions
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION etl.wait_for_search();
CREATE TRIGGER search_inserted AFTER INSERT ON etl.sightings
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION etl.wait_for_search();
INSERT INTO etl.search_waiting (article_id) SELECT a.id FROM etl.articles a ORDER BY a.id;

-- GIN knows no order, so a common query would bring a hundred thousand rows to sort. Each row carries its day, month and year as
-- words: the newest slices are asked for first, as wide as the hits are rare, until there are enough.
CREATE FUNCTION etl.newest_hits(wanted tsquery, since timestamptz, until timestamptz, enough integer)
RETURNS TABLE (article_id bigint, at timestamptz)
LANGUAGE plpgsql STABLE ROWS 400
SET enable_seqscan = off
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
COMMENT ON FUNCTION etl.newest_hits(tsquery, timestamptz, timestamptz, integer) IS 'Return the newest articles that match, up to enough of them.';

CREATE FUNCTION etl.snippet(body text, config regconfig, wanted tsquery, typed text)
RETURNS text
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
COMMENT ON FUNCTION etl.snippet(text, regconfig, tsquery, text) IS 'Return the part of a text that shows the query best, its words in <b>, with their accents.';

CREATE FUNCTION news.search(
    query text, language text DEFAULT NULL, "from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL,
    source text DEFAULT NULL, at_most integer DEFAULT 20
)
RETURNS TABLE (
    article_id bigint, score real, host text, title text, snippet text, article_language text, published_at timestamptz,
    url text, story_id bigint, copy_of bigint
)
LANGUAGE plpgsql STABLE ROWS 20 SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION news.search(text, text, timestamptz, timestamptz, text, integer) IS
    'Articles that read now what you ask for, the best of the 400 newest matches first (of the 100 newest for a phrase). query: words, "a phrase", or, -without; accents and '
    'case do not matter (empecher finds empêcher), nor do endings, by the language of each article. language: BCP 47 tag, of the '
    'query and of what is found; null asks in all languages at once. "from" (included) and "to" (excluded): publication time, or first capture '
    'where there is none; "to" also reaches what is older than the newest 400. source: a slug or a recipe of news.sources, or a host. Chinese, Japanese, Korean, Thai, Lao, '
    'Burmese and Khmer words are found as the pairs of letters they are made of. score: ts_rank, title above lead above text, '
    'divided by the logarithm of the length; snippet: matches in <b>, nothing else escaped. New articles are found after some seconds.';

-- 2. The past. Both read the views only, so who may read schema news may call them; articles_asof is one plain SELECT, so the
-- planner sees through it.
CREATE FUNCTION news.articles_asof(at timestamptz)
RETURNS TABLE (
    article_id bigint, url text, host text, title text, authors text[], lead text, text text, section text, tags text[],
    language text, published_at timestamptz, modified_at timestamptz, access text, image_url text, image_caption text,
    version_id bigint, valid_from timestamptz, valid_to timestamptz
)
LANGUAGE sql STABLE ROWS 10000
AS $$
SELECT v.article_id, a.url, a.host, v.title, v.authors, v.lead, v.text, v.section, v.tags, v.language, v.published_at,
       v.modified_at, v.access, v.image_url, v.image_caption, v.version_id, v.valid_from, v.valid_to
FROM news.article_versions v
JOIN news.articles a ON a.article_id = v.article_id
WHERE v.valid_from <= $1 AND (v.valid_to > $1 OR v.valid_to IS NULL)
$$;
COMMENT ON FUNCTION news.articles_asof(timestamptz) IS
    'Articles as they read at that moment: each article that we had captured by then, in the version that held (valid_from included, '
    'valid_to excluded). Columns as in news.articles and news.article_versions. Add conditions on its columns as on a view.';

CREATE FUNCTION news.line_diff(was text[], becomes text[])
RETURNS TABLE (number integer, change text, line text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 40
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
COMMENT ON FUNCTION news.line_diff(text[], text[]) IS
    'What turns the one list of lines into the other: each line once, in reading order, with change kept, removed or added. As few removed '
    'and added lines as can be (longest common subsequence); where what lies between the first and the last difference is more than '
    'about 200 by 200 lines, that part is given as removed and added whole.';

CREATE FUNCTION news.article_diff(article_id bigint, v1 bigint DEFAULT NULL, v2 bigint DEFAULT NULL)
RETURNS TABLE (field text, number integer, change text, line text)
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
COMMENT ON FUNCTION news.article_diff(bigint, bigint, bigint) IS
    'What changed in an article from version v1 to version v2 (version_id of news.article_versions), line by line: the fields that differ, '
    'in each the lines removed, added and kept, in reading order (number). Paragraphs, authors and tags are lines of their own. '
    'Without v2: the current version; without v1: the version before v2. No rows: nothing differs, or there is no version before.';

-- 3. Health and gaps.
CREATE VIEW news.source_health AS
SELECT s.id AS source_id, s.slug AS source, s.host, s.kind, h.state,
       CASE h.state
           WHEN 'failing' THEN s.failing_since
           WHEN 'late' THEN s.next_poll_at
           WHEN 'silent' THEN g.newest_page_at
       END AS since,
       CASE h.state WHEN 'paused' THEN s.paused_because ELSE coalesce(s.outcome_detail, s.outcome) END AS detail,
       s.polled_at, s.next_poll_at, s.failures, g.pages_day, g.pages_week, g.pages_four_weeks, g.newest_page_at
FROM etl.sources s
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE x.first_seen_at >= now() - interval '1 day') AS pages_day,
           count(*) FILTER (WHERE x.first_seen_at >= now() - interval '7 days') AS pages_week,
           count(*) AS pages_four_weeks,
           max(x.first_seen_at) AS newest_page_at
    FROM etl.sightings x
    WHERE x.source_id = s.id AND x.first_seen_at >= now() - interval '28 days' AND x.depth = 0
) AS g
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN NOT s.is_active THEN 'paused'
        WHEN s.polled_at IS NULL THEN 'new'
        WHEN s.failures > 0 THEN 'failing'
        WHEN s.next_poll_at < now() - interval '5 minutes' THEN 'late'
        WHEN g.pages_four_weeks >= 14 AND g.newest_page_at < now() - interval '2 days' THEN 'silent'
        ELSE 'well'
    END AS state
) AS h;
COMMENT ON VIEW news.source_health IS 'How each source is, and since when; what it gave lately.';
COMMENT ON COLUMN news.source_health.source_id IS 'Number of the source.';
COMMENT ON COLUMN news.source_health.source IS 'Slug of the source.';
COMMENT ON COLUMN news.source_health.host IS 'Host of its URL.';
COMMENT ON COLUMN news.source_health.kind IS 'feed, sitemap or listing.';
COMMENT ON COLUMN news.source_health.state IS
    'The first of these that is true: paused; new (never polled); failing (the last poll failed); late (its poll is overdue by 5 minutes: no worker or no scheduler); '
    'silent (polls go well, but nothing new for 2 days, though it named at least 14 pages in 28 days); well.';
COMMENT ON COLUMN news.source_health.since IS 'Since when it is failing, late or silent; null for the other states.';
COMMENT ON COLUMN news.source_health.detail IS 'Why it is paused, or how its last poll ended, in words.';
COMMENT ON COLUMN news.source_health.polled_at IS 'When it was last polled.';
COMMENT ON COLUMN news.source_health.next_poll_at IS 'When it is polled next.';
COMMENT ON COLUMN news.source_health.failures IS 'Failed polls in a row.';
COMMENT ON COLUMN news.source_health.pages_day IS 'Pages it named for the first time in the last 24 hours.';
COMMENT ON COLUMN news.source_health.pages_week IS 'The same in the last 7 days.';
COMMENT ON COLUMN news.source_health.pages_four_weeks IS 'The same in the last 28 days.';
COMMENT ON COLUMN news.source_health.newest_page_at IS 'When it last named a page for the first time; null when that is more than 28 days ago.';

CREATE VIEW news.coverage_gaps AS
SELECT s.id AS source_id, s.slug AS source, s.host, d.day, d.expected, d.least, d.seen, d.expected - d.seen AS missing,
       d.seen < d.least AS is_unusual, r.polls, f.failed_polls, f.failure
FROM etl.sources s
CROSS JOIN LATERAL (
    WITH daily AS MATERIALIZED (
        SELECT b.day, b.begins_at, coalesce(n.pages, 0) AS pages
        FROM (
            SELECT n.days_ago, date_trunc('day', now(), 'UTC') - n.days_ago * interval '24 hours' AS begins_at,
                   ((now() AT TIME ZONE 'UTC')::date - n.days_ago) AS day
            FROM generate_series(1, 84) AS n (days_ago)
        ) AS b
        LEFT JOIN (
            SELECT (x.first_seen_at AT TIME ZONE 'UTC')::date AS day, count(*) AS pages
            FROM etl.sightings x
            WHERE x.source_id = s.id AND x.depth = 0 AND x.found_by <> 'backfill'
              AND x.first_seen_at >= date_trunc('day', now(), 'UTC') - interval '2016 hours'
            GROUP BY 1
        ) AS n ON n.day = b.day
        -- On its first day a source names all that it has.
        WHERE b.day > (s.created_at AT TIME ZONE 'UTC')::date
    )
    SELECT c.day, c.begins_at, c.pages AS seen, w.expected, w.least
    FROM daily c
    CROSS JOIN LATERAL (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY h.pages) AS expected, min(h.pages) AS least, count(*) AS weeks
        FROM daily h
        WHERE h.day IN (c.day - 7, c.day - 14, c.day - 21, c.day - 28, c.day - 35, c.day - 42, c.day - 49, c.day - 56)
    ) AS w
    WHERE c.day > (now() AT TIME ZONE 'UTC')::date - 29 AND w.weeks >= 3 AND c.pages < w.expected
) AS d
CROSS JOIN LATERAL (
    SELECT count(*) AS polls
    FROM etl.runs x
    WHERE x.source_id = s.id AND x.kind = 'poll' AND x.outcome = 'ok'
      AND x.started_at >= d.begins_at AND x.started_at < d.begins_at + interval '24 hours'
) AS r
CROSS JOIN LATERAL (
    SELECT count(*) AS failed_polls, mode() WITHIN GROUP (ORDER BY x.outcome) AS failure
    FROM etl.attempts x
    WHERE x.source_id = s.id AND x.attempted_at >= d.begins_at AND x.attempted_at < d.begins_at + interval '24 hours'
) AS f;
COMMENT ON VIEW news.coverage_gaps IS
    'Days on which a source named fewer new pages than on the same day of the week before: the last 28 whole days (UTC), each against up to '
    '8 same weekdays before it. Days with fewer than 3 such weeks of history are left out, and so is the day a source was added.';
COMMENT ON COLUMN news.coverage_gaps.source_id IS 'Number of the source.';
COMMENT ON COLUMN news.coverage_gaps.source IS 'Slug of the source.';
COMMENT ON COLUMN news.coverage_gaps.host IS 'Host of its URL.';
COMMENT ON COLUMN news.coverage_gaps.day IS 'The day, in UTC.';
COMMENT ON COLUMN news.coverage_gaps.expected IS 'Median of the pages it named for the first time on the same weekdays of the 8 weeks before.';
COMMENT ON COLUMN news.coverage_gaps.least IS 'The fewest on one of them.';
COMMENT ON COLUMN news.coverage_gaps.seen IS 'Pages it named for the first time on that day (by links of articles and by backfills not counted).';
COMMENT ON COLUMN news.coverage_gaps.missing IS 'expected less seen.';
COMMENT ON COLUMN news.coverage_gaps.is_unusual IS 'True when there were fewer than on any of those weekdays: look at these first.';
COMMENT ON COLUMN news.coverage_gaps.polls IS 'Polls of that day whose answer had changed; 0 with no failed ones: nobody asked, or nothing changed.';
COMMENT ON COLUMN news.coverage_gaps.failed_polls IS 'Polls of that day that failed, as far as retention keeps them.';
COMMENT ON COLUMN news.coverage_gaps.failure IS 'The outcome most of them had.';

CREATE VIEW news.urls AS
SELECT u.url, p.url AS page_url, u.rule, u.first_seen_at, a.id AS article_id
FROM etl.page_urls u
JOIN etl.pages p ON p.id = u.page_id
LEFT JOIN etl.articles a ON a.page_id = p.id;
COMMENT ON VIEW news.urls IS
    'Every spelling of a URL we met, and the page it leads to: where a URL is not in news.outcomes, look here. What was erased is nowhere.';
COMMENT ON COLUMN news.urls.url IS 'URL as it was found.';
COMMENT ON COLUMN news.urls.page_url IS 'URL of its page, as in news.outcomes.';
COMMENT ON COLUMN news.urls.rule IS
    'Why it is that page: canonical (its own name), tracking, amp, redirect, rel_canonical …; split: a person took it out of another page.';
COMMENT ON COLUMN news.urls.first_seen_at IS 'When it was first met.';
COMMENT ON COLUMN news.urls.article_id IS 'The article on that page.';
