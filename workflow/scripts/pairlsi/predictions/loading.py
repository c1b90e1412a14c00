"""What `pairlsi.load` gives: the model of a folder of results, or of an exported file."""

from pathlib import Path

from pairlsi.core import parts
from pairlsi.jobs import provenance
from pairlsi.predictions import ObservationError
from pairlsi.predictions.exported import read_exported
from pairlsi.predictions.model import Model, of_folder


def load(path: Path | str) -> Model:
    """The model of a folder of results, as results/ct, in which the workflow has trained, or of an exported file.

    Raises ObservationError with what to run where something is missing; ConfigError where a part of one's own, a Python
    file, lies neither in the working directory nor beside an exported file, nor in the folders above the results.
    """
    path = Path(path)
    # parts of one's own are named by files, which lie beside an exported file, or where the results' config does
    parts.look_in_too(path.resolve().parents[: 1 if path.is_file() else 3])
    if path.is_file():
        return read_exported(path)
    try:
        said = provenance.recorded(path / "settings.yaml")["params"]["experiment"]
    except (OSError, ValueError, KeyError):
        raise ObservationError(
            f"{path} has no settings.yaml of an experiment: give the folder of one, as results/ct, once "
            "snakemake --cores all results/ct/report.html has made its report, or a file made by make export"
        ) from None
    return of_folder(said, path)
