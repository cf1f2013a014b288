DROP TABLE etl.subscriptions;
