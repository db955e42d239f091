"""The encoder of `bert_graph` with its matrix products in signed bytes: half the time of a short text.

Each output channel of a weight matrix has its own scale. The input of each product is scaled over the whole tensor
while the model runs, so padding or another text in the batch would move a vector: encode one text at a time, unpadded,
and the same text always gives the same bits. The bytes (10 MB) are stored in the graph file; the rest is read from the
safetensors file, as there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper

from memories.embeddings.bert_graph import Graph

LARGEST = 63  # not 127: processors without VNNI add two products in 16 bits, which larger weights would overflow


class EightBitGraph(Graph):
    def __init__(self, weights: Path) -> None:
        super().__init__()
        self.weights = weights
        self.quantized: dict[str, tuple[str, str, str]] = {}

    def add_weights(self, weights: Path) -> dict[str, list[int]]:
        shapes = super().add_weights(weights)
        # The matrices in full precision are not needed: onnxruntime would map and check them for nothing.
        self.matrices = {tensor.name: tensor for tensor in self.initializers if is_matrix(tensor.name)}
        self.initializers = [tensor for tensor in self.initializers if tensor.name not in self.matrices]
        return shapes

    def linear(self, x: str, prefix: str) -> str:
        values, scale, zero = self._quantized_input(x)
        weight, weight_scale = self._quantized_weight(f"{prefix}.weight")
        # onnxruntime fuses these five into one operator.
        product = self.op("Cast", self.op("MatMulInteger", values, weight, zero), to=TensorProto.FLOAT)
        product = self.op("Mul", product, self.op("Mul", scale, weight_scale))
        return self.op("Add", product, f"{prefix}.bias")

    def _quantized_input(self, x: str) -> tuple[str, str, str]:
        """The bytes of `x`, their scale and their zero; computed once for query, key and value."""
        if x not in self.quantized:
            names = (f"{x}_bytes", f"{x}_scale", f"{x}_zero")
            self.nodes.append(helper.make_node("DynamicQuantizeLinear", [x], list(names), name=names[0]))
            self.quantized[x] = names
        return self.quantized[x]

    def _quantized_weight(self, name: str) -> tuple[str, str]:
        matrix = self._read(self.matrices[name])  # [out, in]
        scale = np.maximum(np.abs(matrix).max(axis=1), np.float32(1e-12)) / np.float32(LARGEST)
        rounded = np.round(matrix / scale[:, None]).astype(np.int8)
        self._store(f"{name}_bytes", TensorProto.INT8, np.ascontiguousarray(rounded.T))
        self._store(f"{name}_scale", TensorProto.FLOAT, scale)
        return f"{name}_bytes", f"{name}_scale"

    def _read(self, tensor: Any) -> npt.NDArray[np.float32]:
        place = {entry.key: entry.value for entry in tensor.external_data}
        flat = np.fromfile(self.weights, "<f4", int(place["length"]) // 4, offset=int(place["offset"]))
        return flat.reshape(tensor.dims)

    def _store(self, name: str, kind: int, values: npt.NDArray[Any]) -> None:
        self.initializers.append(helper.make_tensor(name, kind, values.shape, values.tobytes(), raw=True))


def is_matrix(name: str) -> bool:
    return name.startswith("encoder.") and name.endswith(".weight") and "LayerNorm" not in name
