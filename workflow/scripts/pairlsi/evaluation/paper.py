"""The numbers of the paper's Table 1 and what it leaves open, to stand beside ours.

Source: "Latent Space Inference via Paired Autoencoders" (Hart, Peters, Chung, Chung, 2026), Table 1 and Section 4.1.
"""

# (data, split) -> method -> (RRE, SSIM)
TABLE_1 = {
    ("none", "test"): {"PAIR": (0.224, 0.894), "Encoder-decoder": (0.291, 0.850), "PAIR+LSI": (0.270, 0.844)},
    ("none", "ood"): {"PAIR": (0.195, 0.912), "Encoder-decoder": (0.256, 0.867), "PAIR+LSI": (0.266, 0.856)},
    ("R", "test"): {"PAIR": (0.334, 0.787), "Encoder-decoder": (0.345, 0.819), "PAIR+LSI": (0.274, 0.841)},
    ("R", "ood"): {"PAIR": (0.356, 0.766), "Encoder-decoder": (0.314, 0.820), "PAIR+LSI": (0.271, 0.853)},
    ("R′", "test"): {"PAIR": (0.330, 0.788), "Encoder-decoder": (0.335, 0.826), "PAIR+LSI": (0.275, 0.840)},
    ("R′", "ood"): {"PAIR": (0.351, 0.769), "Encoder-decoder": (0.297, 0.835), "PAIR+LSI": (0.271, 0.853)},
    ("B", "test"): {"PAIR": (0.862, 0.427), "Encoder-decoder": (0.266, 0.862), "PAIR+LSI": (0.297, 0.823)},
    ("B", "ood"): {"PAIR": (1.043, 0.398), "Encoder-decoder": (0.233, 0.881), "PAIR+LSI": (0.293, 0.832)},
    ("B′", "test"): {"PAIR": (0.933, 0.414), "Encoder-decoder": (0.447, 0.693), "PAIR+LSI": (0.303, 0.816)},
    ("B′", "ood"): {"PAIR": (1.124, 0.392), "Encoder-decoder": (0.436, 0.681), "PAIR+LSI": (0.286, 0.835)},
}

LOST = "lost in our copy"  # the copy of the paper that we worked from has lost most inline mathematics


def choices(experiment: dict) -> list[tuple[str, str, str, str]]:
    """Rows (what, value in the paper, unknown to us, ours) for a CT experiment's settings."""
    problem, networks, training = experiment["problem"], experiment["networks"], experiment["training"]
    source = {"phantoms": "procedural trail-mix phantoms", "2detect": "2DeteCT reconstructions"}
    x, y, solver = networks["x"], networks["y"], experiment["inference"]["lsi"]
    size, angles = problem["image_size"], problem["angles"]
    return [
        ("images", "2DeteCT, downsampled", "size, number", f"{source[problem['source']['kind']]}, {size} × {size}"),
        ("training images", LOST, "number", f"{experiment['data']['samples']['train']}"),
        ("angles", "180 over 180°", "", f"{angles} over 180°"),
        ("missing", "45 angles (25 %)", "", f"{networks['mask_percent']} % of the angles"),
        ("forward operator", "line projector (PRTomo)", "detector bins", "ASTRA line projector, "
         f"{problem['detector_bins'] or round(2**0.5 * size)} bins, grid {problem['oversampling']} times finer"),
        ("noise", "white", "level", f"{problem['noise_level']:.0%} of each sinogram's norm, drawn for each sample"),
        ("latent sizes", LOST, "both", f"{x['latent']} (x), {y['latent']} (y)"),
        ("residual blocks", "3 (x), 6 (y)", "which halve the resolution",
         f"{len(x['strides'])} (x), {len(y['strides'])} (y), stem and blocks halve by {[x['stem'], *x['strides']]} "
         f"and {[y['stem'], *y['strides']]}"),
        ("normalisation", "batch normalisation", "", networks["x"]["norm"]),
        ("channels", LOST, "all", f"from {x['width']} (x) and {y['width']} (y), doubling where resolution halves"),
        ("scaling", LOST, "centre and scale", f"less the {networks['centre']} mean of the training images, over the "
         "standard deviation around it; missing angles are zero before that"),
        ("loss (4)", "all four terms", "", "one half of each batch decoded from its own latents, one through the maps"),
        ("loss weights", "none named", "w1 … w4", ", ".join(f"{w:g}" for w in networks["weights"])
         + ", each space scaled by its variance"),
        ("optimiser", "Adam, 100 epochs", "learning rate, batch size", f"Adam, {training['epochs']} epochs, learning "
         f"rate {training['learning_rate']:g} with warm-up and cosine, batches of {training['batch_size']}"),
        ("LSI", "L-BFGS, strong Wolfe, 10 iterations", "tolerances", f"the same, {solver['iterations']} iterations, "
         f"at most {solver['iterations'] * 5 // 4} evaluations, each sample on its own"),
        ("metrics", "RRE, SSIM", "SSIM window and data range",
         "SSIM with a Gaussian window (σ = 1.5), data range of the training images"),
    ]  # fmt: skip
