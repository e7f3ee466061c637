import pytest

from callcenter.appearing import appearing


def test_what_is_written_is_there_whole(tmp_path):
    path = tmp_path / "what.bin"
    path.write_bytes(b"before")
    with appearing(path) as file:
        file.write(b"after")
        file.flush()
        assert path.read_bytes() == b"before"
    assert path.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [path]


def test_who_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "what.bin"
    path.write_bytes(b"before")
    with pytest.raises(TypeError), appearing(path) as file:
        file.writelines([b"half", None])
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
