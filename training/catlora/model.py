"""SmolLM2's forward pass with LoRA on every linear layer, in the GGUF's own tensor layout.

Written out rather than taken from a library for three reasons: the served weights are the
quantised ones, so the adapter should be trained against exactly these; conversations that
share a prefix are packed without padding; and nothing below the first LoRA layer needs a
gradient. The GGUF's layout has interleaved rotary pairs, so no tensor is permuted on the way
in or out.
"""

from pathlib import Path

import gguf
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEADS, KV_HEADS, HEAD, LAYERS, FFN = 576, 9, 3, 64, 30, 1536
EPSILON, ROPE_BASE = 1e-5, 100_000.0
QKV = ("attn_q", "attn_k", "attn_v")
GATES = ("ffn_gate", "ffn_up")
LINEARS = (*QKV, "attn_output", *GATES, "ffn_down")
# oneDNN multiplies bfloat16 three times as fast as float32 where the CPU has avx512_bf16.
# The residual stream, the norms and the trained weights stay in float32.
FAST = torch.bfloat16


def load_weights(path: Path) -> dict[str, Tensor]:
    """Read a GGUF and dequantise every tensor: norms in float32, matrices in the fast type."""
    weights = {}
    for tensor in gguf.GGUFReader(path).tensors:
        array = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        value = torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
        weights[tensor.name] = value if value.dim() == 1 else value.to(FAST)
    return weights


def rope_tables(positions: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines for the rotary embedding, one row a token."""
    frequencies = ROPE_BASE ** (-torch.arange(0, HEAD, 2).float() / HEAD)
    angles = positions[:, None].float() * frequencies
    return angles.cos()[:, None], angles.sin()[:, None]


def rotate(x: Tensor, tables: tuple[Tensor, Tensor]) -> Tensor:
    """Turn each interleaved pair of a head by its position's angle."""
    cos, sin = tables
    a, b = x[..., 0::2].float(), x[..., 1::2].float()
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2).to(x.dtype)


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Attention of [tokens, heads, size] inputs; causal where no mask is given."""
    heads = [t.transpose(0, 1)[None] for t in (q, k, v)]
    out = functional.scaled_dot_product_attention(*heads, attn_mask=mask, is_causal=mask is None)
    return out[0].transpose(0, 1).reshape(q.shape[0], WIDTH)


class CatModel(nn.Module):
    """The frozen base model plus trainable low-rank updates from layer `start` on."""

    def __init__(self, path: Path, rank: int = 16, alpha: int = 32, start: int = 10) -> None:
        super().__init__()
        self.rank, self.alpha, self.start = rank, alpha, start
        self.w = load_weights(path)
        self.A, self.B = nn.ParameterDict(), nn.ParameterDict()
        for layer in range(start, LAYERS):
            for name in LINEARS:
                out, into = self.w[f"blk.{layer}.{name}.weight"].shape
                self.A[f"{layer}_{name}"] = nn.Parameter(torch.randn(rank, into) / into**0.5)
                self.B[f"{layer}_{name}"] = nn.Parameter(torch.zeros(out, rank))
        self._fuse()

    def _fuse(self) -> None:
        """Join the matrices that read the same input: fewer, larger multiplications are faster."""
        self.fused: dict[tuple[int, tuple[str, ...]], Tensor] = {}
        for layer in range(LAYERS):
            for group in (QKV, GATES):
                parts = [self.w[f"blk.{layer}.{name}.weight"] for name in group]
                self.fused[layer, group] = torch.cat(parts)

    def linear(self, x: Tensor, layer: int, names: tuple[str, ...]) -> Tensor:
        """One or several fused linear layers, each with its own low-rank update."""
        weight = self.fused.get((layer, names))
        if weight is None:
            weight = self.w[f"blk.{layer}.{names[0]}.weight"]
        y = functional.linear(x, weight)
        if layer < self.start:
            return y
        down = torch.cat([self.A[f"{layer}_{name}"] for name in names]).to(FAST)
        low = functional.linear(x, down) * (self.alpha / self.rank)
        updates = [
            functional.linear(part, self.B[f"{layer}_{name}"].to(FAST))
            for part, name in zip(low.split(self.rank, -1), names, strict=True)
        ]
        return y + (torch.cat(updates, -1) if len(updates) > 1 else updates[0])

    def norm(self, x: Tensor, name: str) -> Tensor:
        """RMS norm in float32, handed on in the fast type."""
        return functional.rms_norm(x, (WIDTH,), self.w[f"{name}.weight"], EPSILON).to(FAST)

    def attention(self, x: Tensor, layer: int, pack: "Layout") -> Tensor:
        """Each conversation attends to the shared prefix and to itself, to no other."""
        z = self.linear(x, layer, QKV)
        q, k, v = z.split([HEADS * HEAD, KV_HEADS * HEAD, KV_HEADS * HEAD], -1)
        q = rotate(q.unflatten(-1, (HEADS, HEAD)), pack.rope)
        k = rotate(k.unflatten(-1, (KV_HEADS, HEAD)), pack.rope)
        k = k.repeat_interleave(HEADS // KV_HEADS, 1)
        v = v.unflatten(-1, (KV_HEADS, HEAD)).repeat_interleave(HEADS // KV_HEADS, 1)
        at = pack.prefix
        out = [attend(q[:at], k[:at], v[:at], None)]
        for size in pack.sizes:
            here = slice(at, at + size)
            keys, values = (torch.cat([t[: pack.prefix], t[here]]) for t in (k, v))
            out.append(attend(q[here], keys, values, pack.mask[:size, : pack.prefix + size]))
            at += size
        return self.linear(torch.cat(out), layer, ("attn_output",))

    def forward(self, prefix: list[int], conversations: list[list[int]]) -> Tensor:
        """Final hidden states of the conversations' tokens, joined: [tokens, width]."""
        pack = Layout(len(prefix), [len(c) for c in conversations])
        ids = torch.tensor(prefix + [t for c in conversations for t in c])
        x = functional.embedding(ids, self.w["token_embd.weight"]).float()
        for layer in range(LAYERS):
            x = x + self.attention(self.norm(x, f"blk.{layer}.attn_norm"), layer, pack)
            h = self.linear(self.norm(x, f"blk.{layer}.ffn_norm"), layer, GATES)
            gate, up = h.split(FFN, -1)
            x = x + self.linear(functional.silu(gate) * up, layer, ("ffn_down",))
        return self.norm(x[pack.prefix :], "output_norm")

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores over the vocabulary; the embedding is tied."""
        return functional.linear(hidden, self.w["token_embd.weight"]).float()


class Layout:
    """Sizes, positions and mask of one pack: a shared prefix and its conversations."""

    def __init__(self, prefix: int, sizes: list[int]) -> None:
        self.prefix, self.sizes = prefix, sizes
        starts = [torch.arange(prefix)]
        starts += [torch.arange(prefix, prefix + size) for size in sizes]
        self.rope = rope_tables(torch.cat(starts))
        longest = max(sizes)
        seen = torch.ones(longest, prefix + longest, dtype=torch.bool)
        seen[:, prefix:] = torch.tril(torch.ones(longest, longest, dtype=torch.bool))
        self.mask = seen
