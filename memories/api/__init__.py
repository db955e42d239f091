"""The HTTP doors: each translates its dialect into commands, and results back."""
