"""Which tensors share one scale, because codes only move between them."""

from bittrue.golden.frontends.torch.float_network import FloatNetwork


class ScaleGroups:
    """Tensors' names, grouped by the scale that they share.

    Parameters
    ----------
    network : FloatNetwork
    joined : bool
        Whether tensors that are joined share the scale of the result.
    """

    def __init__(self, network: FloatNetwork, joined: bool = True) -> None:
        self._group = {name: [name] for name in network.shapes}
        for layer in network.layers:
            if layer.shares_scale and (joined or not layer.joins):
                for name in layer.inputs:
                    self.merge(name, layer.output)

    def of(self, name: str) -> list[str]:
        """Return the group of a tensor."""
        return self._group[name]

    def all(self) -> list[list[str]]:
        """Return every group."""
        return list({id(names): names for names in self._group.values()}.values())

    def merge(self, first: str, second: str) -> None:
        """Let two tensors share one scale."""
        one, other = self._group[first], self._group[second]
        if one is not other:
            other.extend(one)
            self._group |= dict.fromkeys(one, other)
