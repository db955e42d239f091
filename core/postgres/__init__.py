"""Django's PostgreSQL backend with one changed feature, fast reads, and migration operations for tenant tables."""
