-- The foreign keys of links and of signature keys looked at the page, or the article, once for each row: 50 and 13 times for a stored page, a
-- sixth of what it cost the server to settle it. A trigger for each statement says the same: it holds each page of the new links
-- (FOR KEY SHARE, as a foreign key does), fails by the same code when one is gone, and what is deleted takes its own with it. All this in
-- READ COMMITTED, which everybody here uses: who deletes pages in REPEATABLE READ would not see links written since it began.

-- In the order in which writers take them.
LOCK TABLE etl.pages, etl.articles, etl.article_keys, etl.links IN ACCESS EXCLUSIVE MODE;

CREATE FUNCTION etl.hold_pages_of_links() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    wanted bigint[];
    held bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        wanted := ARRAY(SELECT DISTINCT n.page_id FROM new_rows n);
    ELSE
        wanted := ARRAY[NEW.page_id];
    END IF;
    SELECT count(*) INTO held
    FROM (SELECT FROM etl.pages p WHERE p.id = ANY (wanted) ORDER BY p.id FOR KEY SHARE) AS there;
    IF held < cardinality(wanted) THEN
        RAISE EXCEPTION 'a link stands on a page that is not in etl.pages'
            USING ERRCODE = 'foreign_key_violation', SCHEMA = 'etl', TABLE = 'links', COLUMN = 'page_id';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION etl.hold_pages_of_links() IS 'Hold the pages of new links as a foreign key would, once for each page; fail by its code when one is gone.';

CREATE FUNCTION etl.drop_links_of_pages() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    -- An array, not a join: its plan is the same for one page and for a thousand.
    DELETE FROM etl.links l WHERE l.page_id = ANY (ARRAY(SELECT o.id FROM old_rows o));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION etl.drop_links_of_pages() IS 'Delete the links of deleted pages.';

CREATE FUNCTION etl.hold_articles_of_keys() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    wanted bigint[];
    held bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        wanted := ARRAY(SELECT DISTINCT n.article_id FROM new_rows n);
    ELSE
        wanted := ARRAY[NEW.article_id];
    END IF;
    SELECT count(*) INTO held
    FROM (SELECT FROM etl.articles a WHERE a.id = ANY (wanted) ORDER BY a.id FOR KEY SHARE) AS there;
    IF held < cardinality(wanted) THEN
        RAISE EXCEPTION 'a signature key is of an article that is not in etl.articles'
            USING ERRCODE = 'foreign_key_violation', SCHEMA = 'etl', TABLE = 'article_keys', COLUMN = 'article_id';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION etl.hold_articles_of_keys() IS 'Hold the articles of new signature keys as a foreign key would, once for each article; fail by its code when one is gone.';

CREATE FUNCTION etl.drop_keys_of_articles() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    DELETE FROM etl.article_keys k WHERE k.article_id = ANY (ARRAY(SELECT o.id FROM old_rows o));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION etl.drop_keys_of_articles() IS 'Delete the signature keys of deleted articles.';

CREATE FUNCTION etl.refuse_renumbering() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'a row of % keeps its id: others name it', TG_RELID::regclass USING ERRCODE = 'foreign_key_violation';
END
$$;
COMMENT ON FUNCTION etl.refuse_renumbering() IS 'The rows that name this one are looked at when they are written and when it is deleted, so its id may not change.';

ALTER TABLE etl.links DROP CONSTRAINT links_page_id_fkey;
CREATE TRIGGER pages_held AFTER INSERT ON etl.links
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.hold_pages_of_links();
CREATE TRIGGER links_dropped AFTER DELETE ON etl.pages
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.drop_links_of_pages();
CREATE TRIGGER page_held AFTER UPDATE OF page_id ON etl.links
FOR EACH ROW WHEN (NEW.page_id <> OLD.page_id) EXECUTE FUNCTION etl.hold_pages_of_links();
CREATE TRIGGER id_kept BEFORE UPDATE OF id ON etl.pages
FOR EACH ROW WHEN (NEW.id <> OLD.id) EXECUTE FUNCTION etl.refuse_renumbering();

ALTER TABLE etl.article_keys DROP CONSTRAINT article_keys_article_id_fkey;
CREATE TRIGGER articles_held AFTER INSERT ON etl.article_keys
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.hold_articles_of_keys();
CREATE TRIGGER keys_dropped AFTER DELETE ON etl.articles
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION etl.drop_keys_of_articles();
CREATE TRIGGER article_held AFTER UPDATE OF article_id ON etl.article_keys
FOR EACH ROW WHEN (NEW.article_id <> OLD.article_id) EXECUTE FUNCTION etl.hold_articles_of_keys();
CREATE TRIGGER id_kept BEFORE UPDATE OF id ON etl.articles
FOR EACH ROW WHEN (NEW.id <> OLD.id) EXECUTE FUNCTION etl.refuse_renumbering();
