"""What is read out of a text before a model or a rule looks at it. Pure: no framework, no database, no network."""
