"""Facts, entities and relations out of text by rules over a parse, without a language model.

text → sentences → spaCy (tags, parse, entities) → mentions and dates → relations → statements.
Plain data in and out. Only `model.py` and what it is given touch spaCy, and only when a text is read.
"""
