"""Facts, entities, relations and decisions from text by a language model: one structured call for a write.

items and candidates → prompt → chat (OpenAI-compatible, or Ollama's own API) → schema → grounding → ExtractionResult.

Input and output are plain data. The output of the model is not trusted: every part of it is checked.
"""
