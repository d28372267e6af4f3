"""Seeded random weights."""

import re
import zlib

import numpy as np
import torch


EMBEDDING = re.compile(r"embeddings|embed_tokens|embed_in|wte|wpe")
CONV1D = re.compile(r"\.(c_attn|c_proj|c_fc)\.weight$")


def randomize(model: torch.nn.Module, seed: str, trainable_only: bool = False) -> None:
    """Fresh weights, each drawn from a stream named by the seed and the parameter.

    Far larger than Hugging Face's N(0, 0.02): at that size attention is flat, norms are the identity, and
    a wrong window, rope, epsilon or bias passes unseen.
    """
    with torch.no_grad():
        for name, p in model.named_parameters():
            if trainable_only and not p.requires_grad:
                continue
            rng = np.random.default_rng(zlib.crc32(f"{seed}:{name}".encode()))
            draw = torch.from_numpy(rng.standard_normal(tuple(p.shape)).astype(np.float32))
            p.copy_(scaled(name, p, draw, norm=0 if model.config.model_type.startswith("gemma") else 1))


def scaled(name: str, p: torch.Tensor, draw: torch.Tensor, norm: int) -> torch.Tensor:
    """The weight that a standard normal `draw` becomes under that name. Weights of norms lie about `norm`."""
    if "lora_magnitude_vector" in name:
        return p * (1 + 0.1 * draw)
    if "ia3_l" in name:
        return 1 + 0.3 * draw
    if "lora_A" in name:
        return 0.25 * draw
    if "lora_B" in name:
        return 0.15 * draw
    if EMBEDDING.search(name) and p.dim() == 2 and "project" not in name:
        return 0.7 * draw
    if p.dim() == 1:
        return norm + 0.2 * draw if name.endswith("weight") else 0.2 * draw
    inputs = p.shape[0] if CONV1D.search(name) else p.shape[1]
    return draw * (1.2 / inputs**0.5)
