"""What a text states, without a language model: sentences decide what is kept, and a parse annotates them."""
