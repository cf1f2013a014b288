DROP VIEW news.copies;
