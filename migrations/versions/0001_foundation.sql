-- The whole way once: sources, pages, captures, articles with their versions, links, stories, and the jobs' own books.
-- Schema etl is ours and may change; schema news is what consumers read (views below; columns are only ever added).

CREATE SCHEMA IF NOT EXISTS etl;
CREATE SCHEMA IF NOT EXISTS news;
COMMENT ON SCHEMA etl IS 'Tables of news-etl. They may change with any release: read schema news instead.';
COMMENT ON SCHEMA news IS 'The contract for consumers: views and functions that change only by addition.';

CREATE TABLE etl.hosts (
    host text PRIMARY KEY,
    free_at timestamptz NOT NULL DEFAULT '-infinity',
    latency_s double precision NOT NULL DEFAULT 0 CHECK (latency_s >= 0),
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    robots_text text,
    robots_status integer,
    robots_fetched_at timestamptz,
    budget_on date,
    budget_used integer NOT NULL DEFAULT 0 CHECK (budget_used >= 0)
);
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

CREATE TABLE etl.sources (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('feed', 'sitemap', 'listing')),
    url text NOT NULL,
    host text NOT NULL,
    recipe text NOT NULL,
    interval_s double precision NOT NULL CHECK (interval_s > 0),
    cron text,
    zone text,
    follow text[] NOT NULL DEFAULT '{}' CHECK (follow <@ ARRAY['inline', 'related', 'most_read', 'latest']),
    is_active boolean NOT NULL DEFAULT true,
    paused_because text,
    next_poll_at timestamptz NOT NULL,
    etag text,
    last_modified text,
    body_sha256 bytea,
    outcome text,
    outcome_detail text,
    polled_at timestamptz,
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failing_since timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX sources_due ON etl.sources (next_poll_at) WHERE is_active;
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

CREATE TABLE etl.pages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    url text NOT NULL CHECK (octet_length(url) <= 8192),
    url_key uuid NOT NULL UNIQUE,
    host text NOT NULL,
    found_at timestamptz NOT NULL,
    next_visit_at timestamptz,
    visits integer NOT NULL DEFAULT 0 CHECK (visits >= 0),
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    etag text,
    last_modified text,
    body_sha256 bytea,
    captured_at timestamptz,
    outcome text,
    outcome_detail text,
    outcome_at timestamptz
);
CREATE INDEX pages_due ON etl.pages (host, next_visit_at) WHERE next_visit_at IS NOT NULL;
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

CREATE TABLE etl.page_urls (
    variant_key uuid PRIMARY KEY,
    page_id bigint NOT NULL REFERENCES etl.pages ON DELETE CASCADE,
    url_key uuid NOT NULL,
    url text NOT NULL CHECK (octet_length(url) <= 8192),
    rule text NOT NULL,
    first_seen_at timestamptz NOT NULL
);
CREATE INDEX page_urls_by_key ON etl.page_urls (url_key);
CREATE INDEX page_urls_by_page ON etl.page_urls (page_id);
COMMENT ON TABLE etl.page_urls IS 'Every spelling of a URL seen for a page, with the rule that joined it.';
COMMENT ON COLUMN etl.page_urls.variant_key IS '128-bit hash of the URL as it was written.';
COMMENT ON COLUMN etl.page_urls.page_id IS 'The page it leads to.';
COMMENT ON COLUMN etl.page_urls.url_key IS 'Hash of its canonical form: links resolve to pages through this.';
COMMENT ON COLUMN etl.page_urls.url IS 'The URL as it was written.';
COMMENT ON COLUMN etl.page_urls.rule IS 'Why it is this page: canonical, tracking, amp, redirect, rel_canonical …';
COMMENT ON COLUMN etl.page_urls.first_seen_at IS 'When it was first seen.';

CREATE TABLE etl.sightings (
    page_id bigint NOT NULL REFERENCES etl.pages ON DELETE CASCADE,
    source_id bigint NOT NULL REFERENCES etl.sources ON DELETE CASCADE,
    found_by text NOT NULL CHECK (found_by IN ('feed', 'sitemap', 'listing', 'link', 'backfill')),
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL CHECK (last_seen_at >= first_seen_at),
    position integer,
    title text,
    published_at timestamptz,
    published_text text,
    PRIMARY KEY (page_id, source_id)
);
CREATE INDEX sightings_by_source ON etl.sightings (source_id, first_seen_at);
COMMENT ON TABLE etl.sightings IS 'Which source pointed at which page, and when.';
COMMENT ON COLUMN etl.sightings.page_id IS 'The page.';
COMMENT ON COLUMN etl.sightings.source_id IS 'The source.';
COMMENT ON COLUMN etl.sightings.found_by IS 'How: feed, sitemap, listing, link or backfill.';
COMMENT ON COLUMN etl.sightings.first_seen_at IS 'First poll in which the source named it.';
COMMENT ON COLUMN etl.sightings.last_seen_at IS 'Last poll, among those whose answer had changed, in which the source named it.';
COMMENT ON COLUMN etl.sightings.position IS 'Place in the source when last seen, from 0.';
COMMENT ON COLUMN etl.sightings.title IS 'What the source called it; null when it said nothing.';
COMMENT ON COLUMN etl.sightings.published_at IS 'Publication time by the source; null when it said nothing readable.';
COMMENT ON COLUMN etl.sightings.published_text IS 'That time as the source wrote it.';

CREATE SEQUENCE etl.captures_id_seq AS bigint;
CREATE TABLE etl.captures (
    id bigint NOT NULL DEFAULT nextval('etl.captures_id_seq'),
    stored_at timestamptz NOT NULL DEFAULT now(),
    page_id bigint NOT NULL REFERENCES etl.pages ON DELETE CASCADE,
    url text NOT NULL,
    final_url text NOT NULL,
    status integer NOT NULL,
    headers jsonb NOT NULL,
    redirects jsonb NOT NULL DEFAULT '[]',
    body_sha256 bytea NOT NULL CHECK (octet_length(body_sha256) = 32),
    body_bytes bigint NOT NULL CHECK (body_bytes >= 0),
    fetched_at timestamptz NOT NULL,
    archive_file text NOT NULL,
    archive_offset bigint NOT NULL CHECK (archive_offset >= 0),
    archive_length bigint NOT NULL CHECK (archive_length > 0),
    digested_at timestamptz,
    outcome text,
    outcome_detail text,
    PRIMARY KEY (id, stored_at)
) PARTITION BY RANGE (stored_at);
CREATE TABLE etl.captures_rest PARTITION OF etl.captures DEFAULT;
ALTER SEQUENCE etl.captures_id_seq OWNED BY etl.captures.id;
CREATE INDEX captures_pending ON etl.captures (id) WHERE digested_at IS NULL;
CREATE INDEX captures_by_page ON etl.captures (page_id, fetched_at);
COMMENT ON TABLE etl.captures IS 'One answer of one host on one day; its bytes stand in the archive (WARC). Partitioned by month of stored_at.';
COMMENT ON TABLE etl.captures_rest IS 'Captures for which no monthly partition was made ahead.';
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

CREATE SEQUENCE etl.attempts_id_seq AS bigint;
CREATE TABLE etl.attempts (
    id bigint NOT NULL DEFAULT nextval('etl.attempts_id_seq'),
    attempted_at timestamptz NOT NULL,
    url text NOT NULL,
    host text NOT NULL,
    page_id bigint,
    source_id bigint,
    outcome text NOT NULL,
    status integer,
    took_s double precision,
    detail text,
    PRIMARY KEY (id, attempted_at)
) PARTITION BY RANGE (attempted_at);
CREATE TABLE etl.attempts_rest PARTITION OF etl.attempts DEFAULT;
ALTER SEQUENCE etl.attempts_id_seq OWNED BY etl.attempts.id;
CREATE INDEX attempts_by_page ON etl.attempts (page_id, attempted_at) WHERE page_id IS NOT NULL;
COMMENT ON TABLE etl.attempts IS 'Each request that did not give a capture, and why. Partitioned by month of attempted_at.';
COMMENT ON TABLE etl.attempts_rest IS 'Attempts for which no monthly partition was made ahead.';
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

CREATE TABLE etl.stories (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    opened_at timestamptz NOT NULL
);
COMMENT ON TABLE etl.stories IS 'Articles of any publisher that carry the same text (wire copies, re-posts).';
COMMENT ON COLUMN etl.stories.id IS 'Stable number.';
COMMENT ON COLUMN etl.stories.opened_at IS 'When its first article was seen.';

CREATE TABLE etl.articles (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    page_id bigint NOT NULL UNIQUE REFERENCES etl.pages ON DELETE CASCADE,
    story_id bigint NOT NULL REFERENCES etl.stories,
    copy_of bigint REFERENCES etl.articles ON DELETE SET NULL,
    similarity real CHECK (similarity BETWEEN 0 AND 1),
    story_reason text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CHECK (copy_of IS NULL OR copy_of <> id)
);
CREATE INDEX articles_by_story ON etl.articles (story_id);
CREATE INDEX articles_by_copy ON etl.articles (copy_of) WHERE copy_of IS NOT NULL;
COMMENT ON TABLE etl.articles IS 'One row per page that holds an article; what it says stands in etl.article_versions.';
COMMENT ON COLUMN etl.articles.id IS 'Stable number.';
COMMENT ON COLUMN etl.articles.page_id IS 'Its page.';
COMMENT ON COLUMN etl.articles.story_id IS 'The story it belongs to: all articles with the same text.';
COMMENT ON COLUMN etl.articles.copy_of IS 'The article it repeats; null for the first of its story.';
COMMENT ON COLUMN etl.articles.similarity IS 'Share of the shorter text that both carry, 0 to 1; null for the first of its story.';
COMMENT ON COLUMN etl.articles.story_reason IS 'Why it is in that story: the rule that decided.';
COMMENT ON COLUMN etl.articles.first_seen_at IS 'Time of the first capture that held it.';
COMMENT ON COLUMN etl.articles.changed_at IS 'Start of its current version.';

CREATE TABLE etl.external_ids (
    external_id text PRIMARY KEY,
    article_id bigint NOT NULL REFERENCES etl.articles ON DELETE CASCADE,
    loaded_at timestamptz NOT NULL
);
CREATE INDEX external_ids_by_article ON etl.external_ids (article_id);
COMMENT ON TABLE etl.external_ids IS 'Ids of articles in the systems they were loaded from; two of one page lead to one article.';
COMMENT ON COLUMN etl.external_ids.external_id IS 'The id as given.';
COMMENT ON COLUMN etl.external_ids.article_id IS 'The article.';
COMMENT ON COLUMN etl.external_ids.loaded_at IS 'When it was first loaded.';

CREATE TABLE etl.article_versions (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    article_id bigint NOT NULL REFERENCES etl.articles ON DELETE CASCADE,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz,
    follows timestamptz,
    capture_id bigint,
    content_key bytea NOT NULL,
    title text NOT NULL,
    authors text[] NOT NULL DEFAULT '{}',
    lead text,
    text text NOT NULL,
    block_kinds text[] NOT NULL DEFAULT '{}',
    section text,
    tags text[] NOT NULL DEFAULT '{}',
    language text,
    image_url text,
    image_caption text,
    canonical_url text,
    access text CHECK (access IN ('free', 'metered', 'paid')),
    published_at timestamptz,
    published_zone text,
    published_precision text CHECK (published_precision IN ('minute', 'day')),
    published_text text,
    modified_at timestamptz,
    modified_zone text,
    modified_precision text CHECK (modified_precision IN ('minute', 'day')),
    modified_text text,
    evidence jsonb NOT NULL DEFAULT '{}',
    changed_fields text[] NOT NULL DEFAULT '{}',
    materiality text CHECK (materiality IN ('minor', 'headline', 'substantive')),
    extractor text NOT NULL,
    CHECK (valid_to > valid_from),
    CHECK (follows = valid_from),
    CONSTRAINT one_version_from UNIQUE (article_id, valid_from),
    CONSTRAINT one_version_to UNIQUE NULLS NOT DISTINCT (article_id, valid_to),
    CONSTRAINT one_first_version UNIQUE NULLS NOT DISTINCT (article_id, follows),
    CONSTRAINT no_hole FOREIGN KEY (article_id, follows) REFERENCES etl.article_versions (article_id, valid_to)
        DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX article_versions_published ON etl.article_versions (published_at) WHERE valid_to IS NULL;
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

CREATE TABLE etl.article_keys (
    key integer NOT NULL,
    article_id bigint NOT NULL REFERENCES etl.articles ON DELETE CASCADE,
    PRIMARY KEY (key, article_id)
);
CREATE INDEX article_keys_by_article ON etl.article_keys (article_id);
COMMENT ON TABLE etl.article_keys IS 'Signature keys of each article: copies share some (etl.dedupe.signature).';
COMMENT ON COLUMN etl.article_keys.key IS 'Hash of one shingle of the text.';
COMMENT ON COLUMN etl.article_keys.article_id IS 'The article that carries it.';

CREATE TABLE etl.links (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    page_id bigint NOT NULL REFERENCES etl.pages ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('inline', 'related', 'most_read', 'latest')),
    url_key uuid NOT NULL,
    url text NOT NULL,
    first_observed_at timestamptz NOT NULL,
    last_observed_at timestamptz CHECK (last_observed_at >= first_observed_at),
    position integer NOT NULL,
    rank integer,
    block text,
    title text NOT NULL,
    kicker text,
    date_text text,
    published_at timestamptz,
    published_precision text CHECK (published_precision IN ('minute', 'day')),
    rule text NOT NULL
);
CREATE UNIQUE INDEX links_open ON etl.links (page_id, kind, url_key) WHERE last_observed_at IS NULL;
CREATE INDEX links_by_page ON etl.links (page_id, first_observed_at);
CREATE INDEX links_by_target ON etl.links (url_key);
COMMENT ON TABLE etl.links IS 'Links of a page to other articles, as intervals: a change of rank, block or title closes one and opens the next.';
COMMENT ON COLUMN etl.links.id IS 'Stable number.';
COMMENT ON COLUMN etl.links.page_id IS 'The page the link stands on: an article or a front.';
COMMENT ON COLUMN etl.links.kind IS 'inline, related, most_read or latest.';
COMMENT ON COLUMN etl.links.url_key IS 'Hash of the canonical target: joins etl.page_urls.url_key when the target is known.';
COMMENT ON COLUMN etl.links.url IS 'The canonical target.';
COMMENT ON COLUMN etl.links.first_observed_at IS 'Time of the first capture that showed it so.';
COMMENT ON COLUMN etl.links.last_observed_at IS 'Time of the last capture that showed it so; null while it still stands (then etl.pages.captured_at).';
COMMENT ON COLUMN etl.links.position IS 'Place on the page in document order, from 0, when first observed.';
COMMENT ON COLUMN etl.links.rank IS 'Rank shown with it.';
COMMENT ON COLUMN etl.links.block IS 'Printed heading of the block it stands in.';
COMMENT ON COLUMN etl.links.title IS 'Headline of the teaser, or the anchor text of an inline link.';
COMMENT ON COLUMN etl.links.kicker IS 'Section or format label shown with it.';
COMMENT ON COLUMN etl.links.date_text IS 'Date label as printed when first observed.';
COMMENT ON COLUMN etl.links.published_at IS 'That label as a time; null when it could not be read.';
COMMENT ON COLUMN etl.links.published_precision IS 'minute or day.';
COMMENT ON COLUMN etl.links.rule IS 'Which rule decided the kind.';

CREATE TABLE etl.tombstones (
    url_key uuid PRIMARY KEY,
    reason text NOT NULL CHECK (reason IN ('erased', 'aged_out')),
    buried_at timestamptz NOT NULL,
    buried_by text
);
COMMENT ON TABLE etl.tombstones IS 'URLs that must not come back as new: erased on demand or aged out.';
COMMENT ON COLUMN etl.tombstones.url_key IS 'Hash of the canonical URL; the URL itself is not kept.';
COMMENT ON COLUMN etl.tombstones.reason IS 'erased or aged_out.';
COMMENT ON COLUMN etl.tombstones.buried_at IS 'When.';
COMMENT ON COLUMN etl.tombstones.buried_by IS 'Who asked for it.';

CREATE TABLE etl.backfills (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('urls', 'sitemap', 'warc', 'wayback', 'redigest', 'load')),
    plan_key text NOT NULL UNIQUE,
    plan jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('planned', 'running', 'paused', 'done', 'cancelled', 'failed')),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    detail text
);
COMMENT ON TABLE etl.backfills IS 'One-off jobs: what was asked for, by whom, and how far it is.';
COMMENT ON COLUMN etl.backfills.id IS 'Stable number.';
COMMENT ON COLUMN etl.backfills.kind IS 'urls, sitemap, warc, wayback, redigest or load.';
COMMENT ON COLUMN etl.backfills.plan_key IS 'Hash of kind and plan: the same command again resumes the same backfill.';
COMMENT ON COLUMN etl.backfills.plan IS 'What was asked for.';
COMMENT ON COLUMN etl.backfills.state IS 'planned, running, paused, done, cancelled or failed.';
COMMENT ON COLUMN etl.backfills.created_at IS 'When it was asked for.';
COMMENT ON COLUMN etl.backfills.created_by IS 'User and machine that asked.';
COMMENT ON COLUMN etl.backfills.started_at IS 'When its first item was begun.';
COMMENT ON COLUMN etl.backfills.ended_at IS 'When its last item ended; null before.';
COMMENT ON COLUMN etl.backfills.detail IS 'Why it failed or was cancelled.';

CREATE TABLE etl.backfill_items (
    backfill_id bigint NOT NULL REFERENCES etl.backfills ON DELETE CASCADE,
    item text NOT NULL,
    number integer NOT NULL,
    state text NOT NULL CHECK (state IN ('planned', 'running', 'done', 'failed')),
    reached bigint NOT NULL DEFAULT 0,
    counts jsonb NOT NULL DEFAULT '{}',
    detail text,
    ended_at timestamptz,
    PRIMARY KEY (backfill_id, item)
);
CREATE INDEX backfill_items_open ON etl.backfill_items (backfill_id, number) WHERE state IN ('planned', 'running');
COMMENT ON TABLE etl.backfill_items IS 'The parts of a backfill: a URL, a file, a range; each resumes where it stopped.';
COMMENT ON COLUMN etl.backfill_items.backfill_id IS 'The backfill.';
COMMENT ON COLUMN etl.backfill_items.item IS 'What it is: a URL or a file.';
COMMENT ON COLUMN etl.backfill_items.number IS 'Place in the plan, from 1.';
COMMENT ON COLUMN etl.backfill_items.state IS 'planned, running, done or failed.';
COMMENT ON COLUMN etl.backfill_items.reached IS 'Byte offset or line up to which everything is stored: where it resumes.';
COMMENT ON COLUMN etl.backfill_items.counts IS 'Outcome to number of records, up to reached.';
COMMENT ON COLUMN etl.backfill_items.detail IS 'Why it failed.';
COMMENT ON COLUMN etl.backfill_items.ended_at IS 'When it ended.';

CREATE TABLE etl.runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('poll', 'visit', 'digest', 'backfill', 'clean')),
    source_id bigint REFERENCES etl.sources ON DELETE SET NULL,
    host text,
    backfill_id bigint REFERENCES etl.backfills ON DELETE SET NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    outcome text NOT NULL,
    counts jsonb NOT NULL DEFAULT '{}',
    detail text
);
CREATE INDEX runs_by_time ON etl.runs (started_at);
CREATE INDEX runs_by_source ON etl.runs (source_id, started_at) WHERE source_id IS NOT NULL;
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
