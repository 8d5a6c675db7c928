"""Every reader takes a file or says what is wrong with it: some inputs of each fuzzer, and those that once failed."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzzing.readers import FUZZERS, check

N = 60
"""Inputs of each fuzzer in ordinary tests."""


@pytest.mark.parametrize("name", FUZZERS)
def test_a_reader_takes_a_file_or_says_what_is_wrong_with_it(name: str) -> None:
    @settings(max_examples=N, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(data=st.just(b"") | FUZZERS[name].inputs())
    def one(data: bytes) -> None:
        check(FUZZERS[name], data)

    one()
