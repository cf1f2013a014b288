-- The consumer's contract, first part. A view changes only by addition; docs/sql.md is made from these comments.

CREATE VIEW news.sources AS
SELECT s.id AS source_id, s.slug, s.kind, s.url, s.host, s.recipe, s.is_active, s.paused_because,
       s.next_poll_at, s.polled_at, s.outcome, s.outcome_detail, s.failures, s.failing_since
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

CREATE VIEW news.articles AS
SELECT a.id AS article_id, p.url, p.host, v.title, v.authors, v.lead, v.text, v.section, v.tags, v.language,
       v.published_at, v.published_zone, v.published_precision, v.published_text,
       v.modified_at, v.access, v.image_url, v.image_caption,
       a.story_id, a.copy_of, a.similarity, a.story_reason,
       a.first_seen_at, a.changed_at, p.captured_at AS last_seen_at, v.id AS version_id,
       ARRAY(SELECT x.external_id FROM etl.external_ids x WHERE x.article_id = a.id ORDER BY x.external_id) AS external_ids
FROM etl.articles a
JOIN etl.pages p ON p.id = a.page_id
JOIN etl.article_versions v ON v.article_id = a.id AND v.valid_to IS NULL;
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
COMMENT ON COLUMN news.articles.external_ids IS 'Its ids in the systems it was loaded from; empty for articles we fetched.';
COMMENT ON COLUMN news.articles.version_id IS 'The current row of news.article_versions.';

CREATE VIEW news.article_versions AS
SELECT v.id AS version_id, v.article_id, v.valid_from, v.valid_to, v.changed_fields, v.materiality,
       v.title, v.authors, v.lead, v.text, v.section, v.tags, v.language, v.published_at, v.modified_at, v.access,
       v.image_url, v.image_caption, v.evidence, v.extractor
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

CREATE VIEW news.links AS
SELECT l.id AS link_id, l.kind, a.id AS article_id, p.url AS page_url, p.host,
       l.url AS target_url, t.article_id AS target_article_id,
       l.title, l.kicker, l.block, l.rank, l.position, l.date_text, l.published_at, l.published_precision,
       l.first_observed_at, coalesce(l.last_observed_at, p.captured_at) AS last_observed_at,
       l.last_observed_at IS NULL AS still_there
FROM etl.links l
JOIN etl.pages p ON p.id = l.page_id
LEFT JOIN etl.articles a ON a.page_id = l.page_id
LEFT JOIN LATERAL (
    SELECT ta.id AS article_id
    FROM etl.page_urls u
    JOIN etl.articles ta ON ta.page_id = u.page_id
    WHERE u.url_key = l.url_key
    LIMIT 1
) t ON true;
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
COMMENT ON COLUMN news.links.position IS 'Place on the page, from 0.';
COMMENT ON COLUMN news.links.date_text IS 'Date label as printed.';
COMMENT ON COLUMN news.links.published_at IS 'That label as a time; null when it could not be read.';
COMMENT ON COLUMN news.links.published_precision IS 'minute or day.';
COMMENT ON COLUMN news.links.first_observed_at IS 'First capture that showed it so.';
COMMENT ON COLUMN news.links.last_observed_at IS 'Last capture that showed it so.';
COMMENT ON COLUMN news.links.still_there IS 'True when the newest capture of the page shows it.';

CREATE VIEW news.rankings AS
SELECT p.host, l.block, l.rank, l.title, l.url AS target_url, t.article_id AS target_article_id,
       p.url AS page_url, l.first_observed_at, coalesce(l.last_observed_at, p.captured_at) AS last_observed_at
FROM etl.links l
JOIN etl.pages p ON p.id = l.page_id
LEFT JOIN LATERAL (
    SELECT ta.id AS article_id
    FROM etl.page_urls u
    JOIN etl.articles ta ON ta.page_id = u.page_id
    WHERE u.url_key = l.url_key
    LIMIT 1
) t ON true
WHERE l.kind = 'most_read' AND l.rank IS NOT NULL;
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

CREATE VIEW news.sightings AS
SELECT g.page_id, p.url, a.id AS article_id, g.source_id, s.slug AS source, g.found_by, g.first_seen_at, g.last_seen_at,
       g.position, g.title, g.published_at, g.published_text
FROM etl.sightings g
JOIN etl.pages p ON p.id = g.page_id
JOIN etl.sources s ON s.id = g.source_id
LEFT JOIN etl.articles a ON a.page_id = g.page_id;
COMMENT ON VIEW news.sightings IS 'Which source pointed at which page, and when.';
COMMENT ON COLUMN news.sightings.page_id IS 'Number of the page.';
COMMENT ON COLUMN news.sightings.url IS 'Canonical URL of the page.';
COMMENT ON COLUMN news.sightings.article_id IS 'The article on it; null while there is none.';
COMMENT ON COLUMN news.sightings.source_id IS 'Number of the source.';
COMMENT ON COLUMN news.sightings.source IS 'Slug of the source.';
COMMENT ON COLUMN news.sightings.found_by IS 'feed, sitemap, listing, link or backfill.';
COMMENT ON COLUMN news.sightings.first_seen_at IS 'First poll in which the source named it.';
COMMENT ON COLUMN news.sightings.last_seen_at IS 'Last poll, among those whose answer had changed, in which the source named it.';
COMMENT ON COLUMN news.sightings.position IS 'Place in the source when last seen.';
COMMENT ON COLUMN news.sightings.title IS 'What the source called it.';
COMMENT ON COLUMN news.sightings.published_at IS 'Publication time by the source.';
COMMENT ON COLUMN news.sightings.published_text IS 'That time as the source wrote it.';

CREATE VIEW news.stories AS
SELECT a.story_id, count(*) AS articles, count(DISTINCT p.host) AS publishers,
       min(a.first_seen_at) AS first_seen_at, max(a.first_seen_at) AS last_seen_at,
       (array_agg(a.id ORDER BY coalesce(v.published_at, a.first_seen_at), a.id))[1] AS first_article_id,
       (array_agg(p.host ORDER BY coalesce(v.published_at, a.first_seen_at), a.id))[1] AS first_host,
       (array_agg(v.title ORDER BY coalesce(v.published_at, a.first_seen_at), a.id))[1] AS title
FROM etl.articles a
JOIN etl.pages p ON p.id = a.page_id
JOIN etl.article_versions v ON v.article_id = a.id AND v.valid_to IS NULL
GROUP BY a.story_id;
COMMENT ON VIEW news.stories IS 'Articles of any publisher that carry the same text, as one row: who had it first, and how far it went.';
COMMENT ON COLUMN news.stories.story_id IS 'Stable number.';
COMMENT ON COLUMN news.stories.articles IS 'Number of articles.';
COMMENT ON COLUMN news.stories.publishers IS 'Number of different hosts.';
COMMENT ON COLUMN news.stories.first_seen_at IS 'When we captured the first of them.';
COMMENT ON COLUMN news.stories.last_seen_at IS 'When we captured the last of them.';
COMMENT ON COLUMN news.stories.first_article_id IS 'The earliest by publication time (by first capture where there is none).';
COMMENT ON COLUMN news.stories.first_host IS 'Host of that article.';
COMMENT ON COLUMN news.stories.title IS 'Headline of that article.';

CREATE VIEW news.outcomes AS
SELECT p.url, p.host, p.outcome, p.outcome_detail, p.outcome_at, p.found_at, p.visits, p.failures, p.next_visit_at,
       a.id AS article_id
FROM etl.pages p
LEFT JOIN etl.articles a ON a.page_id = p.id;
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

CREATE VIEW news.runs AS
SELECT r.id AS run_id, r.kind, s.slug AS source, r.host, r.backfill_id, r.started_at, r.ended_at, r.outcome, r.counts, r.detail
FROM etl.runs r
LEFT JOIN etl.sources s ON s.id = r.source_id;
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

CREATE VIEW news.backfills AS
SELECT b.id AS backfill_id, b.kind, b.plan, b.state, b.created_at, b.created_by, b.started_at, b.ended_at, b.detail,
       count(i.item) AS items, count(i.item) FILTER (WHERE i.state = 'done') AS items_done,
       count(i.item) FILTER (WHERE i.state = 'failed') AS items_failed
FROM etl.backfills b
LEFT JOIN etl.backfill_items i ON i.backfill_id = b.id
GROUP BY b.id;
COMMENT ON VIEW news.backfills IS 'One-off jobs and how far they are.';
COMMENT ON COLUMN news.backfills.backfill_id IS 'Stable number.';
COMMENT ON COLUMN news.backfills.kind IS 'urls, sitemap, warc, wayback, redigest or load.';
COMMENT ON COLUMN news.backfills.plan IS 'What was asked for.';
COMMENT ON COLUMN news.backfills.state IS 'planned, running, paused, done, cancelled or failed.';
COMMENT ON COLUMN news.backfills.created_at IS 'When it was asked for.';
COMMENT ON COLUMN news.backfills.created_by IS 'Who asked.';
COMMENT ON COLUMN news.backfills.started_at IS 'When its first item was begun.';
COMMENT ON COLUMN news.backfills.ended_at IS 'When its last item ended.';
COMMENT ON COLUMN news.backfills.detail IS 'Why it failed or was cancelled.';
COMMENT ON COLUMN news.backfills.items IS 'Parts planned.';
COMMENT ON COLUMN news.backfills.items_done IS 'Parts done.';
COMMENT ON COLUMN news.backfills.items_failed IS 'Parts that failed.';
