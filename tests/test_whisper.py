"""The Whisper model in this process, as far as it can be tested without weights."""

import importlib.util

import pytest

from callcenter.duplex.utterances import EarsError
from callcenter.duplex.whisper import Whisper


@pytest.mark.skipif(importlib.util.find_spec("faster_whisper") is not None, reason="the extra is installed")
def test_without_the_extra_it_is_told_what_to_install():
    with pytest.raises(EarsError, match=r"pip install 'callcenter\[whisper\]'"):
        Whisper("tiny.en")
