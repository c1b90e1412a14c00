"""What sections say of searches: when they stop, what their members say, where they find the model."""

import numpy as np

from pairlsi.evaluation import by_percent
from pairlsi.reports import choices, display, members, regimes
from pairlsi.reports.figures import common as figures
from pairlsi.reports.figures import curves as crosswell_curves
from pairlsi.reports.scope import Scope

STOP = {
    "validation": "where the error on validation samples is least, after one iteration at least",
    "fixed": "after a fixed number of iterations",
}
FROM_LATENTS = ("lsi", "mlsi", "mlsi-lsi")  # searches whose ensembles start at latents around one


def stops(scope: Scope) -> None:
    """Misfit and error against iterations on validation samples, and where each search was stopped."""
    stored, said = scope.stored, {}
    for name in scope.searching:
        method = stored.experiment.methods[name]
        start = method.part.starts_from(method.settings)
        who = "PAIR+LSI" if name == "lsi" else f"inversion from {'an estimate' if start else 'the mean model'}"
        if name == "lsi" or name in stored.simulating:
            said[who] = "validation" if start else method.settings.stop
    if said:
        display.show_text("Here " + "; ".join(f"{who} stopped {STOP[stop]}" for who, stop in said.items()) + ".")
    percents_of = {kind: by_percent.percents(scope.sweep, kind) for kind in scope.kinds}
    chosen = {}
    for kind, percents in percents_of.items():
        masks = {q: stored.mask(kind, q) for q in percents if q or kind == scope.kind}  # full data once
        chosen[kind] = choices.on_masks(stored, scope.searching, masks)
    kind = next((kind for kind in scope.kinds if chosen[kind]), scope.kind)
    curves = choices.curves(chosen[kind])
    if not curves:
        display.show_text("No search here left anything to be chosen on validation samples, or looked at there.")
        return
    display.show(
        figures.validation_curves(curves, scope.labels, {q: f"{q} %" for q in percents_of[kind]}, "missing"),
        stored.figures,
        "semi-convergence",
        f"Validation samples, {scope.missing_of(kind)}: relative misfit of what was measured and relative error of "
        "the model against iterations; dots where the search was stopped, rings where it had better been.",
    )
    if scope.heavy in curves.get("lsi", {}):
        display.show_text(f"With {scope.heavy} % missing, {choices.sentence(curves['lsi'][scope.heavy])}")
    every = {}
    for each, by_method in chosen.items():
        for method, by_percent_missing in by_method.items():
            named = {f"{q} % {stored.where[each]}".strip(): choice for q, choice in by_percent_missing.items()}
            every[method] = every.get(method, {}) | named
    if edge := choices.at_the_edge(every, scope.labels):
        display.show_text(edge)
    display.show_table(
        choices.ensembles(chosen, scope.labels, stored.where),
        "Iterations / members / weight of the regularisation, where there is one. In brackets the number of iterations "
        "that is best on validation samples, where another was used, and how many members give nearly the error of "
        "all.",
    )


def outcomes(scope: Scope) -> None:
    """What becomes of the members of searches for latents, on the percentages at which M-LSI was run."""
    stored = scope.stored
    mean = stored.statistics.means["x"]
    methods = [method for method in FROM_LATENTS if method in scope.methods]
    percents = scope.percents
    if "mlsi" in methods:
        run = [q for q in percents if stored.estimates("mlsi", stored.mask(scope.kind, q)) is not None]
        percents = run or percents
    table = members.outcomes_by_percent(stored, methods, scope.kind, percents, scope.shared, mean)
    if table.empty:
        display.show_text(f"This needs a search for latents, {', '.join(FROM_LATENTS)}, {scope.missing}.")
        return
    table["members successful"] = table["members successful"].map("{:.0%}".format)
    display.show_table(
        table.round(3),
        f"Means over the {int(scope.shared.sum())} test samples that all methods share, {scope.missing}. The best "
        "member is known to none who has no truth to compare with.",
        index=False,
    )
    error = members.error_of_mean_model(stored.samples("test", "x")[np.flatnonzero(scope.shared)], mean).mean()
    display.show_text(f"The mean model has an error of {error:.3f} on these samples.")


def spreads(scope: Scope) -> None:
    """Does the ensemble know how wrong it is? Spreads of members against the error of their mean."""
    by_kind = {kind: members.spreads(scope.sweep, scope.searching, kind) for kind in scope.kinds}
    kind, found = next(((kind, found) for kind, found in by_kind.items() if found), (scope.kind, {}))
    if not found:
        display.show_text("No method here has more than one member, so there is no spread.")
        return
    display.show(
        crosswell_curves.spread_against_error(found, scope.labels),
        scope.stored.figures,
        "spread",
        "Each test sample's spread of members, $\\|\\sigma\\| / \\|x\\|$ with $\\sigma$ the standard deviation of each "
        "pixel, against the error of their mean, "
        f"{scope.missing_of(kind)}.",
    )
    display.show_table(
        members.calibration_by_percent(found, scope.labels).round(3),
        "Errors and spreads, means over samples; their ratio is of root mean squares.",
        index=False,
    )
    for method, of_method in found.items():
        display.show_text(members.sentence(scope.labels[method], of_method))


def across_regimes(scope: Scope) -> None:
    """In which regime, of the experiment and its variants, does the paper's finding about M-LSI hold?"""
    stored, sweeps = scope.stored, regimes.sweeps(scope.stored)
    if len(sweeps) == 1:
        display.show_text("The config has no variant of this experiment to compare with.")
        return
    if not regimes.comparable(sweeps, scope.kind):
        display.show_text(
            "The comparison needs the methods pair, lsi, mlsi and mean in this experiment and its variants, all "
            f"of them on full data or with {scope.missing}."
        )
        return
    found = [regimes.regime(name, sweep, scope.kind) for name, sweep in sorted(sweeps.items())]
    facts = [each.sentence() for each in found]
    facts += [regimes.differences(stored, name) for name in sweeps if name != stored.results.name]
    display.show_text("\n".join(f"- {fact}" for fact in facts))
    display.show_text(regimes.verdict(found, scope.confidence))
    display.show(
        crosswell_curves.regimes(regimes.intervals(found, scope.confidence), scope.labels, scope.colours),
        stored.figures,
        "regimes",
        "Mean error over that of the mean model, with intervals, on the test samples that these methods share in each "
        f"regime; {scope.missing}.",
    )
    display.show_table(
        regimes.table(found, scope.confidence, scope.labels),
        "The same in numbers, where M-LSI was run: 1 is the mean model.",
        index=False,
    )
