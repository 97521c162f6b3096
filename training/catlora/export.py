"""Writes a checkpoint's low-rank updates as a GGUF LoRA adapter for llama.cpp."""

import argparse
from pathlib import Path

import gguf
import numpy as np
import torch

from .model import CatModel
from .paths import SHIPPED, base_model


def export(model: CatModel, path: Path) -> None:
    """Write the adapter in float16: half the size, and no measurable change."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(model.alpha))
    writer.add_name("SmolLM2-135M-Instruct cat-agent LoRA")
    writer.add_license("apache-2.0")
    for key in model.A:
        layer, name = key.split("_", 1)
        for part, values in (("lora_a", model.A[key]), ("lora_b", model.B[key])):
            array = values.detach().numpy().astype(np.float16)
            writer.add_tensor(f"blk.{layer}.{name}.weight.{part}", array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read_adapter(model: CatModel, path: Path) -> None:
    """Load an exported adapter back into a model, to train it further."""
    for tensor in gguf.GGUFReader(path).tensors:
        _, layer, name, _, part = tensor.name.split(".")
        values = model.A if part == "lora_a" else model.B
        values[f"{layer}_{name}"].data = torch.tensor(tensor.data, dtype=torch.float32)


def main() -> None:
    """Run as `python -m catlora.export CHECKPOINT [ADAPTER]`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("adapter", type=Path, nargs="?", default=SHIPPED / "adapter.gguf")
    args = parser.parse_args()
    model = CatModel(base_model())
    model.load_state_dict(torch.load(args.checkpoint)["model"])
    export(model, args.adapter)
    print(f"{args.adapter}: {args.adapter.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
