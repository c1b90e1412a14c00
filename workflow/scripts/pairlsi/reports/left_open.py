"""What the paper leaves open and is our choice: its value, what is unknown to us, ours.

Source: "Latent Space Inference via Paired Autoencoders" (Hart, Peters, Chung, Chung, 2026).
"""

LOST = "lost in our copy"  # the copy of the paper that we worked from has lost most inline mathematics


def show(choices: list[tuple[str, str, str, str]]) -> None:
    """Display the table."""
    import pandas as pd

    from pairlsi.reports.display import show_table, show_text

    show_text("""
Our copy of the paper has lost most of its inline mathematics and numbers; what could not be recovered is our choice.
""")
    show_table(pd.DataFrame(choices, columns=["", "value in the paper", "unknown", "ours"]), index=False)


def told_by(stored) -> tuple[dict, dict, dict, dict, dict]:
    """Of an experiment: settings of the problem, of the paired network, of training, of lsi, of the data."""
    experiment = stored.experiment.said
    networks, methods = experiment["networks"], experiment["methods"]
    paired = next((networks[n] for n in (stored.paired, *networks) if "x" in networks.get(n, {})), {"x": {}, "y": {}})
    lsi = methods.get("lsi") or {"iterations": 0, "members": 1, "stop": "fixed"}
    return experiment["problem"], paired, experiment["training"], lsi, experiment["data"]


def layers(said: dict) -> str:
    """What an autoencoder of one space is made of, by what the config says of it."""
    if said["kind"] == "principal":
        after = f"a U-Net of {said['width']} channels after them" if said["width"] else "nothing after them"
        return f"principal components in closed form, {after}"
    blocks, halved = len(said["strides"]), [said["stem"], *said["strides"]]
    made = f"{blocks} residual blocks"
    if said["kind"] == "pyramid":
        made = f"{blocks} levels of {said['layers']} pyramid pooling layers, dilations {said['rates']}"
    return (
        f"{made}, from {said['width']} channels, doubling where resolution halves; strides of stem and the rest "
        f"{halved}, normalisation: {said['norm']}"
    )


def length(said: dict) -> str:
    """How long the latents of one space are."""
    return f"feature maps of {said['latent']} channels" if said["kind"] == "pyramid" else f"{said['latent']}"


def of_networks(network: dict, training: dict, theirs: tuple[str, str, str]) -> list[tuple[str, str, str, str]]:
    """The rows on the networks and their training, none where there is no paired one; theirs: the paper's layers, what
    of them is unknown to us, and its optimiser.
    """
    x, y = network["x"], network["y"]
    if not x:
        return []
    inverse, weights = network.get("inverse"), network.get("weights") or [1, 1, 1, 1]
    maps = f"M is affine, M† decodes latents of y and encodes the data anew: {layers(inverse)}" if inverse else "affine"
    return [
        ("networks", theirs[0], theirs[1], f"x: {layers(x)}. y: {layers(y)}"),
        ("latent sizes", LOST, "both", f"{length(x)} (x), {length(y)} (y)"),
        ("latent maps", "affine", "", maps),
        ("loss (4)", "all four terms", "", f"{network.get('own', 0.5):.0%} of each batch decoded from its own latents, "
         "the rest through the maps"),
        ("loss weights", "none named", "w1 … w4", ", ".join(f"{w:g}" for w in weights)
         + ", each space scaled by its variance"),
        ("optimiser", theirs[2], "learning rate, batch size", f"Adam, {network.get('epochs') or training['epochs']} "
         f"epochs, learning rate {training['learning_rate']:g} with warm-up and cosine, batches of "
         f"{training['batch_size']}"),
    ]  # fmt: skip


def ct_choices(stored) -> list[tuple[str, str, str, str]]:
    """Rows (what, value in the paper, unknown to us, ours) for a CT experiment's settings."""
    problem, network, training, solver, data = told_by(stored)
    source = {"phantoms": "procedural trail-mix phantoms", "2detect": "2DeteCT reconstructions"}
    source["specimens"] = "procedural specimens of electron tomography"
    size, angles = problem["image_size"], problem["angles"]
    return [
        ("images", "2DeteCT, downsampled", "size, number", f"{source[problem['source']['kind']]}, {size} × {size}"),
        ("training images", LOST, "number", f"{data['samples']['train']}"),
        ("angles", "180 over 180°", "", f"{angles} over 180°"),
        ("missing", "45 angles (25 %)", "", f"{stored.percent} % of the angles"),
        ("forward operator", "line projector (PRTomo)", "detector bins", "ASTRA line projector, "
         f"{problem['detector_bins'] or round(2**0.5 * size)} bins, grid {problem['oversampling']} times finer"),
        ("noise", "white", "level", f"{problem['noise_level']:.0%} of each sinogram's norm, drawn for each sample"),
        ("scaling", LOST, "centre and scale", f"less the {data['scaling']} mean of the training images, over the "
         "standard deviation around it; missing angles are zero before that"),
        *of_networks(network, training, ("residual blocks, 3 (x), 6 (y), batch normalisation", "channels, which blocks "
         "halve the resolution", "Adam, 100 epochs")),
        ("LSI", "L-BFGS, strong Wolfe, 10 iterations", "tolerances", f"the same, {solver['iterations']} iterations, "
         f"at most {solver['iterations'] * 5 // 4} evaluations, each sample on its own"),
        ("metrics", "RRE, SSIM", "SSIM window and data range",
         "SSIM with a Gaussian window (σ = 1.5), data range of the training images"),
    ]  # fmt: skip


def crosswell_choices(stored) -> list[tuple[str, str, str, str]]:
    """Rows (what, value in the paper, unknown to us, ours) for the settings of a cross-well experiment."""
    problem, network, training, lsi, data = told_by(stored)
    divergence = network.get("divergence") or []
    rows, columns, spacing = problem["rows"], problem["columns"], problem["spacing"]
    samples, shots, table = data["samples"], problem["sources_per_well"], stored.sweep.table
    levels = sorted(set(table.percent[~table.observation.isin(stored.sweep.spoiling)]))

    def search(said):
        most = "" if said["stop"] == "fixed" else ", at most: the best number on validation samples"
        return f"{said['members']} members, {said['iterations']} iterations{most}"

    choices = [
        ("velocity models", "their pixel-wise mean is uniform", "how they are drawn, their range",
         "folded, tilted and faulted layers with lenses, "
         f"{problem['mean_velocity']:g} ± {problem['contrast']:g} m/s at most"),
        ("out of distribution", "none", "", "bodies that ignore the bedding: dykes and turned ellipses"),
        ("grid", LOST, "size, spacing", f"{rows} × {columns} cells of {spacing:g} m"),
        ("training samples", LOST, "number", f"{samples['train']}"),
        ("sources", "both boreholes, 30 channels", "15 in each is inferred", f"{shots} in each, {2 * shots} channels"),
        ("receivers", "in the opposite borehole", "number", f"{problem['receivers_per_well']}, evenly spread in depth"),
        ("wavelet", LOST, "shape, frequency", f"Ricker, peak at {problem['peak_frequency']:g} Hz"),
        ("records", "all time points", "length, step", f"{problem['steps'] * problem['time_step']:.2g} s, "
         f"a sample every {1000 * problem['keep_every'] * problem['time_step']:.2g} ms"),
        ("simulation", "acoustic, deepwave", "order, absorbing layers",
         f"deepwave, order 6, {problem['pml_width']} cells"),
        ("noise", LOST, "whether any, level", f"white, {problem['noise_level']:.0%} of each sample's norm"),
        ("missing", "random receivers", "percentages, whether the same for all shots",
         ", ".join(f"{p:g}" for p in levels) + " %, at the same depths in both wells and for all "
         "shots; gaps of neighbouring receivers beside"),
        ("scaling", "mean and standard deviation of the training set", "",
         f"the same; {data['scaling']} mean; missing receivers are zero before that"),
        *of_networks(network, training, ("convolutional ResNet, 3 levels of 3 layers, pyramid pooling, channels double "
         "at each level", "channels, dilations, normalisation", LOST)),
        ("where maps apply", "vectorised latents", "samples or means", "samples in training, means for PAIR"),
        ("weights of divergence", LOST, "both", ", ".join(f"{w:g}" for w in divergence) + " per nat, x and y"
         if divergence else "not variational"),
        ("LSI", "L-BFGS", "iterations, size of the ensemble",
         search(lsi)),
    ]  # fmt: skip
    simulated = [stored.settings_of(name) for name in stored.simulating]
    if simulated:
        choices.append(
            ("M-LSI (16)", "L-BFGS from samples of the encoded mean model", "iterations, size of the ensemble",
             search(stored.settings_of("mlsi") or simulated[0]))
        )  # fmt: skip
        choices.append(
            ("M-LSI and FWI from LSI, FWI", "none", "", "ours: the same searches from the estimate of PAIR+LSI, and "
             "classical inversion over pixels with a smoothness prior around its start")
        )  # fmt: skip
    if simulated and simulated[0]["samples"]:
        count = simulated[0]["samples"]
        choices.append(
            ("samples of methods that simulate", LOST, "number", f"the first {count['test']} of {samples['test']} test "
             f"and {count['ood']} of {samples['ood']} OOD samples")
        )  # fmt: skip
    return choices
