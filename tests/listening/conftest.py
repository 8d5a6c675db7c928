"""Clips to listen to."""

from pathlib import Path

import pytest

from tests.listening.listener import make_clips


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three models' clips of four prompts, and what raters agree to."""
    return make_clips(tmp_path_factory.mktemp("clips"))
