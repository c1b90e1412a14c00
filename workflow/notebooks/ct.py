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
from pathlib import Path

import pandas as pd
from IPython.display import Markdown, display

from pairlsi import ct_sections, figures, networks, reporting
from pairlsi import report_sections as sections
from pairlsi.evaluation import by_percent, paper, regimes, rivals, tables
from pairlsi.evaluation.bootstrap import interval
from pairlsi.evaluation.stored import Stored
from pairlsi.evaluation.wording import label, sources

stored = Stored.in_folder(Path(results))
experiment, problem, sweep = stored.experiment, stored.problem, stored.sweep
confidence, methods = experiment.evaluation.confidence, experiment.inference.methods
labels = {method: label(method) for method in {*methods, *experiment.networks.train}}
scalars = networks.read_statistics(stored.results / "data")[0]
n, k, counts, seeds = problem.x_shape[1], problem.missing_count, experiment.data.samples, len(experiment.training.seeds)
percents = sorted({q for q in sweep.table.percent if q})
missing = f"{' or '.join(map(str, percents))} %" if percents else "some"
others = [symbol for symbol in sweep.shown if symbol not in sweep.masks]

# %%
verdicts, judged, held = tables.verdicts(stored.claims)
display(Markdown(f"""
# Computed tomography with missing angles: PAIR and latent space inference

A paired autoencoder (PAIR) turns a sinogram into an image by way of two latent spaces. It was trained on complete
data; when {missing} of the angles are missing, latent space inference (LSI) searches the
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
bootstrap intervals {sources(seeds, experiment.inference.masks.draws - 1)}. R: random angles missing, B: a block of neighbouring ones, both those that
the encoder-decoders were trained on, with {experiment.networks.mask_percent} % missing; R′ and B′: other draws of each, new to all
networks{"; " + ", ".join(others) + ": all draws with that much missing" if others else ""}. {tables.draws(sweep, methods)}

**In short.** Of the paper's claims, {len(judged)} could be judged here and {len(held)} held ({", ".join(map(str, held.claim)) or "none"}).
"""))
ranking = tables.over_masks(sweep, methods, confidence)
if not ranking.empty:
    display(Markdown(f"With {missing} of the {k} angles missing, the mean error over the masks is, from the best method to the worst:"))
    reporting.show_table(ranking)

# %%
ct_sections.overview(stored)

# %% [markdown]
# ## The claims
# Each claim is judged by its parts, which stand further below with their effects. Claims 7 and 8 are about seismic data.

# %%
sections.verdicts(verdicts, stored.claims)

# %% [markdown]
# ## Errors by mask
# Every method on every mask.

# %%
means = {
    method: {s: interval(sweep.mean(method, s), confidence) for s in sweep.shown if sweep.was_run(method, s)}
    for method in methods
}
reporting.show(
    figures.errors_by_mask(means, labels),
    stored.figures,
    "errors",
    "Mean relative reconstruction error on the test split, with intervals.",
)
reporting.show_table(tables.all_methods(sweep, "test", methods).round(3), "Mean RRE in distribution.")
reporting.show_table(tables.all_methods(sweep, "ood", methods).round(3), "Mean RRE out of distribution.")
reporting.show_table(tables.all_methods(sweep, "test", methods, "ssim").round(3), "Mean SSIM in distribution.")
reporting.show_table(tables.all_methods(sweep, "test", methods, "psnr").round(2), "Mean PSNR in dB in distribution.")

# %% [markdown]
# ## Is refined LSI the best of all?

# %%
cases = {}
for name, each in regimes.sweeps(stored).items():
    cases |= rivals.on_masks(each, name)
    if name != stored.results.name:
        reporting.show_text(regimes.differences(stored, name))
sections.refined(cases, confidence)

# %%
if len(percents) > 1:
    reporting.show(
        figures.errors_by_percent(by_percent.intervals(sweep, methods, "test", confidence), labels),
        stored.figures,
        "percent",
        "Mean relative reconstruction error on the test split against the percentage of angles missing, over all draws.",
    )

# %% [markdown]
# ## Table 1 of the paper
# RRE ± half the interval / SSIM as measured here, and the paper's numbers. The encoder-decoder is the one that was
# trained on that kind of mask.

# %%
ct_sections.table_1(stored)

# %% [markdown]
# ## Figures 1 and 2: examples
# The samples of the overview and of its like out of distribution, by every method. The upper row shows the data,
# angles running to the right, missing ones grey; below them the estimates with their RRE, the least on each mask in bold.

# %%
ct_sections.examples(stored)

# %% [markdown]
# ## Figure 3: what the surrogate metrics see
# Two quality metrics that need no truth: for the measured data ỹ, their estimate x̂ and the data ŷ that the method completes,
# the *residual estimate* ‖P d_y(M e_x(x̂)) − ỹ‖ / ‖ỹ‖ and the *misfit* ‖P ŷ − ỹ‖ / ‖ỹ‖. For full data and PAIR these are the
# paper's, ‖d_y(M e_x(x̂)) − y‖ / ‖y‖ and ‖d_y(e_y(y)) − y‖ / ‖y‖. The paper holds completed data against themselves, which
# lie in the range of the decoder whatever the latents are: of random latents that makes the same picture. So what was
# measured counts here. Full data, the same samples with a block missing, and those after LSI should form three clusters;
# the lines show how LSI moves each sample.

# %%
ct_sections.clusters(stored)

# %% [markdown]
# ## What the validation split chose
# Searches and classical solvers go on explaining what was measured after their estimates have ceased to improve: they
# begin to fit noise and what the networks cannot represent. Where to stop, and how much the prior of *PAIR+LSI, prior*
# weighs, is therefore chosen on validation samples, for each mask.

# %%
ct_sections.choices(stored)

# %% [markdown]
# ## What the bounds of the paper say here

# %%
masks = {0: "none-0-0"} | {q: stored.mask("random", q) for q in by_percent.percents(sweep, "random")}
sections.bounds(stored, masks, 12, "angles missing at random")

# %% [markdown]
# ## Training

# %%
histories = {name: stored.network(name)[1] for name in experiment.networks.train}
reporting.show(
    figures.training_curves(histories, labels),
    stored.figures,
    "training",
    "Loss of the inversion, 0 for perfect and 1 for the mean image.",
)
seconds = pd.Series({labels[name]: history.seconds.iloc[-1] for name, history in histories.items()}, name="seconds")
reporting.show_table(seconds.round().astype(int).to_frame(), "Time of training.")

# %% [markdown]
# ## The claims in detail

# %%
sections.claims_in_detail(stored.claims, '"separate", "moves"')

# %% [markdown]
# ## What the paper leaves open

# %%
sections.left_open(paper.ct_choices(stored.told["settings"]))

# %% [markdown]
# ## Where these results come from

# %%
sections.origin(stored.results)
