"""What runs again after a change, and what does not: plans of Snakemake's on a copy of a finished clone."""

import shutil

import pytest

pytestmark = pytest.mark.slow


def test_deleting_one_shard_reruns_one_simulation_and_nothing_else(clone):
    shard = clone.results / "data/train.zarr/y/c/1/0/0/0"
    before = shard.read_bytes()
    shard.unlink()
    assert clone.planned("data") == {"simulate": 1}
    clone.snakemake("data")
    assert shard.read_bytes() == before
    assert clone.planned() == {}


def test_another_seed_of_the_data_reruns_everything(clone):
    clone.settings(data={"seed": 5})
    assert clone.planned() == {
        "create_store": 4,
        "simulate": 5,
        "statistics": 1,
        "train": 2,
        "infer": 6,
        "summarise": 1,
        "trust": 1,
        "report": 1,
    }


def test_data_simulated_anew_and_then_interrupted_still_retrain(clone):
    clone.settings(data={"seed": 5})
    clone.snakemake("--until", "simulate")
    assert clone.planned() == {"statistics": 1, "train": 2, "infer": 6, "summarise": 1, "trust": 1, "report": 1}


def test_more_test_samples_retrain_nothing(clone):
    clone.settings(data={"samples": {"test": 7}})
    assert clone.planned() == {"create_store": 1, "simulate": 1, "infer": 6, "summarise": 1, "trust": 1, "report": 1}


def test_a_comment_reruns_nothing(clone):
    path = "workflow/scripts/pairlsi/evaluation/metrics.py"
    clone.edit(path, "def relative_error", "# of each sample\ndef relative_error")
    assert clone.planned() == {}


def test_a_changed_metric_retrains_nothing(clone):
    path = "workflow/scripts/pairlsi/evaluation/metrics.py"
    clone.edit(path, "return 10 * np.log10", "return 10.0 * np.log10")
    planned = clone.planned()
    assert planned["infer"] == 6 and not planned.keys() & {"simulate", "statistics", "train"}


def test_a_changed_loss_retrains_and_reruns_what_is_downstream(clone):
    clone.edit("workflow/scripts/pairlsi/networks/autoencoders.py", ".flatten(1).mean(1)", ".flatten(1).sum(1)")
    planned = clone.planned()
    assert planned == {"train": 2, "infer": 6, "summarise": 1, "trust": 1, "report": 1}


def test_a_new_mask_trains_nothing(clone):
    clone.settings(observations={"random": {"percents": [25, 50, 75]}})
    assert clone.planned() == {"infer": 2, "summarise": 1, "trust": 1, "report": 1}
    clone.settings(observations={"random": {"draws": 2}})
    assert clone.planned() == {"infer": 6, "summarise": 1, "trust": 1, "report": 1}  # all draws of a mask are one job


def test_a_new_instance_runs_alone_and_words_and_colours_rerun_the_report_alone(clone):
    clone.settings(methods={"lsi-huber": {"kind": "lsi", "misfit": "huber", "iterations": 3}})
    assert clone.planned() == {"infer": 3, "summarise": 1, "report": 1}
    clone.settings(methods={"lsi-huber": None, "pair": {"label": "ours", "colour": "#123456"}})
    assert clone.planned() == {"report": 1}
    clone.settings(methods={"pair": {"label": None}}, networks={"second": {"kind": "paired", "weights": [1, 1, 1, 2]}})
    assert clone.planned() == {"train": 1, "report": 1}


def test_an_edited_kind_reruns_its_own_instances_and_a_new_kind_reruns_nothing(clone):
    folder = clone.folder / "workflow/scripts/pairlsi"
    shutil.copy(folder / "methods/pair.py", folder / "methods/double.py")
    shutil.copy(folder / "networks/paired.py", folder / "networks/twin.py")
    shutil.copy(folder / "observations/block.py", folder / "observations/gap.py")
    assert clone.planned() == {}
    clone.edit("workflow/scripts/pairlsi/methods/pair.py", "with torch.no_grad():", "with torch.inference_mode():")
    assert clone.planned() == {"infer": 3, "summarise": 1, "report": 1}
    clone.edit("workflow/scripts/pairlsi/observations/random.py", "permutation(rows)", "permutation(rows)[::1]")
    # of both methods on random masks, and the network that is trained behind one with what it estimates
    assert clone.planned() == {"train": 1, "infer": 6, "summarise": 1, "trust": 1, "report": 1}


def test_another_masked_percentage_in_training_retrains_only_the_network_that_is_trained_on_it(clone):
    clone.settings(networks={"encdec-random": {"trained_on": "random-50"}})
    planned = clone.planned()
    assert planned["train"] == 1 and planned["infer"] == 3


def test_a_new_seed_trains_anew_only_for_itself(clone):
    clone.settings(training={"seeds": [0, 1]})
    planned = clone.planned()
    assert planned["train"] == 2 and planned["infer"] == 6 and "simulate" not in planned
