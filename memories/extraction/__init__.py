"""What a text states. Without a language model each segment becomes a statement, which a parse annotates; `llm/` asks a
language model instead."""
