"""Django's PostgreSQL backend with one feature changed, and the migration operations of tenant tables."""
