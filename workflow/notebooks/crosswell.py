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
results = "results/crosswell"

# %%
from pathlib import Path

from IPython.display import Markdown, display

from pairlsi import crosswell_curves, crosswell_searches, latents, reporting
from pairlsi import report_sections as sections
from pairlsi.crosswell_examples import Examples
from pairlsi.evaluation import by_percent, paper, rivals, tables
from pairlsi.evaluation.scope import Scope
from pairlsi.evaluation.stored import Stored
from pairlsi.evaluation.wording import difference, plus_minus, sources

stored = Stored.in_folder(Path(results))
scope = Scope(stored)
examples = Examples(scope)
experiment, problem, sweep, methods, labels = stored.experiment, stored.problem, stored.sweep, scope.methods, scope.labels
kind, heavy, confidence = scope.kind, scope.heavy, scope.confidence
shared, everyone = int(scope.shared.sum()), len(scope.everyone)

# %%
verdicts, judged, held = tables.verdicts(stored.claims)
at_heavy, on_all = scope.at_heavy(scope.shared), scope.at_heavy(scope.everyone)
said = []
if {"pair", "lsi"} <= set(at_heavy):
    told = difference(on_all["lsi"], on_all["pair"], "PAIR", confidence)
    said.append(f"On all {everyone} test samples, the error of PAIR+LSI is {told}.")
if {"lsi", "mlsi"} <= set(at_heavy):
    told = difference(at_heavy["mlsi"], at_heavy["lsi"], "PAIR+LSI", confidence)
    said.append(f"On the samples that all methods share, the error of M-LSI is {told}.")
paired = experiment.inference.paired
kind_of_network = {"vpae": "variational paired autoencoder (VPAE)", "pair": "paired autoencoder"}[paired]
which = ", ".join(map(str, held.claim))
display(Markdown(f"""
# Cross-well seismics with missing receivers: PAIR and latent space inference

Sound is sent through the rock between two boreholes; from what receivers record, the velocity of the rock is to be found. A
{kind_of_network} learned to turn records into velocities from complete data. This report says what can
still be found when up to {sweep.table.percent.max()} % of the receivers are missing: by the autoencoder alone (*PAIR*), with latent space
inference (*PAIR+LSI*), and by inversions that simulate the waves in every iteration (*M-LSI*, *FWI*).

**In short.** With {scope.loss}, the methods rank, from the least error to the
largest: {"; ".join(labels[m] for m in at_heavy)}. {" ".join(said)} Of the claims of the paper (*Latent Space
Inference via Paired Autoencoders*, Hart, Peters, Chung, Chung, 2026), {len(judged)} could be judged here and
{f"{len(held)} held ({which})" if which else "none held in all its parts"}.
"""))

# %%
examples.overview()

# %%
reporting.show_table(
    tables.on_shared_and_all(sweep, methods, kind, heavy, confidence),
    f"Mean relative error of the velocity, {scope.loss}, with intervals, from best to worst.",
)
p, counts, seeds = problem.settings, experiment.data.samples, len(experiment.training.seeds)
display(Markdown(f"""
**What was run.** Models of {p.rows} × {p.columns} cells of {p.spacing:g} m; {len(problem.sources)} shots, half of them in each
well, recorded by {problem.missing_count} receivers in the other; {p.noise_level:.0%} noise; {counts.train} pairs to train,
{counts.validation} to validate, {counts.test} to test, {counts.ood} with other geology (out of distribution, OOD); {seeds}
seed{"s" if seeds > 1 else ""}. Sizes differ from the paper's (see *What the paper leaves open*), so compare the order of
methods rather than the numbers.

**Methods.** *PAIR*: encode the records, missing ones taken for zeros, map the latent to that of the model, decode:
x̂ = d_x(M† e_y(ỹ)). *PAIR+LSI*: first find latents z_y of the records that explain what was measured,
min ‖P d_y(z_y) − ỹ‖ (9), then map and decode them; d_y(z_y) completes the data. *M-LSI*: find the latent of the model whose
simulated waves do so, min ‖P A(d_x(z_x)) − ỹ‖ (16), from the mean model of the training set. *FWI*: classical full waveform
inversion, over pixels and without any network, from the mean model too. *From LSI*: the same from the estimate of
PAIR+LSI. *PAIR+LSI, prior*: ours, (9) from interpolated data and with the distance from the training latents added; *refined
LSI*: (16) from its estimate. *Linear PAIR+LSI*: (9) on the best linear encoders, decoders and maps, in closed form. *Interpolation, then PAIR*: fill missing receivers linearly. *Mean model*: no data at all; what is not better
than it has learned nothing from them.

**How to read it.** RRE = ‖x̂ − x‖ / ‖x‖, less is better. All estimates are means over their ensemble of starts.
Means are over the test split unless OOD is said. The number of iterations, where it was not fixed, and the weight of the
prior were chosen on the validation split. Intervals are {confidence:.0%} bootstrap intervals
{sources(seeds, experiment.inference.masks.draws)}. Methods that simulate are dear:
they were run on the first {shared} test samples and on fewer masks. Where they are compared with others, it is on the same
samples unless the caption says that it is not.
"""))

# %% [markdown]
# ## The claims
# Each claim is judged by its parts, which stand further below with their effects. Claims 1 to 6 and 9 are about tomography.

# %%
sections.verdicts(verdicts, stored.claims)

# %% [markdown]
# ## Figure 4: models and data
# Velocities vary around one mean that is the same everywhere, so the mean model says nothing of where the layers are.

# %%
examples.models_and_data()

# %% [markdown]
# ## Figure 5: completing the data
# PAIR+LSI finds latents of the records that explain what was measured; decoded, they say what the missing receivers
# would have recorded.

# %%
examples.completed_data()

# %% [markdown]
# ## Figure 6: velocity estimates

# %%
examples.estimates()

# %% [markdown]
# ## Figure 7: errors against loss

# %%
run_on = {each: by_percent.run_on(sweep, methods, each) for each in scope.kinds}
figure_7 = {
    each: {
        metric: by_percent.statistics(sweep, "test", [m for m in run_on[each] if m != "mean"], each, metric)
        for metric in ("data_rre", "rre")
    }
    for each in scope.kinds
}
mean_model = by_percent.values(sweep, "test", "mean", kind, 0).mean() if "mean" in methods else None
reporting.show(
    crosswell_curves.by_loss(figure_7, labels, mean_model),
    stored.figures,
    "figure-7",
    "Mean errors, with bars of one standard deviation over samples. Methods that simulate: the first "
    f"{shared} test samples; all others: all {everyone}. Data errors are against the full noisy data: of decoded data "
    "for PAIR and PAIR+LSI, of simulated data for M-LSI and FWI; what lies above the panels is worse than no data at all.",
)
for each in scope.kinds:
    samples = by_percent.shared_samples(sweep, "test", run_on[each])
    means = by_percent.means(sweep, "test", run_on[each], each, samples)
    reporting.show_table(
        by_percent.table(means, lambda values: plus_minus(values, confidence)),
        f"Mean RRE ± half the interval, {scope.missing_of(each)}, on the {int(samples.sum())} test samples that all "
        "these methods share.",
    )
samples = by_percent.shared_samples(sweep, "ood", methods)
means = by_percent.means(sweep, "ood", methods, kind, samples)
reporting.show_table(
    by_percent.table(means, lambda values: values[0]).round(3),
    f"Mean RRE out of distribution, {scope.missing}, on the {int(samples.sum())} samples that all methods share.",
)

# %% [markdown]
# ## Is refined LSI the best of all?
# Refined LSI and M-LSI from LSI are the same search from two starts. Where little is missing these hardly differ, and
# neither do their ends.

# %%
cases = rivals.on_percents(sweep, methods, scope.kinds, "lsi-refined")
sections.refined(cases, confidence, ", on the samples that all methods share, where these are five at least")

# %% [markdown]
# ## When to stop
# Searches go on explaining what was measured long after their estimates have ceased to improve: they begin to fit noise and
# what the networks cannot represent, or follow the waves into a local minimum.

# %%
crosswell_searches.stops(scope)

# %% [markdown]
# ## What becomes of the members
# A search for a model that explains waves has many local minima. A member is *successful* when its error is at most half
# that of the mean model: it has found the model rather than another one that fits some of the waves.

# %%
crosswell_searches.outcomes(scope)

# %% [markdown]
# ## Does the ensemble know how wrong it is?
# The members of an ensemble differ in their starts. If they were samples of a posterior, the error of their mean would be
# about as large as their spread (by the factor √(1 + 1/K) for K members).

# %%
crosswell_searches.spreads(scope)

# %% [markdown]
# ## In which regime does the paper's finding hold?
# Whether M-LSI finds the model from the mean model depends on the problem: the longer the waves and the weaker the contrasts,
# the fewer its local minima.

# %%
crosswell_searches.across_regimes(scope)

# %% [markdown]
# ## What the latents carry
# The VPAE gives each latent a distribution. Where that is the prior whatever goes in, its divergence from it is zero and
# the latent carries nothing.

# %%
described, history = stored.network(paired) if paired in experiment.networks.train else ({}, None)
divergences = described.get("divergence_of_latents")
if divergences:
    reporting.show(
        crosswell_curves.latents(divergences, latents.ACTIVE),
        stored.figures,
        "latents",
        "Mean divergence of each latent from the prior on validation samples, from the largest to the least.",
    )
    reporting.show_table(
        tables.active_latents(divergences), f"Latents with a divergence of more than {latents.ACTIVE:g} nats are active."
    )
else:
    display(Markdown("No variational autoencoder, whose latents are random variables, was trained for this report."))

# %% [markdown]
# ## What the bounds of the paper say here

# %%
looked_at = {q: stored.mask(kind, q) for q in sorted({0, *scope.percents[-3::2]})}
sections.bounds(stored, looked_at, 8, scope.missing, " Searches start from the mean of q(z_y|ỹ).")

# %% [markdown]
# ## Training

# %%
if history is None:
    display(Markdown(f"networks.train has no {paired}, whose training this is about."))
else:
    reporting.show(
        crosswell_curves.training_terms(history),
        stored.figures,
        "training",
        "The terms of the loss (4), 0 for perfect and 1 for the mean of the training samples, and divergences from the prior.",
    )
    last, hours = history.iloc[-1], history.seconds.iloc[-1] / 3600
    took = f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.1f} minutes"
    display(Markdown(
        f"Training took {took}; the inversion ends at {last.validation_inverse:.3f} on validation samples and at "
        f"{last.train_inverse:.3f} in training."
    ))

# %% [markdown]
# ## Time, and what the surrogate metrics say
# Methods that simulate solve the wave equation for all shots in every iteration, forth and back; the others never do.

# %%
reporting.show_table(
    tables.seconds(sweep, methods),
    "Mean time of one estimate with all its members, over masks; choices on validation samples are not counted.",
)
if "pair" in methods:
    shown = [method for method in ("pair", "lsi") if method in methods]
    reporting.show_table(
        tables.surrogates(sweep, shown, kind).round(3),
        f"Means of two metrics that need no truth, for data b and their estimate x̂, {scope.missing}: "
        "‖d_y(M e_x(x̂)) − b‖ / ‖b‖ and ‖d_y(e_y(b)) − b‖ / ‖b‖. b: the zero-filled data for PAIR, the completed ones for PAIR+LSI.",
    )

# %% [markdown]
# ## The claims in detail

# %%
sections.claims_in_detail(stored.claims, '"near constant", "similarly", "poorly"')

# %% [markdown]
# ## What the paper leaves open

# %%
sections.left_open(paper.crosswell_choices(stored.told["settings"]))

# %% [markdown]
# ## Where these results come from

# %%
sections.origin(stored.results)
