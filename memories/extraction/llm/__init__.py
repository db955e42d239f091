"""Facts, entities, relations and decisions out of text by a language model: one structured call for a write.

items and candidates → prompt → chat (OpenAI-compatible, or Ollama's own API) → schema → grounding → Reading.
Plain data in and out. What the model gives back is a proposal by a stranger: nothing of it is believed unchecked.
"""
