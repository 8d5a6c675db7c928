"""Names and draws that follow from one secret: equal for who holds it, random to everyone else."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Names:
    """Names under one secret. Without it nobody can tell from a name what it stands for, or that two are alike."""

    secret: str
    """Hexadecimal; only the private key holds it."""

    def hex(self, *parts: object, digits: int) -> str:
        """The first hex digits of HMAC-SHA256 of the parts, which JSON must be able to write."""
        message = json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()
        return hmac.new(bytes.fromhex(self.secret), message, hashlib.sha256).hexdigest()[:digits]

    def rng(self, *parts: object) -> np.random.Generator:
        """A generator of its own for each purpose, so that one more draw of one changes nothing of another."""
        return np.random.default_rng(int(self.hex("draw", *parts, digits=32), 16))


def names_of(seed: int) -> Names:
    """Names whose secret follows from a seed: as hard to guess as that is."""
    return Names(hashlib.sha256(f"listening test {seed}".encode()).hexdigest())
