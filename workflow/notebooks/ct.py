# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     name: python3
#     display_name: Python 3
#     language: python
# ---

# %% tags=["parameters"]
results = "results/ct"

# %%
import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
import zarr
from IPython.display import Markdown, display

from pairlsi import figures, operators, problems, reporting, settings, store
from pairlsi.evaluation import paper, tables
from pairlsi.evaluation.bootstrap import interval
from pairlsi.evaluation.claims import Sweep, describe, matched
from pairlsi.theory import trained

results = Path(results)
told = yaml.safe_load((results / "settings.yaml").read_text())
experiment = settings.Experiment(**told["settings"])
problem = problems.create(experiment.problem)
metrics = pd.read_csv(results / "metrics.csv")
claims = pd.read_csv(results / "claims.csv", dtype={"part": str})
scalars = json.loads((results / "data" / "statistics.json").read_text())
confidence, methods = experiment.evaluation.confidence, experiment.inference.methods
sweep = Sweep(metrics, experiment.networks.mask_percent, experiment.evaluation)
labels = {method: tables.label(method) for method in {*methods, *experiment.networks.train}}
seed = experiment.training.seeds[0]
n, k = experiment.problem["image_size"], problem.missing_count
counts = experiment.data.samples
masked = round(k * experiment.networks.mask_percent / 100)

# %%
verdicts = claims[claims.part == "all"]
judged = verdicts[verdicts.verdict.isin(["held", "not held", "undecided"])]
held = judged[judged.verdict == "held"]
seeds = len(experiment.training.seeds)
spread = (
    "and seeds" if seeds > 2 else "only, since fewer than three seeds say nothing of the spread between trainings"
)
missing = [symbol for symbol in sweep.masks if symbol != "none"]
overall = {
    method: interval(np.mean([sweep.mean(method, symbol) for symbol in missing], axis=0), confidence)
    for method in methods
    if missing
}
ranking = pd.DataFrame(
    {
        labels[method]: {"mean RRE": f"{mean:.3f}", "interval": f"{low:.3f} to {high:.3f}"}
        for method, (mean, low, high) in sorted(overall.items(), key=lambda item: item[1])
    }
).T
display(Markdown(f"""
# Computed tomography with missing angles: PAIR and latent space inference

A paired autoencoder (PAIR) turns a sinogram into an image by way of two latent spaces. It was trained on complete
data; when {experiment.networks.mask_percent} % of the angles are missing, latent space inference (LSI) searches the
latent space of sinograms for the one that explains what was measured, and inverts that. This report says how well it
went, beside the numbers of the paper *Latent Space Inference via Paired Autoencoders* (Hart, Peters, Chung, Chung, 2026).

**What was run.** {n} × {n} images ({experiment.problem["source"]["kind"]}), {k} angles, {problem.y_shape[2]} detector
bins, {experiment.problem["noise_level"]:.0%} noise; {counts.train} images to train, {counts.validation} to validate,
{counts.test} to test, {counts.ood} of another mixture (out of distribution, OOD). Networks: {", ".join(experiment.networks.train)};
seeds: {seeds}. Sizes differ from the paper's (see *What the paper leaves open*), so compare the order of methods rather
than the numbers.

**Methods.** *PAIR*: encode the sinogram, map its latent to that of the image, decode: x̂ = d_x(M† e_y(y)).
*PAIR+LSI*: first find the latent z_y of the sinogram that explains what was measured, min ‖P d_y(z_y) − ỹ‖ (9), then map and
decode it; the completed data are d_y(z_y). *LSI in Z_x (8)* searches the latent space of images instead,
min ‖P d_y(M z_x) − ỹ‖. *Encoder-decoder*: the network of PAIR, trained end to end to invert data masked in one way
(nothing, R or B missing). *PAIR+LSI, prior* adds the squared Mahalanobis distance
from the training latents to what (9) minimises; *refined LSI* takes its estimate as the start of CGLS. *Linear PAIR*: the
best linear maps, in closed form. *Interpolation, then PAIR* fills missing angles linearly. *CGLS* solves for the image from what
was measured, knowing the forward operator and without any network, stopped where the validation split says: from zero, from the mean image, or on all angles as LSI
with the prior completes them.

**How to read it.** RRE = ‖x̂ − x‖ / ‖x‖, less is better; SSIM and PSNR are taken at the data range of the training images,
{scalars["x"]["max"] - scalars["x"]["min"]:.3f}. Means are over the test split unless OOD is said; no choice was made on either. Intervals are {confidence:.0%}
bootstrap intervals over samples {spread}. R: random angles missing, B: a block of neighbouring ones, both those that
the encoder-decoders were trained on; R′ and B′: other draws of each, new to all networks.

**In short.** Of the paper's claims, {len(judged)} could be judged here and {len(held)} held ({", ".join(map(str, held.claim)) or "none"}).
"""))
if overall:
    display(Markdown(f"With {masked} of {k} angles missing, the mean error over the masks is, from the best method to the worst:"))
    reporting.show_table(ranking)


# %%
def median_sample(split):
    """The sample whose error, by PAIR+LSI where that was run, is the median over the split."""
    median_of = "lsi" if "lsi" in methods else methods[0]
    rows = metrics[(metrics.split == split) & (metrics.method == median_of) & (metrics.seed == seed)]
    by_sample = rows.groupby("sample").rre.mean()
    return int((by_sample - by_sample.median()).abs().idxmin())


def example(split, sample, shown):
    """Figure of one sample; shown: name of a row -> mask -> method."""
    one = slice(sample, sample + 1)
    truth, data = (store.read(results / "data" / f"{split}.zarr", array, one)[0, 0] for array in store.ARRAYS)
    observed, estimates, errors = {}, {}, {}
    for symbol in sweep.masks:
        mask = sweep.names(symbol)[0]
        keep = operators.create(mask, k, problem.missing_axis, experiment.inference.masks.seed).keep
        observed[symbol] = np.where(keep[:, None], data, np.nan)
        for row, by_mask in shown.items():
            folder = results / "inference" / by_mask[symbol] / mask / f"seed-{seed}"
            image = zarr.open_group(folder / "estimates.zarr", mode="r")[f"{split}/x"][sample, 0]
            estimates.setdefault(row, {})[symbol] = image
            errors.setdefault(row, {})[symbol] = np.linalg.norm(image - truth) / np.linalg.norm(truth)
    return figures.examples(truth, observed, estimates, errors, (0, float(truth.max())))


sample = median_sample("test")
shown = {
    name: {symbol: matched(method, symbol) for symbol in sweep.masks}
    for method, name in tables.ROWS.items()
    if {matched(method, symbol) for symbol in sweep.masks} <= set(methods)
}
if shown:
    reporting.show(
        example("test", sample, shown),
        results / "figures",
        "overview",
        f"Test sample {sample}, the median in error. Upper row: the data, angles running to the right, missing ones grey. "
        "Below: estimates with their relative errors, the least on each mask in bold. The encoder-decoder of each column "
        "is the one trained on that kind of mask; masks with a prime are new to it.",
    )

# %% [markdown]
# ## The claims
# Each claim is judged by its parts, which stand further below with their effects. Claims 7 and 8 are about seismic data.

# %%
reporting.show_table(verdicts[["claim", "statement", "verdict"]], index=False)

# %% [markdown]
# ## Errors by mask
# Every method on every mask.

# %%
means = {
    method: {symbol: interval(sweep.mean(method, symbol), confidence) for symbol in sweep.masks} for method in methods
}
reporting.show(
    figures.errors_by_mask(means, labels),
    results / "figures",
    "errors",
    "Mean relative reconstruction error on the test split, with intervals.",
)
reporting.show_table(tables.all_methods(sweep, "test", methods).round(3), "Mean RRE in distribution.")
reporting.show_table(tables.all_methods(sweep, "ood", methods).round(3), "Mean RRE out of distribution.")
reporting.show_table(tables.all_methods(sweep, "test", methods, "ssim").round(3), "Mean SSIM in distribution.")
reporting.show_table(tables.all_methods(sweep, "test", methods, "psnr").round(2), "Mean PSNR in dB in distribution.")

# %% [markdown]
# ## Is refined LSI the best of all?
# That is what we built it for: LSI supplies what was not measured, physics what was. For every mask, in and out of
# distribution, it is held against the best of all other methods.

# %%
cases = {
    f"{describe(symbol)}, {tables.SPLITS[split]}": {method: sweep.mean(method, symbol, "rre", split) for method in methods}
    for split in tables.SPLITS
    for symbol in sweep.masks
}
against = tables.rivals(cases, "lsi-refined", confidence)
if against.empty:
    display(Markdown("This needs the method lsi-refined and another one."))
else:
    reporting.show_table(against, "Refined LSI against the best of the others.", index=False)

# %%
if len(set(metrics.percent)) > 1 + ("none" in sweep.masks):
    reporting.show(
        figures.errors_by_percent(tables.by_percent(sweep, methods, "test", confidence), labels),
        results / "figures",
        "percent",
        "Mean relative reconstruction error on the test split against the percentage of angles missing, over all draws.",
    )

# %% [markdown]
# ## Table 1 of the paper
# RRE ± half the interval / SSIM as measured here, and the paper's numbers. The encoder-decoder is the one that was
# trained on that kind of mask.

# %%
for name, symbols in (("(a) full data", ["none"]), ("(b) random masks", ["R", "R′"]), ("(c) blocks", ["B", "B′"])):
    table = tables.table_1(sweep, symbols, confidence)
    if not table.empty:
        reporting.show_table(table, name)

# %% [markdown]
# ## Figures 1 and 2: examples
# The samples of the overview and of its like out of distribution, by every method. The upper row shows the data,
# angles running to the right, missing ones grey; below them the estimates with their RRE, the least on each mask in bold.

# %%
for split, name in (("test", "figure-1"), ("ood", "figure-2")):
    sample = median_sample(split)
    shown = {labels[method]: {symbol: method for symbol in sweep.masks} for method in methods}
    reporting.show(
        example(split, sample, shown),
        results / "figures",
        name,
        f"Sample {sample} {tables.SPLITS[split]}: data and estimates by mask and method, with their RRE.",
    )

# %% [markdown]
# ## Figure 3: what the surrogate metrics see
# Two quality metrics that need no truth: for data b and their estimate x̂ the *relative residual estimate*
# ‖d_y(M e_x(x̂)) − b‖ / ‖b‖ and the *relative autoencoded difference* ‖d_y(e_y(b)) − b‖ / ‖b‖. Full data, the same samples
# with a block missing, and those after LSI should form three clusters; the lines show how LSI moves each sample.

# %%
def surrogates(method, mask):
    chosen = (sweep.table.method == method) & (sweep.table["mask"] == mask) & (sweep.table.split == "test")
    return sweep.table[chosen & (sweep.table.seed == seed)].sort_values("sample")


if {"pair", "lsi"} <= set(methods) and {"none", "B"} <= set(sweep.masks):
    block = sweep.names("B")[0]
    points = {
        "full data, PAIR": surrogates("pair", "none-0-0"),
        "mask B, PAIR": surrogates("pair", block),
        "mask B, PAIR+LSI": surrogates("lsi", block),
    }
    reporting.show(
        figures.clusters(points),
        results / "figures",
        "figure-3",
        "Surrogate metrics of each test sample; colour is the true error, which the metrics do not know.",
    )
    full, before, after = (np.median(table.autoencoded_difference) for table in points.values())
    where = "between the other two" if full < after < before else "beyond that of full data: completed data carry no noise"
    display(Markdown(f"The metrics after LSI are those of the completed data d_y(z*). Their cluster lies {where}; in the "
                     "paper it lies between the other two."))
else:
    display(Markdown("This figure needs the methods pair and lsi, full data and a block mask in the sweep."))

# %% [markdown]
# ## What the validation split chose
# Searches and classical solvers go on explaining what was measured after their estimates have ceased to improve: they
# begin to fit noise and what the networks cannot represent. Where to stop, and how much the prior of *PAIR+LSI, prior*
# weighs, is therefore chosen on validation samples, for each mask.

# %%
curves, weights = {}, {}
for method in methods:
    for symbol in sweep.masks:
        group = zarr.open_group(results / "inference" / method / sweep.names(symbol)[0] / f"seed-{seed}" / "estimates.zarr", mode="r")
        choice = group.attrs.get("chosen_on_validation")
        if choice:
            curves.setdefault(method, {})[describe(symbol)] = choice["validation_rre"], choice["iterations"]
            weights.setdefault(f"{labels[method]}: weight", {})[symbol] = "; ".join(
                f"{weight:g}: {error:.4f}" for weight, error in choice.get("validation_rre_by_weight", [])
            )
if curves:
    reporting.show(
        figures.choices(curves, labels),
        results / "figures",
        "choices",
        "Mean relative error on validation samples against iterations; dots where the solver was stopped for the test samples.",
    )
    weights = pd.DataFrame(weights).T
    weights = weights[(weights != "").any(axis=1)]
    if not weights.empty:
        reporting.show_table(weights, "Each weight of the prior, with its least mean error on validation samples.")
else:
    display(Markdown("No method here leaves anything open."))

# %% [markdown]
# ## What the bounds of the paper say here
# With ε_x, ε_y the errors of the autoencoders, ε_M = ‖M† e_y(y) − e_x(x)‖, ε_z = ‖e_y(d_y(z*)) − z*‖ and
# c_P ‖u − v‖ ≤ ‖P u − P v‖ ≤ C_P ‖u − v‖:
#
# - Statement 1: ‖P d_y(z*) − P y‖ ≤ C_P ε_y
# - Proposition 1: ‖x̂ − x‖ ≤ ε_x + L_dx (ε_M + L_M† (ε_z + L_ey (C_P / c_P) ε_y))
# - Statement 2: ‖P A(x̂) − P y‖ ≤ C_P L_A · (the bound of Proposition 1) + ‖P(y − A(x))‖
#
# The constants of trained networks are the largest found at the samples themselves, so the bounds are estimates. What
# they assume, a minimiser of (9), is not what a search gives that is stopped early.

# %%
if {"pair", "lsi"} <= set(methods):
    names = {0: "none-0-0"} | {int(name.split("-")[1]): name for name in (sweep.names("R")[:1] if "R" in sweep.masks else [])}
    table = trained.of_results(results, experiment, problem, names, 12)
    reporting.show_table(
        trained.summary(table),
        f"Bound over what it bounds, median over the first 12 test samples, angles missing at random, and how often it held.",
    )
else:
    display(Markdown("This needs the methods pair and lsi."))

# %% [markdown]
# ## Training

# %%
histories = {
    name: pd.read_csv(results / "networks" / name / f"seed-{seed}" / "history.csv") for name in experiment.networks.train
}
reporting.show(
    figures.training_curves(histories, labels),
    results / "figures",
    "training",
    "Loss of the inversion, 0 for perfect and 1 for the mean image.",
)
seconds = pd.Series({labels[name]: history.seconds.iloc[-1] for name, history in histories.items()}, name="seconds")
reporting.show_table(seconds.round().astype(int).to_frame(), "Time of training.")

# %% [markdown]
# ## The claims in detail
# A part is *held* when the whole interval of its effect lies on the right side of the threshold, *not held* when it
# lies on the wrong side, *undecided* between. Effects are relative differences of means unless they say otherwise.
# Where the paper's words ("clearly", "about equally", "little") have no number, the threshold is ours.

# %%
reporting.show_claims(claims)

# %% [markdown]
# ## What the paper leaves open
# Our copy of the paper has lost most of its inline mathematics and numbers; what could not be recovered is our choice.

# %%
reporting.show_table(
    pd.DataFrame(paper.ct_choices(told["settings"]), columns=["", "value in the paper", "unknown", "ours"]), index=False
)

# %% [markdown]
# ## Where these results come from
# The effective settings of the experiment, and the versions and commit that made the report.

# %%
reporting.show_settings(results)
