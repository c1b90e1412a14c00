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
results = "results/linear"

# %%
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from IPython.display import Markdown, display

from pairlsi import reporting, store, theory_figures
from pairlsi import report_sections as sections
from pairlsi.evaluation.stored import Stored
from pairlsi.evaluation.wording import label
from pairlsi.networks import linear as linear_pair
from pairlsi.theory import measured, sweeps

stored = Stored.in_folder(Path(results))
experiment, problem = stored.experiment, stored.problem
moments = sweeps.Moments(problem.matrix, problem.moment_x, problem.moment_noise)
lengths = experiment.networks.linear or [experiment.networks.x.latent, experiment.networks.y.latent]
percent = experiment.networks.mask_percent
data_size, unknowns = problem.matrix.shape
rank = min(lengths[1], data_size)
rows = problem.missing_count
condition = np.linalg.cond(problem.matrix)
singular = "A is singular" if condition > 1 / np.finfo(float).eps else f"Condition number of A: {condition:.0f}"
level = problem.settings.noise_level
DRAWS = 5  # masks of each percentage and kind


def weights(mask):
    """1 for the data that a mask keeps and 0 for the others, broadcastable to (C, H, W)."""
    return torch.from_numpy(stored.operator(mask).weights()).double()


def observe(mask):
    """Which of all data a mask keeps, (m,) bool."""
    return np.broadcast_to(weights(mask), problem.y_shape).ravel() > 0


def masks_of(kind, look_at):
    """(percent, mask) of every percentage in steps of about an eighth of the rows, and every draw."""
    percents = [round(100 * missing / rows) for missing in range(0, 3 * rows // 4 + 1, max(1, rows // 8))]
    return [(p, look_at(f"{kind}-{p}-{draw}")) for p in percents for draw in (range(DRAWS) if p else [0])]


# %%
complete, masked = observe("none-0-0"), observe(f"random-{percent}-0")
at_rank = sweeps.by_percent(moments, [(0, complete), (percent, masked)], rank).pivot(
    index="method", columns="percent", values="rre"
)
display(Markdown(f"""
# Paired autoencoders where the answer is known: a linear problem

Everything about this problem is linear and Gaussian, so that the best paired autoencoder (PAIR), latent space inference
(LSI) and the best possible estimate all have closed forms, and their expected errors follow from the moments of x and of the
noise without drawing a sample. The report shows where LSI gains and what the bounds of the paper *Latent Space
Inference via Paired Autoencoders* (Hart, Peters, Chung, Chung, 2026) say about it, beside the exact errors.

**The problem.** x: Gaussian fields of {problem.x_shape[1]} × {problem.x_shape[2]} pixels with a Matérn covariance of
correlation length {problem.settings.correlation_length:g} image widths. y: {rows} parallel-beam views of {problem.y_shape[2]} bins,
{data_size} data for {unknowns} unknowns, with white noise of {level:.0%}. Whole views go missing. {singular}.

**The estimators.** *PAIR (5)*: encode, map, decode, taking missing data for zeros. *LSI in Z_y (9)*: the data latent that
explains what was measured, then mapped and decoded. *LSI in Z_x (8)*: the latent of x that does so by way of M. *LMMSE*: the linear
estimator with the least mean square error, which knows A and all moments. *Truncated SVD*: knows A alone.

**How to read it.** Errors are √(E‖x̂ − x‖² / E‖x‖²), exact. Where nothing else is said both latents have length
{rank}, as in the settings, and the truncated SVD its best rank.

**In short.** With {percent} % of the views missing at random, the error of PAIR goes from {at_rank.loc["pair", 0]:.3f} to
{at_rank.loc["pair", percent]:.3f} and that of LSI (9) from {at_rank.loc["lsi", 0]:.3f} to {at_rank.loc["lsi", percent]:.3f}; the
least possible from {at_rank.loc["lmmse", 0]:.3f} to {at_rank.loc["lmmse", percent]:.3f}.
"""))

# %% [markdown]
# ## Error against the length of the latents
# On complete data (9) and (5) agree at every length, and at full length they are the LMMSE estimator: the projection
# on the leading directions of Γ_y and the map M† weigh signal against noise. (8) inverts A on the latents of x
# instead, which amplifies noise wherever the data see them poorly; its curve is uneven since M depends on
# which directions of Γ_x and of Γ_y come in together. With views missing, longer latents stop helping (9) too: some combinations of latents are hardly seen any more, and the fit has no prior to hold them.

# %%
ranks = sorted({*np.unique(np.geomspace(4, unknowns, 24).astype(int)), rank})
by_rank = {
    title: sweeps.by_rank(moments, observe(mask), ranks)
    for title, mask in (
        ("complete data", "none-0-0"),
        (f"{percent} % missing at random", f"random-{percent}-0"),
        (f"{percent} % missing, one block", f"block-{percent}-0"),
    )
}
reporting.show(
    theory_figures.errors(by_rank, "rank", "length of both latents, rank of the SVD", log=True),
    stored.figures,
    "rank",
    "Exact relative error against the length of both latents. LMMSE has no rank; it is drawn for comparison.",
)
best = pd.DataFrame({
    title: {
        theory_figures.ESTIMATORS[method][1]: f"{group.rre.min():.3f} at {group['rank'].loc[group.rre.idxmin()]}"
        for method, group in table.groupby("method")
        if method != "lmmse"
    }
    for title, table in by_rank.items()
})
reporting.show_table(best, "The least error of each estimator and the rank where it has it.")

# %% [markdown]
# ## Error against noise
# The PAIR is fitted to the moments of each noise level.

# %%
levels = level * np.geomspace(0.1, 10, 9)
longest = min(unknowns, data_size)
reporting.show(
    theory_figures.errors(
        {
            f"complete data, latents of {rank}": sweeps.by_noise(moments, complete, rank, levels),
            f"complete data, latents of {longest}": sweeps.by_noise(moments, complete, longest, levels),
            f"{percent} % missing at random, latents of {rank}": sweeps.by_noise(moments, masked, rank, levels),
        },
        "noise_level",
        "noise, relative",
        log=True,
    ),
    stored.figures,
    "noise",
    "Exact relative error against the noise level. Errors above 2 lie outside the picture.",
)

# %% [markdown]
# ## Error against missing data
# The same networks, fitted to complete data, with ever more of the views missing.

# %%
reporting.show(
    theory_figures.errors(
        {f"{kind} mask": sweeps.by_percent(moments, masks_of(kind, observe), rank) for kind in ("random", "block")},
        "percent",
        "percent missing",
    ),
    stored.figures,
    "percent",
    f"Exact relative error against the percentage of views missing: mean and range over {DRAWS} draws of the mask.",
)

# %% [markdown]
# ## The bounds

# %%
display(Markdown(f"""
For solutions z* of (9), with {sections.BOUNDS}
The last term is ours: it lets the data have noise, and is zero for the noise-free data of the paper.
For the linear PAIR all constants are exact, c_P is the smallest singular value of P U_y, and the bounds must hold for every sample.
"""))

# %%
x, y = (torch.from_numpy(store.read(stored.results / "data" / "test.zarr", name)).double() for name in store.ARRAYS)
network = linear_pair.LinearPair(problem.x_shape, problem.y_shape, min(rank, unknowns), rank).double().requires_grad_(False)
linear_pair.fit_moments(network, moments.moment_x, moments.moment_y, moments.moment_x @ moments.matrix.T)
table = sweeps.bounds_by_percent(network, problem.matrix, x, y, masks_of("random", weights))
reporting.show(
    theory_figures.bounds(table),
    stored.figures,
    "bounds",
    "What is bounded and its bound against the percentage of views missing at random: median, and 5 to 95 % of test samples and draws.",
)
display(Markdown(f"Of {len(table)} inequalities (samples × masks × statements) {sweeps.broken(table) or 'none'} failed."))
reporting.show_table(
    sweeps.looseness(table).map("{:.3g}".format),
    "How loose the bounds are: bound over what it bounds, median over samples and draws.",
)

# %% [markdown]
# ## Where the looseness comes from
# Proposition 1 degrades as 1 / c_P. The latent moves by at most √(1 − c_P²) / c_P times ε_y, the tangent of the
# largest angle between the span of U_y and the signals that the mask keeps. That is nothing when no data are missing, where the paper's
# factor is still 1, and close to the paper's when many are. A typical sample stays far below both: its error ε_y
# would have to lie along the one direction that the mask hides best.

# %%
if ((table.lower > 0) & (table.percent > 0)).any():
    reporting.show(
        theory_figures.movement(table),
        stored.figures,
        "movement",
        "How far missing data move the latent of the data, relative to the autoencoder's error, against c_P. Each mark is a mask.",
    )
else:
    display(Markdown("Every mask here hides some combination of the latents altogether: c_P is 0, and there is no bound."))

# %% [markdown]
# ## What stopping early does
# The bounds and the exact errors above are about the minimiser of (9). The solver starts at e_y(ỹ), whose missing part is
# zero, and stops after few iterations: combinations of latents that the mask hides hardly move by then. So stopping
# early acts as the regulariser that (9) lacks, the more so the more data are missing.

# %%
reached = measured.stopped_early(network, moments, x, y, masks_of("random", weights), experiment.inference.lsi)
reporting.show_table(
    reached.map("{:.3g}".format),
    f"Relative errors on the test split with views missing at random, mean over {DRAWS} draws of the mask.",
)

# %% [markdown]
# ## What networks fitted to samples make of it
# Root of the ratio of mean squares on the test split, by which the measured errors compare with the exact ones.

# %%
if (stored.results / "metrics.csv").is_file():
    energy = x.flatten(1).square().sum(1).numpy()
    found = measured.of_methods(stored.sweep.table, energy)
    if "mean" in found.index:
        found.loc["mean"] = found.loc["mean"].max()  # the same on all masks, so it is run on one
    exact = measured.exact(moments, {(kind, p): observe(f"{kind}-{p}-0") for kind, p in found.columns}, rank)
    found = found.rename(index=lambda method: f"{label(method)}, measured")
    both = pd.concat([found, exact.rename(index=lambda method: f"{theory_figures.ESTIMATORS[method][1]}, exact")])
    both.columns = ["complete" if kind == "none" else f"{kind}, {p} %" for kind, p in both.columns]
    reporting.show_table(both.round(3), "Exact errors are for draw 0 of each mask, measured ones over all draws.")
else:
    display(Markdown("No networks were trained in this experiment."))

# %% [markdown]
# ## Where these results come from

# %%
sections.origin(stored.results)
