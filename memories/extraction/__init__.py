"""What a text states, without a language model: segments decide what is kept, and a parse annotates them."""
