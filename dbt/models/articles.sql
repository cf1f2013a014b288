{{ config(materialized='incremental', unique_key='article_id', incremental_strategy='delete+insert') }}

{% if is_incremental() %}
WITH changed AS (
    SELECT article_id, max(cursor) AS cursor
    FROM {{ source('news', 'changes') }}
    WHERE cursor > {{ last_cursor(this) }} AND kind IN ('article', 'version') AND article_id IS NOT NULL
    GROUP BY article_id
)
{% else %}
-- The first time: all articles as they are, and the place in the feed up to which that holds.
WITH changed AS (
    SELECT a.article_id, s.ready_to AS cursor
    FROM {{ source('news', 'articles') }} a
    CROSS JOIN {{ source('news', 'changes_state') }} s
)
{% endif %}
SELECT c.article_id, a.url, a.host, a.title, a.authors, a.lead, a.text, a.section, a.tags, a.language,
       a.published_at, a.published_precision, a.modified_at, a.access, a.story_id, a.copy_of, a.similarity,
       a.first_seen_at, a.changed_at, a.version_id,
       a.article_id IS NULL AS is_erased, c.cursor, now() AS copied_at
FROM changed c
LEFT JOIN {{ source('news', 'articles') }} a ON a.article_id = c.article_id
