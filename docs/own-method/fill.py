"""A method of one's own: what is missing is filled with what the autoencoder makes of the data, again and again."""

from pydantic import Field

from pairlsi.core.base import Count
from pairlsi.methods import Method
from pairlsi.methods.estimates import Estimates


class Fill(Method):
    label = "Filled PAIR"
    description = (
        "Data are autoencoded and missing ones taken from the result, again and again, then PAIR inverts them."
    )
    wants = "latents"  # of a network: encode, decode, map

    class Settings(Method.Settings):
        rounds: Count = Field(10, description="of filling in")

    def estimate(self, y, split, numbers):
        import torch

        measured, keep = self.tensor(y), self.tensor(self.given.keep)
        filled = measured
        with torch.no_grad():
            for _ in range(self.settings.rounds):
                completed = self.network.decode_y(self.network.encode_y(filled))
                filled = keep * measured + (1 - keep) * completed
            x = self.network.invert(filled)
        return Estimates(x.cpu().numpy(), filled.cpu().numpy(), filled.cpu().numpy())
