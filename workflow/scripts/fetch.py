"""Download the archives of real images that the config names, check their MD5 sums and unpack them."""

from pairlsi import job

job.start(snakemake)  # noqa: F821 - given by Snakemake

import json
from pathlib import Path

from pairlsi.problems import detect2d

images = snakemake.params.images  # noqa: F821
detect2d.download(images["folder"], images["archives"])
Path(snakemake.output[0]).write_text(json.dumps(images["archives"], indent=1))  # noqa: F821
