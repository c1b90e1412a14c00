"""Nothing happens: all data arrive."""

from pairlsi.observations import Observation


class Nothing(Observation):
    """ỹ = y."""

    label = "full data"
    description = "All data arrive."
    symbol = "none"
