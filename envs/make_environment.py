"""Write the conda environment for clusters, envs/environment.yaml, from the pins in envs/requirements.txt."""

from pathlib import Path

FOLDER = Path(__file__).parent
HEADER = """# Made from requirements.txt by 'make pins': change the pins there.
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python =3.11
  - pip
  - pip:
"""


def environment() -> str:
    """The text of environment.yaml. The pins are listed, not referred to: Snakemake copies the file elsewhere."""
    lines = (FOLDER / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    return HEADER + "".join(f"      - '{pin}'\n" for pin in pins)


if __name__ == "__main__":
    (FOLDER / "environment.yaml").write_text(environment(), encoding="utf-8")
