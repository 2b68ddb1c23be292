"""The rule of AXI that what is offered stays as it is until it is taken."""

from collections.abc import Mapping
from typing import Any

Channel = tuple[Any, Any, tuple[Any, ...]]
"""Valid, ready and the parts of the payload of a channel, as handles."""


class HeldChannels:
    """What waits at some channels of one clock.

    Parameters
    ----------
    channels : mapping of str to (valid, ready, payload)
    """

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels
        self.waiting: dict[str, list[int]] = {}

    def check(self, held: bool = True) -> None:
        """Look at the channels, once in each cycle.

        Parameters
        ----------
        held : bool
            Whether what waited must be there still.
        """
        for name, (valid, ready, payload) in self._channels.items():
            offered = [int(part.value) for part in payload] if valid.value else []
            if held and name in self.waiting:
                assert offered == self.waiting[name]
            self.waiting.pop(name, None)
            if offered and not ready.value:
                self.waiting[name] = offered
