"""AstroLoc's backbone: DINOv2 with registers, a vision transformer on patches of 14 pixels.

Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021; Oquab et al., "DINOv2", TMLR 2024; Darcet et al.,
"Vision Transformers Need Registers", ICLR 2024. Parameters have the names of timm's ``vit_*_patch14_reg4_dinov2``, in
whose layout the checkpoints are published: the position embedding is of the patches alone.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PATCH = 14
"""Pixels a side of a patch."""
HEAD = 64
"""Channels of one attention head, at every size of the network."""
_EPSILON = 1e-6


class Attention(nn.Module):
    """Self-attention of all tokens."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = width // HEAD
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) -> the same shape."""
        batch, tokens, width = x.shape
        query, key, value = self.qkv(x).reshape(batch, tokens, 3, self.heads, HEAD).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value)
        projected: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return projected


class LayerScale(nn.Module):
    """A factor for each channel of a residual branch."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) -> the same shape."""
        return x * self.gamma


class Perceptron(nn.Module):
    """Two layers on each token alone."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) -> the same shape."""
        out: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return out


class Block(nn.Module):
    """One layer of the transformer: attention, then a perceptron, both residual."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=_EPSILON)
        self.attn = Attention(width)
        self.ls1 = LayerScale(width)
        self.norm2 = nn.LayerNorm(width, eps=_EPSILON)
        self.mlp = Perceptron(width, hidden)
        self.ls2 = LayerScale(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) -> the same shape."""
        x = x + self.ls1(self.attn(self.norm1(x)))
        out: Tensor = x + self.ls2(self.mlp(self.norm2(x)))
        return out


class _PatchEmbedding(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, PATCH, PATCH)


class DinoV2(nn.Module):
    """Pictures to a token of the whole and one of each patch.

    Args:
        width: channels of a token: 384 (ViT-S), 768 (B) or 1024 (L).
        depth: number of blocks: 12 (S, B) or 24 (L).
        hidden: neurons of a block's perceptron.
        patches: number of patches that the position embedding has: 1,369 at 518 px, 529 at 322 px.
        registers: number of tokens that stand for no patch.
    """

    def __init__(self, width: int, depth: int, hidden: int, patches: int, registers: int) -> None:
        super().__init__()
        self.width, self.registers = width, registers
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.reg_token = nn.Parameter(torch.zeros(1, registers, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, patches, width))
        self.patch_embed = _PatchEmbedding(width)
        self.blocks = nn.ModuleList(Block(width, hidden) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=_EPSILON)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Describe a batch.

        Args:
            images: (B, 3, H, W), normalised; H and W multiples of 14.

        Returns:
            The patches' tokens (B, C, H / 14, W / 14) and the token of the whole (B, C), after the last norm.
        """
        patches = self.patch_embed.proj(images)
        batch, _, rows, columns = patches.shape
        x = patches.flatten(2).transpose(1, 2) + resampled(self.pos_embed, rows, columns)
        x = torch.cat([self.cls_token.expand(batch, -1, -1), self.reg_token.expand(batch, -1, -1), x], dim=1)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        grid = x[:, 1 + self.registers :].transpose(1, 2).reshape(batch, self.width, rows, columns)
        return grid, x[:, 0]


def resampled(positions: Tensor, rows: int, columns: int) -> Tensor:
    """The position embedding of another grid of patches, as timm's ``resample_abs_pos_embed`` makes it.

    Args:
        positions: (1, N, C) of a square grid.
        rows: of the grid wanted.
        columns: of the grid wanted.

    Returns:
        (1, rows x columns, C): bicubic, with antialiasing, in float32; the embedding itself where the grid is its own.
    """
    _, count, width = positions.shape
    side = math.isqrt(count)
    if rows == columns == side:
        return positions
    grid = positions.float().reshape(1, side, side, width).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=(rows, columns), mode="bicubic", antialias=True, align_corners=False)
    return grid.permute(0, 2, 3, 1).reshape(1, rows * columns, width).to(positions.dtype)
