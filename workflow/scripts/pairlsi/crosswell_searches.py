"""Sections of the cross-well report on searches: when they stop, what their members say, where they find the model."""

import numpy as np

from pairlsi import crosswell_curves, figures, networks, reporting, settings
from pairlsi.evaluation import by_percent, choices, members, regimes
from pairlsi.evaluation.scope import Scope

STOP = {
    "validation": "where the error on validation samples is least, after one iteration at least",
    "fixed": "after a fixed number of iterations",
}
FROM_LATENTS = ("lsi", "mlsi", "mlsi-lsi")  # searches whose ensembles start at latents around one


def stops(scope: Scope) -> None:
    """Misfit and error against iterations on validation samples, and where each search was stopped."""
    stored, inference = scope.stored, scope.stored.inference
    said = {"PAIR+LSI": inference.lsi.stop} if "lsi" in scope.methods else {}
    if inference.model_based and set(scope.methods) & set(settings.MODEL_BASED):
        said["inversion from the mean model"] = inference.model_based.stop
        said["inversion from an estimate"] = "validation"
    if said:
        reporting.show_text("Here " + "; ".join(f"{who} stopped {STOP[stop]}" for who, stop in said.items()) + ".")
    percents_of = {kind: by_percent.percents(scope.sweep, kind) for kind in scope.kinds}
    chosen = {}
    for kind, percents in percents_of.items():
        masks = {q: stored.mask(kind, q) for q in percents if q or kind == scope.kind}  # full data once
        chosen[kind] = choices.on_masks(stored, scope.searching, masks)
    kind = next((kind for kind in scope.kinds if chosen[kind]), scope.kind)
    curves = choices.curves(chosen[kind])
    if not curves:
        reporting.show_text("No search here left anything to be chosen on validation samples, or looked at there.")
        return
    reporting.show(
        figures.validation_curves(curves, scope.labels, {q: f"{q} %" for q in percents_of[kind]}, "missing"),
        stored.figures,
        "semi-convergence",
        f"Validation samples, {scope.missing_of(kind)}: relative misfit of what was measured and relative error of "
        "the model against iterations; dots where the search was stopped, rings where it had better been.",
    )
    if scope.heavy in curves.get("lsi", {}):
        reporting.show_text(f"With {scope.heavy} % missing, {choices.sentence(curves['lsi'][scope.heavy])}")
    reporting.show_table(
        choices.ensembles(chosen),
        "Iterations / members / weight of the regularisation, where there is one. In brackets the number of iterations "
        "that is best on validation samples, where another was used, and how many members give nearly the error of "
        "all.",
    )


def outcomes(scope: Scope) -> None:
    """What becomes of the members of searches for latents, on the percentages at which M-LSI was run."""
    stored = scope.stored
    mean = networks.read_statistics(stored.results / "data")[1]["x"]
    methods = [method for method in FROM_LATENTS if method in scope.methods]
    percents = scope.percents
    if "mlsi" in methods:
        run = [q for q in percents if stored.estimates("mlsi", stored.mask(scope.kind, q)) is not None]
        percents = run or percents
    table = members.outcomes_by_percent(stored, methods, scope.kind, percents, scope.shared, mean)
    if table.empty:
        reporting.show_text(f"This needs a search for latents, {', '.join(FROM_LATENTS)}, {scope.missing}.")
        return
    table["members successful"] = table["members successful"].map("{:.0%}".format)
    reporting.show_table(
        table.round(3),
        f"Means over the {int(scope.shared.sum())} test samples that all methods share, {scope.missing}. The best "
        "member is known to none who has no truth to compare with.",
        index=False,
    )
    error = members.error_of_mean_model(stored.samples("test", "x")[np.flatnonzero(scope.shared)], mean).mean()
    reporting.show_text(f"The mean model has an error of {error:.3f} on these samples.")


def spreads(scope: Scope) -> None:
    """Does the ensemble know how wrong it is? Spreads of members against the error of their mean."""
    by_kind = {kind: members.spreads(scope.sweep, scope.searching, kind) for kind in scope.kinds}
    kind, found = next(((kind, found) for kind, found in by_kind.items() if found), (scope.kind, {}))
    if not found:
        reporting.show_text("No method here has more than one member, so there is no spread.")
        return
    reporting.show(
        crosswell_curves.spread_against_error(found, scope.labels),
        scope.stored.figures,
        "spread",
        "Each test sample's spread of members, ‖standard deviation‖ / ‖x‖, against the error of their mean, "
        f"{scope.missing_of(kind)}.",
    )
    reporting.show_table(
        members.calibration_by_percent(found).round(3),
        "Errors and spreads, means over samples; their ratio is of root mean squares.",
        index=False,
    )
    for method, of_method in found.items():
        reporting.show_text(members.sentence(method, of_method))


def across_regimes(scope: Scope) -> None:
    """In which regime, of the experiment and its variants, does the paper's finding about M-LSI hold?"""
    stored, sweeps = scope.stored, regimes.sweeps(scope.stored)
    if len(sweeps) == 1:
        reporting.show_text("The config has no variant of this experiment to compare with.")
        return
    if not regimes.comparable(sweeps, scope.kind):
        reporting.show_text(
            "The comparison needs the methods pair, lsi, mlsi and mean in this experiment and its variants, all "
            f"of them on full data or with {scope.missing}."
        )
        return
    found = [regimes.regime(name, sweep, scope.kind) for name, sweep in sorted(sweeps.items())]
    facts = [each.sentence() for each in found]
    facts += [regimes.differences(stored, name) for name in sweeps if name != stored.results.name]
    reporting.show_text("\n".join(f"- {fact}" for fact in facts))
    reporting.show_text(regimes.verdict(found, scope.confidence))
    reporting.show(
        crosswell_curves.regimes(regimes.intervals(found, scope.confidence), scope.labels),
        stored.figures,
        "regimes",
        "Mean error over that of the mean model, with intervals, on the test samples that these methods share in each "
        f"regime; {scope.missing}.",
    )
    reporting.show_table(
        regimes.table(found, scope.confidence),
        "The same in numbers, where M-LSI was run: 1 is the mean model.",
        index=False,
    )
