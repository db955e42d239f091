"""What a text states, without a language model: each segment becomes a statement, which a parse annotates."""
