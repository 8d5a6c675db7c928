"""Protocols hold together: every network exists, every column has one meaning, every page can be read."""

import inspect

import pytest

from tta_bench import plugins, protocols
from tta_bench.protocols import pages
from tta_bench.types import BenchmarkProtocol, UserError
from tta_bench.weights import CHECKPOINTS

ALL = pytest.mark.parametrize("protocol", protocols.PROTOCOLS, ids=lambda protocol: protocol.name)


def test_names_are_unique() -> None:
    names = [protocol.name for protocol in protocols.PROTOCOLS]
    assert len(set(names)) == len(names)


@ALL
def test_columns_are_unique_and_name_their_network(protocol: BenchmarkProtocol) -> None:
    names = [metric.name for metric in protocol.metrics]
    assert len(set(names)) == len(names)
    networks = {
        "panns": "PANNs",
        "vggish": "VGGish",
        "clap": "LAION",
        "msclap": "MS",
        "passt": "PaSST",
        "aisfx": "AISFX",
        "pocket_tagger": "pocket",
        "pocket_clap": "pocket",
    }
    named = [m for m in protocol.metrics if m.against != "events"]
    assert all(networks[m.embedder.partition(":")[0]] in m.name for m in named)


@ALL
def test_every_network_has_a_file_and_a_checkpoint(protocol: BenchmarkProtocol) -> None:
    for metric in protocol.metrics:
        assert metric.embedder in CHECKPOINTS
        assert metric.embedder.partition(":")[0] in plugins.names("tta_bench.embedders")


@ALL
def test_a_page_names_every_knob_that_is_not_left_alone(protocol: BenchmarkProtocol) -> None:
    text = pages.page_text(protocol)
    for metric in protocol.metrics:
        assert metric.name in text
        assert str(metric.preprocessing.sample_rate) in text
        assert metric.preprocessing.resampler in text


def test_windows_have_a_hop_and_padding_has_a_length() -> None:
    for protocol in protocols.PROTOCOLS:
        for metric in protocol.metrics:
            p = metric.preprocessing
            assert p.window is None or p.window_hop > 0
            assert p.pad == "none" or p.min_duration > 0


def test_per_clip_metrics_have_no_jackknife() -> None:
    assert not [m.name for p in protocols.PROTOCOLS for m in p.metrics if m.per_clip and m.leave_out]


def test_only_keeps_the_protocols_order_and_refuses_strangers() -> None:
    protocol = protocols.find("audioldm_eval-16k")
    assert [m.name for m in protocols.only(protocol, ["IS_PANNs", "FD_PANNs"]).metrics] == ["FD_PANNs", "IS_PANNs"]
    assert protocols.only(protocol, []) == protocol
    with pytest.raises(UserError, match="No metric in protocol audioldm_eval-16k 'FD'"):
        protocols.only(protocol, ["FD"])


def test_the_paper_protocol_has_the_published_knobs() -> None:
    by_name = {metric.name: metric for metric in protocols.find("audioldm_eval-16k").metrics}
    fd = by_name["FD_PANNs"].preprocessing
    assert (fd.mono, fd.remove_dc, fd.resampler, fd.pad, fd.min_duration) == ("first", True, "sinc_hann6", "zero", 2.0)
    assert inspect.unwrap(by_name["KL_PANNs"].compute).__name__ == "kl_softmax"
    assert by_name["IS_PANNs"].compute.keywords == {"splits": 10}
