LOCK TABLE etl.pages, etl.articles, etl.article_keys, etl.links IN ACCESS EXCLUSIVE MODE;
DROP TRIGGER pages_held ON etl.links;
DROP TRIGGER links_dropped ON etl.pages;
DROP TRIGGER page_held ON etl.links;
DROP TRIGGER id_kept ON etl.pages;
DROP TRIGGER articles_held ON etl.article_keys;
DROP TRIGGER keys_dropped ON etl.articles;
DROP TRIGGER article_held ON etl.article_keys;
DROP TRIGGER id_kept ON etl.articles;
DROP FUNCTION etl.hold_pages_of_links(), etl.drop_links_of_pages(), etl.hold_articles_of_keys(), etl.drop_keys_of_articles(), etl.refuse_renumbering();
ALTER TABLE ONLY etl.links
    ADD CONSTRAINT links_page_id_fkey FOREIGN KEY (page_id) REFERENCES etl.pages (id) ON DELETE CASCADE;
ALTER TABLE ONLY etl.article_keys
    ADD CONSTRAINT article_keys_article_id_fkey FOREIGN KEY (article_id) REFERENCES etl.articles (id) ON DELETE CASCADE;
