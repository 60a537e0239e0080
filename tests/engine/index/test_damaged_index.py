"""A damaged index is refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import faiss
import pytest

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.index.format import read_info, write_info
from astroloc_qgis.engine.index.store import Index
from tests.engine.index.stand_ins import (
    stop_at,
)


class TestDamage:
    """What is wrong is said in one sentence."""

    @pytest.fixture
    def folder(self, build, tmp_path: Path) -> Path:
        build("index", model="xfeat-vlad")
        return tmp_path / "index"

    def edit(self, folder: Path, **changes) -> None:
        path = folder / "index.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    def refused(self, folder: Path, words: str) -> None:
        with pytest.raises(InputError, match=words) as caught:
            Index.open(folder)
        assert "\n" not in str(caught.value)

    def test_whole(self, folder: Path) -> None:
        assert Index.open(folder, thorough=True).info.model == "xfeat-vlad"

    def test_no_folder(self, folder: Path) -> None:
        self.refused(folder / "nowhere", "does not exist")

    def test_no_index(self, folder: Path) -> None:
        (folder / "index.json").unlink()
        self.refused(folder, r"is not an index: it has no index\.json")

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", "7", '{"title": "x"}', '{"format_version": 2}', '{"format_version": 3}']
    )
    def test_a_description_that_is_none(self, folder: Path, text: str) -> None:
        (folder / "index.json").write_text(text)
        self.refused(folder, "is damaged: index.json")

    @pytest.mark.parametrize("version", [1, 5])
    def test_another_format_version(self, folder: Path, version: int) -> None:
        self.edit(folder, format_version=version)
        self.refused(folder, f"has format version {version}, and this AstroLoc reads versions 2 to 4")

    def test_an_unknown_model(self, folder: Path) -> None:
        self.edit(folder, model="astroloc-2031")
        self.refused(folder, "'astroloc-2031', which this AstroLoc does not have")

    def test_other_weights(self, folder: Path) -> None:
        self.edit(folder, model_sha256="ab" * 32)
        self.refused(folder, "other weights of xfeat-vlad .*abababababab")

    @pytest.mark.parametrize("name", ["descriptors.faiss", "blocks.npz", "vocabulary.npz"])
    def test_a_missing_file(self, folder: Path, name: str) -> None:
        (folder / name).unlink()
        self.refused(folder, f"the file {name} is missing")

    @pytest.mark.parametrize("name", ["descriptors.faiss", "blocks.npz", "vocabulary.npz"])
    def test_a_truncated_file(self, folder: Path, name: str) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:-10])
        self.refused(folder, f"{name} has {len(content) - 10} bytes instead of {len(content)}")

    def test_a_changed_byte(self, folder: Path) -> None:
        content = bytearray((folder / "descriptors.faiss").read_bytes())
        content[-1] ^= 255
        (folder / "descriptors.faiss").write_bytes(content)
        self.refused(folder, "the content of descriptors.faiss has changed")

    def test_counts_that_do_not_match(self, folder: Path) -> None:
        self.edit(folder, counts={"12": 3})
        self.refused(folder, "should have 3")

    def test_a_table_of_blocks_that_is_none(self, folder: Path) -> None:
        (folder / "blocks.npz").write_bytes(b"PK")
        write_info(folder, read_info(folder))  # its author says that it is whole
        self.refused(folder, "is damaged and cannot be read")

    def test_dimensions_that_do_not_match(self, folder: Path) -> None:
        self.edit(folder, dimensions=7)
        self.refused(folder, "192 dimensions instead of 7")

    def test_a_store_that_faiss_cannot_read(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_):
            raise RuntimeError("index type 0x0 not recognized")

        monkeypatch.setattr(faiss, "read_index", broken)
        self.refused(folder, "is damaged and cannot be read")

    def test_other_settings_of_the_same_model(self, folder: Path) -> None:
        self.edit(folder, model_settings={"image_size": 99})
        with pytest.raises(InputError, match=r"other settings of xfeat-vlad \(image_size 99\)"):
            Index.open(folder).create_descriptor()

    def test_a_damaged_piece_of_an_unfinished_build_is_made_again(self, build, tmp_path: Path) -> None:
        with pytest.raises(Cancelled):
            build("other", progress=stop_at(0.5))
        (tmp_path / "other.partial" / "piece-000000.npz").write_bytes(b"PK")
        assert (build("other").blocks == build("whole").blocks).all()
