"""A BERT sentence encoder as an ONNX graph, written by hand from the weights of a `model.safetensors`.

The graph file holds no weights: every parameter is ONNX "external data" that points into the safetensors file beside
it. So it has 28 KB, takes 2 ms to build, and onnxruntime maps the weights instead of copying a second file
of 90 MB. Source of the architecture: the BERT paper and the layout of Hugging Face's `BertModel`.

inputs   `ids`, `mask`  int64   [batch, length]         token ids; 1 for a token, 0 for padding
outputs  `emb`          float32 [batch, hidden]         mean over the tokens, unit length
         `tokens`       float32 [batch, length, hidden] the last layer; rows of padding hold nothing meaningful
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

from onnx import TensorProto, helper

OPSET = 20  # the first with Gelu. Raise minilm.GRAPH_VERSION with every change below
EPSILON = 1e-12
DTYPES = {"F32": TensorProto.FLOAT}


class Graph:
    """Collects nodes and constants; every method returns the name of the value it made."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []

    def op(self, kind: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        name = out or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def ints(self, *values: int) -> str:
        return self._constant(TensorProto.INT64, [len(values)], values)

    def number(self, value: float) -> str:
        return self._constant(TensorProto.FLOAT, [], [value])

    def _constant(self, kind: int, shape: list[int], values: Any) -> str:
        name = f"constant_{len(self.initializers)}"
        self.initializers.append(helper.make_tensor(name, kind, shape, values))
        return name

    def add_weights(self, weights: Path) -> dict[str, list[int]]:
        """One external initializer for each float tensor of the safetensors file; returns their shapes by name."""
        shapes: dict[str, list[int]] = {}
        with weights.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(length))
        for name, entry in header.items():
            if name == "__metadata__" or entry["dtype"] not in DTYPES or name.startswith("pooler."):
                continue
            begin, end = entry["data_offsets"]  # counted from the end of the header
            tensor = TensorProto(
                name=name, dims=entry["shape"], data_type=DTYPES[entry["dtype"]], data_location=TensorProto.EXTERNAL
            )
            for key, value in (("location", weights.name), ("offset", 8 + length + begin), ("length", end - begin)):
                tensor.external_data.add(key=key, value=str(value))
            self.initializers.append(tensor)
            shapes[name] = entry["shape"]
        return shapes

    def linear(self, x: str, prefix: str) -> str:
        # Gemm takes the weight as PyTorch stores it, [out, in]; so x is always two-dimensional, [tokens, in].
        return self.op("Gemm", x, f"{prefix}.weight", f"{prefix}.bias", transB=1)

    def norm(self, x: str, prefix: str) -> str:
        return self.op("LayerNormalization", x, f"{prefix}.weight", f"{prefix}.bias", axis=-1, epsilon=EPSILON)

    def flat(self, x: str, width: int) -> str:
        return self.op("Reshape", x, self.ints(-1, width))


def build(weights: Path, heads: int, g: Graph | None = None) -> bytes:
    """The serialized graph for `weights`, which must lie beside the graph when it is loaded. Layers and widths are
    read from the weights' shapes; the number of attention `heads` isn't visible there. `g`: an empty graph that makes
    the nodes, if not in full precision."""
    g = g or Graph()
    shapes = g.add_weights(weights)
    hidden = shapes["embeddings.word_embeddings.weight"][1]
    layers = len([name for name in shapes if name.endswith(".attention.self.query.weight")])
    shape = g.op("Shape", "ids")  # [batch, length]
    split = g.op("Concat", shape, g.ints(heads, hidden // heads), axis=0)  # [batch, length, heads, width of a head]

    x = g.flat(_input(g, shape), hidden)
    x = g.norm(x, "embeddings.LayerNorm")
    mask = g.op("Cast", "mask", to=TensorProto.FLOAT)
    hole = g.op("Mul", g.op("Sub", g.number(1.0), mask), g.number(-1e9))  # 0 for a token, -1e9 for padding
    hole = g.op("Unsqueeze", hole, g.ints(1, 2))  # [batch, 1, 1, length]
    for number in range(layers):
        x = _layer(g, x, f"encoder.layer.{number}", split, hole, hidden // heads)
    width = g.ints(hidden)
    tokens = g.op("Reshape", x, g.op("Concat", shape, width, axis=0), out="tokens")
    _pool(g, tokens, mask)
    return _serialize(g, hidden)


def _input(g: Graph, shape: str) -> str:
    words = g.op("Gather", "embeddings.word_embeddings.weight", "ids")
    length = g.op("Slice", shape, g.ints(1), g.ints(2))
    places = g.op("Slice", "embeddings.position_embeddings.weight", g.ints(0), length)
    kind = g.op("Slice", "embeddings.token_type_embeddings.weight", g.ints(0), g.ints(1))  # one sentence: type 0
    return g.op("Add", words, g.op("Add", places, kind))


def _layer(g: Graph, x: str, prefix: str, split: str, hole: str, width: int) -> str:
    def heads(part: str, *order: int) -> str:
        parted = g.op("Reshape", g.linear(x, f"{prefix}.attention.self.{part}"), split)
        return g.op("Transpose", parted, perm=list(order))

    query, key, value = heads("query", 0, 2, 1, 3), heads("key", 0, 2, 3, 1), heads("value", 0, 2, 1, 3)
    scores = g.op("Mul", g.op("MatMul", query, key), g.number(1 / math.sqrt(width)))
    shares = g.op("Softmax", g.op("Add", scores, hole), axis=-1)
    mixed = g.op("Transpose", g.op("MatMul", shares, value), perm=[0, 2, 1, 3])
    mixed = g.op("Reshape", mixed, g.op("Shape", x))
    mixed = g.linear(mixed, f"{prefix}.attention.output.dense")
    x = g.norm(g.op("Add", x, mixed), f"{prefix}.attention.output.LayerNorm")
    inner = g.op("Gelu", g.linear(x, f"{prefix}.intermediate.dense"))
    inner = g.linear(inner, f"{prefix}.output.dense")
    return g.norm(g.op("Add", x, inner), f"{prefix}.output.LayerNorm")


def _pool(g: Graph, tokens: str, mask: str) -> None:
    one = g.ints(1)
    total = g.op("ReduceSum", g.op("Mul", tokens, g.op("Unsqueeze", mask, g.ints(2))), one, keepdims=0)
    mean = g.op("Div", total, g.op("Max", g.op("ReduceSum", mask, one), g.number(1e-9)))
    length = g.op("ReduceL2", mean, one)
    g.op("Div", mean, g.op("Max", length, g.number(1e-12)), out="emb")


def _serialize(g: Graph, hidden: int) -> bytes:
    def value(name: str, kind: int, *shape: int | str) -> Any:
        return helper.make_tensor_value_info(name, kind, list(shape))

    inputs = [value(name, TensorProto.INT64, "batch", "length") for name in ("ids", "mask")]
    emb = value("emb", TensorProto.FLOAT, "batch", hidden)
    tokens = value("tokens", TensorProto.FLOAT, "batch", "length", hidden)
    graph = helper.make_graph(g.nodes, "bert", inputs, [emb, tokens], g.initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    return bytes(model.SerializeToString(deterministic=True))
