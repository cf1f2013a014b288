DROP TABLE etl.digest_times;
