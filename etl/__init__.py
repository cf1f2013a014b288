"""news-etl: news pages become rows in Postgres, with their links and versions."""
