"""Django's PostgreSQL backend with one feature changed, fast reads, and the migration operations of tenant tables."""
