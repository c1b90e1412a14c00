"""SIRT, what electron tomography is mostly reconstructed with: without any network."""

from pydantic import Field

from pairlsi.methods.cgls import CGLS


class SIRT(CGLS):
    """Simultaneous iterative reconstruction, stopped after the number of iterations best on validation samples.

    Source: Gilbert (1972), doi:10.1016/0022-5193(72)90180-4.
    """

    label = "SIRT, no network"
    colour = "#795548"
    description = (
        "Simultaneous iterative reconstruction on what was measured: steps along the gradient that are weighed by how "
        "much rays and pixels see of one another, stopped where the validation split says. For operators without "
        "negative entries, as projections have none."
    )

    class Settings(CGLS.Settings):
        """The least that x can be."""

        lowest: float | None = Field(
            None, description="x is no less than this anywhere, as 0 for densities; null: free"
        )

    @classmethod
    def title(cls, settings, labels):
        return CGLS.title(settings, labels).replace("CGLS", "SIRT")

    def iterates(self, y, mask, iterations, start):
        from pairlsi.solvers.sirt import sirt

        return sirt(self.problem, y, mask, iterations, start, self.settings.lowest)
