DROP TABLE etl.child_sitemaps;
