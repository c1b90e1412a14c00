"""Jobs that simulate keep what their batches found, so that a job that is killed goes on from there."""

import numpy as np
import pytest
import torch
import zarr
from in_process import Computed
from test_settings import shipped

from pairlsi.config import check
from pairlsi.evaluation import inference
from pairlsi.jobs import outputs
from pairlsi.methods.estimates import Estimates
from pairlsi.methods.fwi import FWI
from pairlsi.methods.kept import Kept


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    said = shipped()["experiments"]["ct"]
    said["problem"] |= {"image_size": 12, "angles": 8, "detector_bins": 18, "oversampling": 1}
    said["data"] |= {"samples": {"train": 40, "validation": 8, "test": 7, "ood": 3}, "shard_size": 40}
    search = {"iterations": 4, "stop": "validation", "roughness": [0.01, 1.0], "batch_size": 3}
    said |= {"networks": {}, "methods": {"fwi": search}, "observations": {"none": {}}, "sections": {}}
    said |= {"predictions": {"methods": ["fwi"]}, "evaluation": said["evaluation"] | {"claims": []}}
    config = {"experiments": {"ct": said}}
    return Computed(tmp_path_factory.mktemp("kept") / "ct", check(config)["experiments"]["ct"])


def told(computed, **changed) -> dict:
    own = computed.experiment.method_told("fwi", "none-0") | changed
    names = {"experiment": "ct", "method": "fwi", "case": "none-0", "seed": "0"}
    return {"wildcards": names, "params": {"problem": computed.problem.said, "method": own}, "made_from": {}}


def run(computed, folder, batches=None, **changed) -> tuple[list[dict], np.ndarray]:
    data = computed.folder / "data"
    rows = inference.run(told(computed, **changed), None, None, data, folder / "estimates.zarr", batches)
    return rows, zarr.open_group(folder / "estimates.zarr", mode="r")["test/x"][:]


class Killed(BaseException):
    pass


@pytest.fixture
def calls(monkeypatch):
    """Counts the batches that are worked on, and stops the job at the one of the number `calls.last`."""

    class Calls:
        count, last = 0, None

    follow = FWI.follow

    def counted(self, *given):
        if Calls.count == Calls.last:
            raise Killed
        Calls.count += 1
        return follow(self, *given)

    monkeypatch.setattr(FWI, "follow", counted)
    return Calls


@pytest.mark.parametrize("last", [1, 4, 7, 9])  # in the choice, at its second weight, and in the estimates
def test_a_job_that_was_killed_goes_on_after_its_last_batch_to_the_same_end(computed, tmp_path, calls, last):
    wanted, x = run(computed, tmp_path)
    whole, calls.count, calls.last = calls.count, 0, last
    assert whole == 2 * 3 + 3 + 1
    with pytest.raises(Killed):
        run(computed, tmp_path, tmp_path / "batches")
    calls.count, calls.last = 0, None
    found, again = run(computed, tmp_path, tmp_path / "batches")
    assert calls.count == whole - last
    assert np.array_equal(again, x)
    timeless = [[{k: v for k, v in row.items() if k != "seconds"} for row in rows] for rows in (found, wanted)]
    assert str(timeless[0]) == str(timeless[1])
    assert all(row["seconds"] > 0 for row in found)


def test_what_another_job_kept_is_not_taken(computed, tmp_path, calls):
    run(computed, tmp_path, tmp_path / "batches")
    before, calls.count = calls.count, 0
    run(computed, tmp_path, tmp_path / "batches")
    assert calls.count == 0
    changed = told(computed)["params"]["method"]["method"] | {"roughness": [0.02, 1.0]}
    run(computed, tmp_path, tmp_path / "batches", method=changed)
    assert calls.count == before


def test_a_batch_that_was_cut_off_is_worked_on_again(tmp_path):
    kept = Kept(tmp_path / "batches", {"a": 1})
    some = Estimates(x=np.ones((2, 1, 3, 3), np.float32), iterations=np.array([3.0, 4.0]), seconds=0.5)
    kept.add(2, 1.5, some)
    kept.add(4, 2.5, [(np.arange(3), np.eye(2)), (np.zeros(1), np.ones(1))])
    again = Kept(tmp_path / "batches", {"a": 1})
    stop, seconds, found = again.next()
    assert (stop, seconds, found.seconds, found.y) == (2, 1.5, 0.5, None)
    assert np.array_equal(found.x, some.x) and np.array_equal(found.iterations, some.iterations)
    _, _, ((first, second), _) = again.next()
    assert np.array_equal(first, np.arange(3)) and np.array_equal(second, np.eye(2)) and again.next() is None
    file = tmp_path / "batches" / "1.pt"
    file.write_bytes(file.read_bytes()[:100])
    again = Kept(tmp_path / "batches", {"a": 1})
    assert again.next() is not None and again.next() is None
    torch.save((4, 1.0, []), file)
    assert Kept(tmp_path / "batches", {"a": 2}).next() is None and not file.exists()


def test_a_full_disk_is_named_and_what_was_kept_before_it_stays(tmp_path, small_disk):
    disk = small_disk(tmp_path, 4096)
    kept = Kept(tmp_path / "batches", {"a": 1})
    kept.add(2, 1.0, [np.ones(8)])
    disk.fill()
    with pytest.raises(outputs.DiskFull, match=r"no space is left on the disk for \S*batches/1\.pt: make space"):
        kept.add(4, 1.0, [np.ones(1 << 18)])
    disk.make_space()
    again = Kept(tmp_path / "batches", {"a": 1})
    assert again.next() is not None and again.next() is None
