DROP VIEW news.backfills, news.runs, news.outcomes, news.stories, news.sightings, news.rankings, news.links,
    news.article_versions, news.articles, news.sources;
