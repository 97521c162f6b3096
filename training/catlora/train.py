"""Trains the adapter for a set time, one pack a worker and step; can be stopped and resumed.

A pack is made from the seed, the step and the worker alone, so a run that is resumed sees the
same data as one that was never stopped. The workers are processes of one thread each that
average their gradients: on a busy machine, threads that wait for each other in every
multiplication are far slower.
"""

import argparse
import math
import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import mean

import torch
import torch.distributed as dist
import torch.multiprocessing
from torch import Tensor
from torch.nn.functional import cross_entropy

from .bank import Bank, Own
from .export import export, read_adapter
from .model import CatModel
from .packs import AGENT_KINDS, make_pack
from .paths import WORK, base_model
from .tokens import Encoded, Encoder

WARM_UP = 20  # steps
LOG_EVERY = 20  # steps
SAVE_EVERY = 180.0  # seconds


def targets(pack: Encoded) -> tuple[Tensor, Tensor, Tensor]:
    """Which hidden states predict which tokens, and at what weight."""
    rows, wanted, weights, at = [], [], [], 0
    for ids, costs in zip(pack.ids, pack.weights, strict=True):
        for i in range(1, len(ids)):
            if costs[i]:
                rows.append(at + i - 1)
                wanted.append(ids[i])
                weights.append(costs[i])
        at += len(ids)
    return torch.tensor(rows), torch.tensor(wanted), torch.tensor(weights)


def rate(done: float, peak: float) -> float:
    """Learning rate after a share of the run: a cosine down to nearly nothing."""
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0))))


class Trainer:
    """A model, its optimiser, and how far it has come."""

    def __init__(self, args: argparse.Namespace, rank: int) -> None:
        self.args, self.rank = args, rank
        torch.manual_seed(args.seed)
        self.encoder = Encoder(base_model())
        self.bank = Bank.load(self.encoder.words(), Own.load(args.own))
        self.model = CatModel(base_model())
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=args.rate, betas=(0.9, 0.98), weight_decay=0.0
        )
        self.step, self.seconds, self.tokens = 0, 0.0, 0
        self.losses: dict[str, list[float]] = defaultdict(list)
        self.right: dict[str, list[float]] = defaultdict(list)

    def load(self, path: Path, resume: bool) -> None:
        """Start from an adapter alone, or go on where a stopped run was saved."""
        if path.suffix == ".gguf":
            read_adapter(self.model, path)
            return
        saved = torch.load(path)
        self.model.load_state_dict(saved["model"])
        if resume:
            self.optimiser.load_state_dict(saved["optimiser"])
            self.step, self.seconds = saved["step"], saved["seconds"]

    def save(self) -> None:
        """Write checkpoint and adapter; each appears whole or not at all."""
        state = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict()}
        state |= {"step": self.step, "seconds": self.seconds}
        checkpoint, adapter = self.args.out.with_suffix(".pt"), self.args.out.with_suffix(".gguf")
        part = self.args.out.with_suffix(".part")
        torch.save(state, part)
        part.replace(checkpoint)
        export(self.model, part)
        part.replace(adapter)

    def learn(self) -> None:
        """One step on one pack."""
        done = self.seconds / (60 * self.args.minutes)
        speed = rate(done, self.args.rate) * min(1.0, (self.step + 1) / WARM_UP)
        for group in self.optimiser.param_groups:
            group["lr"] = speed
        pack = make_pack(self.bank, self.args.seed, self.step, self.rank)
        encoded = self.encoder.pack(pack)
        hidden = self.model(encoded.prefix, encoded.ids)
        rows, wanted, weights = targets(encoded)
        logits = self.model.logits(hidden[rows])
        losses = cross_entropy(logits, wanted, reduction="none")
        ((losses * weights).sum() / weights.sum()).backward()
        self._average()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        self._note(pack.kind, encoded, losses.detach(), weights, logits.detach(), wanted)

    def _average(self) -> None:
        """Share gradients and the clock: all workers take the same steps and stop at once."""
        clock = torch.tensor([self.seconds])
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        flat = torch.cat([clock, *(g.flatten() for g in gradients)])
        dist.all_reduce(flat)
        flat /= self.args.workers
        self.seconds = flat[0].item()
        means = flat[1:].split([g.numel() for g in gradients])
        for gradient, average in zip(gradients, means, strict=True):
            gradient.copy_(average.view_as(gradient))

    def _note(
        self, kind: str, pack: Encoded, losses: Tensor, weights: Tensor, logits: Tensor, y: Tensor
    ) -> None:
        self.tokens += len(pack.prefix) + sum(map(len, pack.ids))
        self.losses[kind].append(((losses * weights).sum() / weights.sum()).item())
        if kind in AGENT_KINDS:  # every weighted token: decisions, arguments and answers
            self.right[kind].append((logits.argmax(-1) == y).float().mean().item())

    def run(self) -> None:
        """Train until the time is up, saving as it goes."""
        before = saved = time.monotonic()
        self.began = self.seconds
        while self.seconds < 60 * min(self.args.minutes, self.args.until):
            self.learn()
            now = time.monotonic()
            self.seconds += now - before
            before = now
            if self.rank == 0 and self.step % LOG_EVERY == 0:
                print(self._report(), flush=True)
            if self.rank == 0 and now - saved > SAVE_EVERY:
                self.save()
                saved = now
        if self.rank == 0:
            self.save()
            print(self._report(), flush=True)

    def _report(self) -> str:
        means = [f"{k} {mean(v[-40:]):.3f}" for k, v in sorted(self.losses.items())]
        right = [f"{k} {mean(v[-20:]):.4f}" for k, v in sorted(self.right.items())]
        speed = self.tokens * self.args.workers / max(1.0, self.seconds - self.began)
        return (
            f"step {self.step} {self.seconds / 60:.1f} min, {speed:.0f} tokens/s, "
            f"tokens right {', '.join(right)}; loss {', '.join(means)}"
        )


def arguments() -> argparse.Namespace:
    """Read the options of `python -m catlora.train`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=80)
    parser.add_argument("--until", type=float, default=math.inf, help="stop after these minutes")
    parser.add_argument("--rate", type=float, default=8e-4, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--init", type=Path, help="start from this adapter, .pt or .gguf")
    parser.add_argument("--resume", action="store_true", help="go on from OUT's checkpoint")
    parser.add_argument("--own", type=Path, help="texts written by `catlora.sample`")
    parser.add_argument("--out", type=Path, default=WORK / "adapter", help="path without suffix")
    return parser.parse_args()


def work(rank: int, args: argparse.Namespace, meeting: str) -> None:
    """One worker: its own packs, and the same weights as all others."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    dist.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=rank, world_size=args.workers
    )
    trainer = Trainer(args, rank)
    if args.resume:
        trainer.load(args.out.with_suffix(".pt"), resume=True)
    elif args.init:
        trainer.load(args.init, resume=False)
    trainer.run()


def main() -> None:
    """Train, or go on training."""
    args = arguments()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        meeting = f"{folder}/workers"
        torch.multiprocessing.spawn(work, (args, meeting), nprocs=args.workers)


if __name__ == "__main__":
    main()
