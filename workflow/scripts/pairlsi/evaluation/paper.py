"""The numbers of the paper's Table 1, to stand beside ours.

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
