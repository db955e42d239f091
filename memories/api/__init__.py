"""The HTTP APIs: each converts requests of its dialect into commands, and results into responses."""
