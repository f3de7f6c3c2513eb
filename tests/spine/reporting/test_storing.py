import pytest

from spine.reporting.storing import store


def test_a_file_is_there_with_its_folder(tmp_path):
    store(b"content", tmp_path / "deep" / "er" / "file")
    assert (tmp_path / "deep" / "er" / "file").read_bytes() == b"content"


def test_a_failed_rename_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "file"
    store(b"old", path)

    def fail(self, target):
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.PosixPath.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        store(b"new", path)
    assert path.read_bytes() == b"old"
