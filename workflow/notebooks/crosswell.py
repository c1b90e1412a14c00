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
import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from IPython.display import Markdown, display

from pairlsi import crosswell_curves, crosswell_figures, latents, networks
from pairlsi import problems, reporting, settings, store
from pairlsi.evaluation import metrics, paper, regimes, tables
from pairlsi.evaluation.bootstrap import interval
from pairlsi.evaluation.claims import Sweep
from pairlsi.evaluation.comparisons import CLEARLY
from pairlsi.evaluation.stored import Stored, describe_choice, problem_of
from pairlsi.theory import trained

results = Path(results)
told = yaml.safe_load((results / "settings.yaml").read_text())
experiment = settings.Experiment(**told["settings"])
problem = problems.create(experiment.problem)
claims = pd.read_csv(results / "claims.csv", dtype={"part": str})
scalars, means_of_training = networks.read_statistics(results / "data")
confidence, methods = experiment.evaluation.confidence, experiment.inference.methods
sweep = Sweep(pd.read_csv(results / "metrics.csv"), experiment.networks.mask_percent, experiment.evaluation)
labels = {method: tables.label(method) for method in {*methods, "mean", *regimes.COMPARED}}
seed = experiment.training.seeds[0]
kinds = [kind for kind in ("random", "block") if kind in set(sweep.table.mask_kind)] or ["none"]
kind, heavy = kinds[0], max(tables.percents(sweep, kinds[0]))
p, counts = problem.settings, experiment.data.samples
width, depth = p.columns * p.spacing, p.rows * p.spacing
searches = ("lsi", "lsi-prior", "lsi-refined", "mlsi", "mlsi-lsi", "fwi", "fwi-lsi", "lsi-zx")
searching = [method for method in searches if method in methods]
shared = tables.shared_samples(sweep, "test", methods)
everyone = np.ones_like(shared)
stored = Stored(results, experiment, problem)
WHERE = {"random": "at random", "block": "in one gap", "none": ""}


def errors_of(images, truths):
    return metrics.relative_error(np.asarray(images), np.asarray(truths))


def difference(method, other, values):
    """In words, by how many percent the mean error of a method lies below or above that of another, with interval."""
    change, low, high = (100 * v for v in interval(values[method][heavy] / values[other][heavy] - 1, confidence))
    side, ends = ("below", (-high, -low)) if change < 0 else ("above", (low, high))
    return f"{round(abs(change))} % {side} that of {labels[other]} ({round(ends[0])} to {round(ends[1])} %)"


def median_sample(samples):
    """The sample among these, (samples,) bool, of median error at heavy loss, by PAIR+LSI where that was run."""
    values = tables.by_sample(sweep, "test", "lsi" if "lsi" in methods else methods[0], kind, heavy).mean(0)
    values = np.where(samples, values, np.nan)
    return int(np.nanargmin(np.abs(values - np.nanmedian(values))))


# %%
verdicts = claims[claims.part == "all"]
judged = verdicts[verdicts.verdict.isin(["held", "not held", "undecided"])]
held = judged[judged.verdict == "held"]
at_heavy = {
    method: by_percent
    for method, by_percent in tables.means(sweep, "test", methods, kind, shared).items()
    if heavy in by_percent
}
on_all = tables.means(sweep, "test", list(at_heavy), kind, everyone)
ordered = sorted(at_heavy, key=lambda method: at_heavy[method][heavy][0])
said = []
if {"pair", "lsi"} <= set(at_heavy):
    said.append(f"On all {len(everyone)} test samples, the error of PAIR+LSI is {difference('lsi', 'pair', on_all)}.")
if {"lsi", "mlsi"} <= set(at_heavy):
    said.append(f"On the samples that all methods share, the error of M-LSI is {difference('mlsi', 'lsi', at_heavy)}.")
kind_of_network = {"vpae": "variational paired autoencoder (VPAE)", "pair": "paired autoencoder"}[experiment.inference.paired]
which = ", ".join(map(str, held.claim))
display(Markdown(f"""
# Cross-well seismics with missing receivers: PAIR and latent space inference

Sound is sent through the rock between two boreholes; from what receivers record, the velocity of the rock is to be found. A
{kind_of_network} learned to turn records into velocities from complete data. This report says what can
still be found when up to {heavy} % of the receivers are missing: by the autoencoder alone (*PAIR*), with latent space
inference (*PAIR+LSI*), and by inversions that simulate the waves in every iteration (*M-LSI*, *FWI*).

**In short.** With {heavy} % of the receivers missing {WHERE[kind]}, the methods rank, from the least error to the
largest: {"; ".join(labels[m] for m in ordered)}. {" ".join(said)} Of the claims of the paper (*Latent Space
Inference via Paired Autoencoders*, Hart, Peters, Chung, Chung, 2026), {len(judged)} could be judged here and
{f"{len(held)} held ({which})" if which else "none held in all its parts"}.
"""))

# %%
scales = crosswell_figures.Scales(
    width=width,
    depth=depth,
    duration=p.steps * p.time_step,
    velocities=(p.mean_velocity - p.contrast, p.mean_velocity + p.contrast),
    pressure=float(np.quantile(np.abs(stored.samples("test", "y", slice(0, 1))), 0.99)),
)
shot = p.sources_per_well // 2
sample = median_sample(shared if shared.any() else everyone)
truth, data = (stored.samples("test", array, slice(sample, sample + 1))[0] for array in store.ARRAYS)
works = stored.keep(kind, heavy)
wells = np.unique(np.concatenate(problem.receivers[:, works]), axis=0)
found = {}
for method in (m for m in ("pair", "lsi", "lsi-prior", "lsi-refined", "mlsi", "mlsi-lsi", "fwi", "fwi-lsi") if m in at_heavy):
    images = stored.estimates(method, kind, heavy)["test/x"]
    if sample < images.shape[0]:
        image = images[sample, 0]
        found[labels[method]] = image, errors_of(image[None], truth)[0]
if found:
    reporting.show(
        crosswell_figures.overview(
            truth[0], np.where(works[:, None], data[shot], np.nan), found, scales, (wells[:, ::-1] + 0.5) * p.spacing
        ),
        results / "figures",
        "overview",
        f"Test sample {sample}, of median error, with {heavy} % of the receivers missing {WHERE[kind]}: the truth with "
        "the receivers that are left, one of the records (missing receivers grey), and the estimates with their relative errors, "
        "the least in bold.",
    )

# %%
some = int(shared.sum())


def cell(values):
    mean, low, high = interval(values, confidence)
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"


def short(values):
    mean, low, high = interval(values, confidence)
    return f"{mean:.3f} ± {(high - low) / 2:.3f}"


def run_on(kind):
    """The methods that were run on masks of this kind, and the mean model, which needs none."""
    table = sweep.table[sweep.table.mask_kind == kind]
    return [method for method in methods if method == "mean" or method in set(table.method)]


alike = tables.means(sweep, "test", list(at_heavy), kind, everyone)
runs_on_all = {m: not np.isnan(tables.by_sample(sweep, "test", m, kind, heavy)).any() for m in at_heavy}
ranking = pd.DataFrame({
    labels[m]: {
        f"the {some} samples that all share": cell(at_heavy[m][heavy]) if some else "",
        f"all {len(everyone)} test samples": cell(alike[m][heavy]) if runs_on_all[m] else "",
    }
    for m in ordered
}).T
reporting.show_table(
    ranking,
    f"Mean relative error of the velocity, {heavy} % missing {WHERE[kind]}, with intervals, from best to worst.",
)
model_based = experiment.inference.model_based
seeds = len(experiment.training.seeds)
also = "and seeds" if seeds > 2 else "only, since fewer than three seeds say nothing of the spread between trainings"
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
LSI*: FWI from its estimate. *Interpolation, then PAIR*: fill missing receivers linearly. *Mean model*: no data at all; what is not better
than it has learned nothing from them.

**How to read it.** RRE = ‖x̂ − x‖ / ‖x‖, less is better. All estimates are means over their ensemble of starts.
Means are over the test split unless OOD is said. The number of iterations, where it was not fixed, and the weight of the
prior were chosen on the validation split. Intervals are {confidence:.0%} bootstrap intervals over samples {also}. Methods that simulate are dear:
they were run on the first {some} test samples and on fewer masks. Where they are compared with others, it is on the same
samples unless the caption says that it is not.
"""))

# %% [markdown]
# ## The claims
# Each claim is judged by its parts, which stand further below with their effects. Claims 1 to 6 and 9 are about tomography.

# %%
reporting.show_table(verdicts[["claim", "statement", "verdict"]], index=False)

# %% [markdown]
# ## Figure 4: models and data
# Velocities vary around one mean that is the same everywhere, so the mean model says nothing of where the layers are.

# %%
groups = {
    name: stored.samples(split, "x", slice(0, 5))[:, 0]
    for split, name in (("test", "as in training"), ("ood", "out of distribution"))
}
reporting.show(
    crosswell_figures.models(groups, scales),
    results / "figures",
    "figure-4a",
    "Five velocity models of the test split, and five of another geology that no network was trained on.",
)
first = stored.samples("test", "y", slice(0, 1))[0]
shots = sorted({0, len(first) // 4, len(first) // 2})
side = ["left" if s < p.sources_per_well else "right" for s in range(len(first))]
below = (problem.sources[:, 0] + 0.5) * p.spacing
shown = {f"shot in the {side[s]} well, {below[s]:.0f} m deep": first[s] for s in shots}
reporting.show(
    crosswell_figures.records(shown, scales),
    results / "figures",
    "figure-4b",
    f"{len(shots)} of the {len(first)} channels that belong to the first of these models.",
)

# %% [markdown]
# ## Figure 5: completing the data
# PAIR+LSI finds latents of the records that explain what was measured; decoded, they say what the missing receivers
# would have recorded.

# %%
group = stored.estimates("lsi", kind, heavy) if "lsi" in methods else None
if group is None:
    display(Markdown("This figure needs the method lsi."))
else:
    errors = tables.by_sample(sweep, "test", "lsi", kind, heavy, "data_rre")[0]
    sample = int(np.argmin(np.abs(errors[:2] - np.median(errors))))  # the data of two samples are kept by member
    data, mean = stored.samples("test", "y", slice(sample, sample + 1))[0], group["test/y"][sample]
    members = group["test/y_members"][sample][:5] if "y_members" in group["test"] else mean[None]
    reporting.show(
        crosswell_figures.completion(
            data[shot], np.where(works[:, None], data[shot], np.nan), members[:, shot], mean[shot], errors[sample], scales
        ),
        results / "figures",
        "figure-5",
        f"Test sample {sample}, one channel, {heavy} % of the receivers missing {WHERE[kind]} (grey). Above: the full "
        "data, what was measured, the completed data with their relative error over all channels, and how far they are off. "
        + ("Below: members and their standard deviation." if len(members) > 1 else "There is a single member."),
    )

# %% [markdown]
# ## Figure 6: velocity estimates

# %%
pool = np.flatnonzero(shared if shared.sum() >= 3 else everyone)
order = pool[np.argsort(tables.by_sample(sweep, "test", ordered[0], kind, heavy).mean(0)[pool])]
samples = [int(order[round(q * (len(order) - 1))]) for q in (0.1, 0.5, 0.9)]
samples = list(dict.fromkeys(samples))
truths = np.stack([stored.samples("test", "x", slice(s, s + 1))[0, 0] for s in samples])
found, errors, deviations = {}, {}, {}
for method in (m for m in methods if m in at_heavy and m != "mean"):
    group = stored.estimates(method, kind, heavy)["test"]
    if max(samples) >= group["x"].shape[0]:
        continue
    name = labels[method]
    found[name] = np.stack([group["x"][s, 0] for s in samples])
    errors[name] = errors_of(found[name], truths)
    if "x_members" in group:
        deviations[name] = group["x_members"][samples[-1], :, 0].std(axis=0, ddof=1)
if found:
    reporting.show(
        crosswell_figures.estimates(truths, found, errors, deviations, scales),
        results / "figures",
        "figure-6",
        f"Test samples {', '.join(map(str, samples))}, from easy to hard, {heavy} % of the receivers missing {WHERE[kind]}; "
        "relative errors below, the least in bold. "
        + ("The last row is the standard deviation over members for the last sample." if deviations else ""),
    )

# %% [markdown]
# ## Figure 7: errors against loss

# %%
mean_model = None
if "mean" in methods:
    mean_model = tables.by_sample(sweep, "test", "mean", kind, 0).mean()
figure_7 = {
    each: {
        metric: tables.statistics(sweep, "test", [m for m in run_on(each) if m != "mean"], each, metric)
        for metric in ("data_rre", "rre")
    }
    for each in kinds
}
reporting.show(
    crosswell_curves.by_loss(figure_7, labels, mean_model),
    results / "figures",
    "figure-7",
    "Mean errors, with bars of one standard deviation over samples. Methods that simulate: the first "
    f"{some} test samples; all others: all {len(everyone)}. Data errors are against the full noisy data: of decoded data "
    "for PAIR and PAIR+LSI, of simulated data for M-LSI and FWI.",
)
for each in kinds:
    samples = tables.shared_samples(sweep, "test", run_on(each))
    rows = tables.means(sweep, "test", run_on(each), each, samples)
    table = {labels[m]: {f"{q} %": short(v) for q, v in by_percent.items()} for m, by_percent in rows.items()}
    reporting.show_table(
        pd.DataFrame(table).T,
        f"Mean RRE ± half the interval, receivers missing {WHERE[each]}, on the {int(samples.sum())} test samples that all "
        "these methods share.",
    )
samples = tables.shared_samples(sweep, "ood", methods)
rows = tables.means(sweep, "ood", methods, kind, samples)
table = {labels[m]: {f"{q} %": v[0] for q, v in by_percent.items()} for m, by_percent in rows.items()}
reporting.show_table(
    pd.DataFrame(table).T.round(3),
    f"Mean RRE out of distribution, receivers missing {WHERE[kind]}, on the {int(samples.sum())} samples that all methods "
    "share.",
)

# %% [markdown]
# ## Is refined LSI the best of all?
# That is what we built it for: LSI supplies what was not measured, physics what was. For every mask, in and out of
# distribution, it is held against the best of all other methods.

# %%
cases = {}
for split, name in tables.SPLITS.items():
    for each in kinds:
        where = tables.shared_samples(sweep, split, run_on(each))
        if where.sum() < 5:
            continue  # an interval over so few would say nothing
        found = tables.means(sweep, split, run_on(each), each, where)
        for percent in found.get("lsi-refined", {}):
            if percent or each == kind:
                case = f"{percent} % missing {WHERE[each]}, {name} ({int(where.sum())} samples)"
                cases[case] = {method: by_percent[percent] for method, by_percent in found.items() if percent in by_percent}
against = tables.rivals(cases, "lsi-refined", confidence)
if against.empty:
    display(Markdown("This needs the method lsi-refined and another one."))
else:
    reporting.show_table(against, "Refined LSI against the best of the others, on the samples that all methods share, where these are five at least.", index=False)

# %% [markdown]
# ## When to stop
# Searches go on explaining what was measured long after their estimates have ceased to improve: they begin to fit noise and
# what the networks cannot represent, or follow the waves into a local minimum.

# %%
how = {"validation": "where the error on validation samples is least", "fixed": "after a fixed number of iterations"}
stops = {"PAIR+LSI": experiment.inference.lsi.stop} if "lsi" in methods else {}
if model_based and set(methods) & set(settings.MODEL_BASED):
    stops["the methods that simulate"] = model_based.stop
if stops:
    display(Markdown("Here " + "; ".join(f"{who} stopped {how[stop]}" for who, stop in stops.items()) + "."))
curves, rows = {}, {}
for each in kinds:
    for method in searching:
        for percent in tables.percents(sweep, each):
            choice = stored.choice(method, each, percent)
            if not choice or (each != kind and percent == 0):
                continue
            row = f"{labels[method]}, {WHERE[each]}" if WHERE[each] else labels[method]
            rows.setdefault(row, {})[f"{percent} %"] = describe_choice(choice)
            if each == kind:
                curve = {"misfit": np.array(choice["validation_misfit"]), "rre": np.array(choice["validation_rre"])}
                curves.setdefault(method, {})[percent] = curve | {"chosen": choice["iterations"], "best": choice["best_iterations"]}
if curves:
    reporting.show(
        crosswell_curves.semi_convergence(curves, labels),
        results / "figures",
        "semi-convergence",
        f"Validation samples, receivers missing {WHERE[kind]}: relative misfit of what was measured and relative error "
        "of the model against iterations; dots where the search was stopped, rings where it had better been.",
    )
    if heavy in curves.get("lsi", {}):
        curve = curves["lsi"][heavy]
        misfit, rre, stop = curve["misfit"], curve["rre"], curve["chosen"]
        display(Markdown(
            f"With {heavy} % missing, the misfit of PAIR+LSI falls from {misfit[0]:.3f} to {misfit[-1]:.3f} over "
            f"{len(misfit) - 1} iterations; the error of its model is {rre[0]:.3f} at the start, {rre[stop]:.3f} after "
            f"{stop}, where it was stopped, and {rre[-1]:.3f} after all of them."
        ))
    reporting.show_table(
        pd.DataFrame(rows).T.fillna(""),
        "Iterations / members / weight of the regularisation, where there is one. In brackets the number of iterations that is best on "
        "validation samples, where another was used, and how many members give nearly the error of all.",
    )
else:
    display(Markdown("No method here searches."))

# %% [markdown]
# ## What becomes of the members
# A search for a model that explains waves has many local minima. A member is *successful* when its error is at most half
# that of the mean model: it has found the model rather than another one that fits some of the waves.

# %%
rows = []
with_latents = [method for method in ("lsi", "mlsi", "mlsi-lsi") if method in methods]
for percent in tables.percents(sweep, kind):
    if "mlsi" in methods and stored.estimates("mlsi", kind, percent) is None:
        continue
    for method in with_latents:
        outcome = stored.outcome(method, kind, percent, shared, means_of_training["x"])
        if outcome:
            rows.append({"missing": f"{percent} %", "method": labels[method], **outcome})
if rows:
    table = pd.DataFrame(rows)
    table["members successful"] = table["members successful"].map("{:.0%}".format)
    reporting.show_table(
        table.round(3),
        f"Means over the {some} test samples that all methods share, receivers missing {WHERE[kind]}. The best member is "
        "known to none who has no truth to compare with.",
        index=False,
    )
    truths = stored.samples("test", "x")[shared]
    mean_error = errors_of(np.broadcast_to(means_of_training["x"], truths.shape), truths).mean()
    display(Markdown(f"The mean model has an error of {mean_error:.3f} on these samples."))

# %% [markdown]
# ## Does the ensemble know how wrong it is?
# The members of an ensemble differ in their starts. If they were samples of a posterior, the error of their mean would be
# about as large as their spread (by the factor √(1 + 1/K) for K members).

# %%
def words(ratio):
    if ratio > 1.25:
        return (
            "so the ensemble is no posterior: it says how much the outcome depends on the start, and that is far less "
            "than how wrong it is"
        )
    if ratio < 0.8:
        return "so the members scatter more than their mean is off, which is no posterior either"
    return "about as for a posterior, though nothing makes it one: the members differ in their starts alone"


points, rows = {}, []
for method in searching:
    for percent in tables.percents(sweep, kind):
        spreads = tables.by_sample(sweep, "test", method, kind, percent, "spread")
        if spreads is None or np.isnan(spreads).all():
            continue
        errors, spreads = tables.by_sample(sweep, "test", method, kind, percent).mean(0), spreads.mean(0)
        known = ~np.isnan(spreads)
        errors, spreads = errors[known], spreads[known]
        points.setdefault(method, {})[percent] = errors, spreads
        said = {"method": labels[method], "missing": f"{percent} %"}
        rows.append(said | tables.calibration(errors, spreads))
if points:
    reporting.show(
        crosswell_curves.spread_against_error(points, labels),
        results / "figures",
        "spread",
        "Each test sample's spread of members, ‖standard deviation‖ / ‖x‖, against the error of their mean, receivers "
        f"missing {WHERE[kind]}.",
    )
    table = pd.DataFrame(rows)
    reporting.show_table(
        table.round(3), "Errors and spreads, means over samples; their ratio is of root mean squares.", index=False
    )
    for method, by_percent in points.items():
        errors, spreads = (np.concatenate(values) for values in zip(*by_percent.values(), strict=True))
        found = tables.calibration(errors, spreads)
        display(Markdown(
            f"**{labels[method]}**, over all these masks: the error is {found['error over spread']:.1f} times the spread, "
            f"{words(found['error over spread'])}. Over samples and masks both have a correlation of {found['correlation']:.2f}."
        ))
else:
    display(Markdown("No method here has more than one member, so there is no spread."))

# %% [markdown]
# ## In which regime does the paper's finding hold?
# Whether M-LSI finds the model from the mean model depends on the problem: the longer the waves and the weaker the contrasts,
# the fewer its local minima.

# %%
relatives = [name for name in told.get("relatives", []) if (results.parent / name / "metrics.csv").is_file()]


def number(value):
    return f"{value:g}" if isinstance(value, (int, float)) else value


sweeps = {results.name: sweep}
for name in relatives:
    other = pd.read_csv(results.parent / name / "metrics.csv")
    sweeps[name] = Sweep(other, experiment.networks.mask_percent, experiment.evaluation)
if not relatives:
    display(Markdown("The config has no variant of this experiment to compare with."))
elif not regimes.comparable(sweeps):
    display(Markdown("The comparison needs the methods pair, lsi, mlsi and mean in this experiment and its variants."))
else:
    found = [regimes.regime(name, each, kind) for name, each in sorted(sweeps.items())]
    facts = [each.sentence() for each in found]
    for name in relatives:
        theirs, ours = problem_of(results.parent / name), told["settings"]["problem"]
        changed = [
            f"{key.replace('_', ' ')} {number(theirs[key])} instead of {number(ours.get(key))}"
            for key in theirs
            if theirs[key] != ours.get(key)
        ]
        facts.append(f"{name} differs from {results.name} by: {', '.join(changed) or 'nothing in the problem'}.")
    display(Markdown("\n".join(f"- {fact}" for fact in facts)))
    holds = [each.name for each in found if each.finding_holds(confidence)]
    well = [f"{each.name} at {q} %" for each in found for q in each.does_well()]
    display(Markdown(f"""
So the paper's finding, that M-LSI is clearly worse than PAIR+LSI (by {CLEARLY:.0%} and more, whatever is missing), holds in
{" and ".join(holds) or "no regime here"}. M-LSI does at least as well as PAIR+LSI, and better than the mean model, in
{", ".join(well) or "no case"}.
"""))
    drawn = {
        each.name: {m: {q: interval(v, confidence) for q, v in by_percent.items()} for m, by_percent in each.relative.items()}
        for each in found
    }
    reporting.show(
        crosswell_curves.regimes(drawn, labels),
        results / "figures",
        "regimes",
        "Mean error over that of the mean model, with intervals, on the test samples that these methods share in each "
        f"regime; receivers missing {WHERE[kind]}.",
    )
    rows = [
        {"regime": each.name, "method": labels[m], **{f"{q} %": cell(by_percent[q]) for q in each.ratio}}
        for each in found
        for m, by_percent in each.relative.items()
    ]
    reporting.show_table(
        pd.DataFrame(rows).fillna(""), "The same in numbers, where M-LSI was run: 1 is the mean model.", index=False
    )

# %% [markdown]
# ## What the latents carry
# The VPAE gives each latent a distribution. Where that is the prior whatever goes in, its divergence from it is zero and
# the latent carries nothing.

# %%
paired = experiment.inference.paired
described = json.loads((results / "networks" / paired / f"seed-{seed}" / "settings.json").read_text())
divergences = described.get("divergence_of_latents")
if divergences:
    reporting.show(
        crosswell_curves.latents(divergences, latents.ACTIVE),
        results / "figures",
        "latents",
        "Mean divergence of each latent from the prior on validation samples, from the largest to the least.",
    )
    table = {
        {"x": "models, x", "y": "data, y"}[space]: {
            "latents": len(values),
            "active": latents.active(values),
            "nats in all": round(sum(values)),
        }
        for space, values in divergences.items()
    }
    reporting.show_table(
        pd.DataFrame(table).T, f"Latents with a divergence of more than {latents.ACTIVE:g} nats are active."
    )
else:
    display(Markdown("The latents of this autoencoder are no random variables."))

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
    percents = sorted({0, *tables.percents(sweep, kind)[-3::2]})
    table = trained.of_results(results, experiment, problem, {q: stored.mask(kind, q) for q in percents}, 8)
    reporting.show_table(
        trained.summary(table),
        f"Bound over what it bounds, median over the first 8 test samples, receivers missing {WHERE[kind]}, and how "
        "often it held. Searches start from the mean of q(z_y|ỹ).",
    )
else:
    display(Markdown("This needs the methods pair and lsi."))

# %% [markdown]
# ## Training

# %%
history = pd.read_csv(results / "networks" / paired / f"seed-{seed}" / "history.csv")
reporting.show(
    crosswell_curves.training_terms(history),
    results / "figures",
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
times = sweep.table[sweep.table.split == "test"].groupby("method").seconds.mean()
seconds = pd.DataFrame({labels[m]: {"seconds a sample": f"{times[m]:.2g}"} for m in methods if m in times.index}).T
reporting.show_table(
    seconds, "Mean time of one estimate with all its members, over masks; choices on validation samples are not counted."
)
if "pair" in methods:
    table = {}
    for method in (m for m in ("pair", "lsi") if m in methods):
        for metric in ("residual_estimate", "autoencoded_difference"):
            values = tables.means(sweep, "test", [method], kind, everyone, metric)[method]
            table[f"{labels[method]}, {metric.replace('_', ' ')}"] = {f"{q} %": round(v[0], 3) for q, v in values.items()}
    reporting.show_table(
        pd.DataFrame(table).T,
        f"Means of two metrics that need no truth, for data b and their estimate x̂, receivers missing {WHERE[kind]}: "
        "‖d_y(M e_x(x̂)) − b‖ / ‖b‖ and ‖d_y(e_y(b)) − b‖ / ‖b‖. b: the zero-filled data for PAIR, the completed ones for PAIR+LSI.",
    )

# %% [markdown]
# ## The claims in detail
# A part is *held* when the whole interval of its effect lies on the right side of the threshold, *not held* when it
# lies on the wrong side, *undecided* between. Effects are relative differences of means unless they say otherwise.
# Where the paper's words ("near constant", "similarly", "poorly") have no number, the threshold is ours.

# %%
reporting.show_claims(claims)

# %% [markdown]
# ## What the paper leaves open
# Our copy of the paper has lost most of its inline mathematics and numbers; what could not be recovered is our choice.

# %%
reporting.show_table(
    pd.DataFrame(paper.crosswell_choices(told["settings"]), columns=["", "value in the paper", "unknown", "ours"]),
    index=False,
)

# %% [markdown]
# ## Where these results come from
# The effective settings of the experiment, and the versions and commit that made the report.

# %%
reporting.show_settings(results)
