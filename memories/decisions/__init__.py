"""Compare a new statement with the near memories of its owner: does it repeat, extend, supersede or negate one?

Pure Python and numpy. Only the texts are read: no parse, no embedding model, no days between the texts.
"""
