SELECT copy.article_id, copy.host AS reposted_by, first.article_id AS first_article_id, first.host AS first_by, copy.title,
       coalesce(copy.published_at, copy.first_seen_at) - coalesce(first.published_at, first.first_seen_at) AS after, copy.similarity
FROM {{ ref('articles') }} copy
JOIN {{ ref('articles') }} first ON first.article_id = copy.copy_of AND first.host <> copy.host
