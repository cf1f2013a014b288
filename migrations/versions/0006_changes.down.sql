-- The roles stay: they belong to the server, and another database may use them. Their rights here go.
DO $$
BEGIN
    IF to_regrole('news_reader') IS NOT NULL THEN
        ALTER DEFAULT PRIVILEGES IN SCHEMA news REVOKE SELECT ON TABLES FROM news_reader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA news REVOKE EXECUTE ON FUNCTIONS FROM news_reader;
        REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA news FROM news_reader;
        REVOKE ALL ON ALL TABLES IN SCHEMA news FROM news_reader;
        REVOKE USAGE ON SCHEMA news FROM news_reader;
    END IF;
    IF to_regrole('news_writer') IS NOT NULL THEN
        ALTER DEFAULT PRIVILEGES IN SCHEMA news REVOKE SELECT ON TABLES FROM news_writer;
        ALTER DEFAULT PRIVILEGES IN SCHEMA etl REVOKE ALL ON TABLES FROM news_writer;
        ALTER DEFAULT PRIVILEGES IN SCHEMA queue REVOKE ALL ON TABLES FROM news_writer;
        ALTER DEFAULT PRIVILEGES IN SCHEMA etl REVOKE ALL ON SEQUENCES FROM news_writer;
        ALTER DEFAULT PRIVILEGES IN SCHEMA queue REVOKE ALL ON SEQUENCES FROM news_writer;
        ALTER DEFAULT PRIVILEGES IN SCHEMA etl REVOKE EXECUTE ON FUNCTIONS FROM news_writer;
        ALTER DEFAULT PRIVILEGES IN SCHEMA queue REVOKE EXECUTE ON FUNCTIONS FROM news_writer;
        REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA etl, news, queue FROM news_writer;
        REVOKE ALL ON ALL TABLES IN SCHEMA etl, news, queue FROM news_writer;
        REVOKE ALL ON ALL SEQUENCES IN SCHEMA etl, queue FROM news_writer;
        REVOKE USAGE ON SCHEMA etl, news, queue FROM news_writer;
    END IF;
END
$$;

DROP FUNCTION etl.grant_roles();
DROP VIEW news.changes_state, news.changes;
DROP TRIGGER changes_inserted ON etl.stories;
DROP TRIGGER changes_deleted ON etl.stories;
DROP TRIGGER changes_truncated ON etl.stories;
DROP TRIGGER changes_inserted ON etl.articles;
DROP TRIGGER changes_updated ON etl.articles;
DROP TRIGGER changes_deleted ON etl.articles;
DROP TRIGGER changes_truncated ON etl.articles;
DROP TRIGGER changes_inserted ON etl.article_versions;
DROP TRIGGER changes_updated ON etl.article_versions;
DROP TRIGGER changes_deleted ON etl.article_versions;
DROP TRIGGER changes_truncated ON etl.article_versions;
DROP TRIGGER changes_inserted ON etl.links;
DROP TRIGGER changes_updated ON etl.links;
DROP TRIGGER changes_deleted ON etl.links;
DROP TRIGGER changes_truncated ON etl.links;
DROP FUNCTION etl.keep_link_changes(), etl.keep_version_changes(), etl.keep_article_changes(), etl.keep_story_changes(),
    etl.refuse_truncate(), etl.keep_last_change(bigint, bigint), etl.last_change(), etl.wind_change_clock();
DROP TABLE etl.changes, etl.change_clock;
DROP FUNCTION etl.drop_partition(text, date), etl.add_partition(text, date, bigint);
