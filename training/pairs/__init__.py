"""The pair model of `memories/decisions`: data, training, export and cross-validation."""
