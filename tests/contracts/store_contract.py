"""What every store must keep, wherever it lies. Inherit and give a ``url`` fixture."""

from dataclasses import replace

import numpy as np
import obstore
import pytest

from tests.contracts.toys import TOY, ToyConfig, make_truth, write_truth
from xsim_core.artifacts import ArtifactRef, Capture, GroundTruth
from xsim_core.errors import BadInputError, MissingArtifactError
from xsim_core.stage import output_ref, run_stage
from xsim_core.storage import ArtifactStore


class StoreContract:
    @pytest.fixture
    def store(self, url, tmp_path):
        return ArtifactStore(url, scratch_root=tmp_path / "scratch")

    def test_what_was_written_is_read(self, store):
        ref = run_stage(TOY, ToyConfig(), store, {})
        opened = store.open(ref, GroundTruth)
        assert opened.summary == GroundTruth(name="toy")
        expected = np.random.default_rng(5).normal(size=(5, 4, 4))
        np.testing.assert_array_equal(opened.array("T_world_object"), expected)
        assert opened.file_names == ("note.txt",)
        assert opened.read_file("note.txt") == b"for people"
        assert store.list_refs() == [ref]
        assert store.verify(ref) == []

    def test_nothing_is_visible_before_the_manifest(self, store):
        ref = output_ref(TOY, ToyConfig(), {})
        writer = store.begin(ref.kind, ref.fingerprint)
        write_truth(writer, ToyConfig())
        assert store.manifest(ref) is None
        assert store.list_refs() == []
        with pytest.raises(MissingArtifactError, match="is not in"):
            store.open(ref)

    def test_a_finished_stage_is_not_run_again(self, store):
        ref = run_stage(TOY, ToyConfig(), store, {})

        def refuse(**_):
            raise AssertionError("ran again")

        assert run_stage(replace(TOY, run=refuse), ToyConfig(), store, {}) == ref

    def test_a_failed_stage_leaves_only_its_scratch(self, store):
        def fail(*, config, out):
            write_truth(out, config)
            (out.scratch() / "checkpoint.txt").write_text("step 7")
            raise RuntimeError("power cut")

        with pytest.raises(RuntimeError, match="power cut"):
            run_stage(replace(TOY, run=fail), ToyConfig(), store, {})
        assert store._objects.paths("") == []

        def resume(*, config, out):
            assert (out.scratch() / "checkpoint.txt").read_text() == "step 7"
            return make_truth(config=config, out=out)

        ref = run_stage(replace(TOY, run=resume), ToyConfig(), store, {})
        assert not (store.scratch_root / ref.kind / ref.fingerprint).exists()

    def test_the_first_of_two_racing_workers_wins(self, store):
        ref = output_ref(TOY, ToyConfig(), {})
        record = {"stage": "toy", "stage_version": 1, "config": {}, "inputs": {}, "provenance": {}}
        first, second = (store.begin(ref.kind, ref.fingerprint) for _ in range(2))
        write_truth(first, ToyConfig())
        write_truth(second, ToyConfig())
        assert store.commit(first, GroundTruth(name="toy"), **record) == ref
        assert store.commit(second, GroundTruth(name="toy"), **record) == ref
        assert store.manifest(ref).attempt == first.attempt
        assert not any(second.attempt in p for p in store._objects.paths(""))
        assert store.verify(ref) == []

    def test_a_commit_whose_answer_was_lost_is_recognised(self, store):
        ref = output_ref(TOY, ToyConfig(), {})
        record = {"stage": "toy", "stage_version": 1, "config": {}, "inputs": {}, "provenance": {}}
        writer = store.begin(ref.kind, ref.fingerprint)
        write_truth(writer, ToyConfig())
        store.commit(writer, GroundTruth(name="toy"), **record)
        # The client did not hear of it and commits once more.
        assert store.commit(writer, GroundTruth(name="toy"), **record) == ref
        assert store.verify(ref) == []

    @pytest.mark.parametrize("damage", ["flip", "truncate", "delete"])
    def test_verify_finds_damage(self, store, damage):
        ref = run_stage(TOY, ToyConfig(), store, {})
        paths = [p for p in store._objects.paths(f"{ref}/") if not p.endswith("manifest.json")]
        for path in paths:
            data = bytes(obstore.get(store._objects.backend, path).bytes())
            if damage == "delete":
                obstore.delete(store._objects.backend, path)
            elif damage == "truncate":
                obstore.put(store._objects.backend, path, data[:-1])
            else:
                obstore.put(store._objects.backend, path, bytes([data[0] ^ 1]) + data[1:])
            problems = store.verify(ref)
            assert len(problems) == 1
            assert path in problems[0]
            obstore.put(store._objects.backend, path, data)
        assert store.verify(ref) == []

    def test_a_payload_that_breaks_its_contract_is_refused(self, store):
        def misshapen(*, config, out):
            write_truth(out, config)
            out.write("surprise", np.zeros(3))
            return GroundTruth(name="toy")

        with pytest.raises(BadInputError, match=r"unexpected arrays.*surprise"):
            run_stage(replace(TOY, run=misshapen), ToyConfig(), store, {})
        assert store.list_refs() == []

    def test_the_wrong_kind_is_refused(self, store):
        ref = run_stage(TOY, ToyConfig(), store, {})
        with pytest.raises(MissingArtifactError, match="is a ground_truth, not a capture"):
            store.open(ref, Capture)

    def test_delete_removes_everything(self, store):
        ref = run_stage(TOY, ToyConfig(), store, {})
        store.delete(ref)
        assert store._objects.paths("") == []
        assert store.manifest(ref) is None

    def test_frames_are_written_piece_by_piece(self, store):
        writer = store.begin("capture", "ab" * 12)
        array = writer.create("photos", shape=(3, 4, 5, 3), dtype=np.uint8)
        frames = np.random.default_rng(0).integers(0, 255, (3, 4, 5, 3), dtype=np.uint8)
        for index, frame in enumerate(frames):
            array[index] = frame
        np.testing.assert_array_equal(np.asarray(writer.group["photos"][...]), frames)

    def test_arrays_that_need_pickle_are_refused(self, store):
        writer = store.begin("capture", "ab" * 12)
        with pytest.raises(BadInputError, match="not plain numbers"):
            writer.write("names", np.array([{"a": 1}], dtype=object))

    def test_records_for_people(self, store):
        assert store.get_record("runs/monday.json") is None
        store.put_record("runs/monday.json", {"scan": "posed_images/ab"})
        store.put_record("runs/monday.json", {"scan": "posed_images/cd"})
        assert store.get_record("runs/monday.json") == {"scan": "posed_images/cd"}
        assert store.list_records("runs") == ["runs/monday.json"]

    def test_an_unknown_ref_is_missing(self, store):
        ref = ArtifactRef(kind="capture", fingerprint="0" * 24)
        assert store.manifest(ref) is None
