"""Plans that are quick enough from the first input of an image to its last output."""

from collections.abc import Callable

from bittrue.flows.planning.latency import first_image_cycles
from bittrue.flows.planning.planned import Plan
from bittrue.golden.errors import UserError
from bittrue.hdl.shell import AXI_SHELLS


def plan_for_latency(
    at: Callable[[int | None], Plan], latency: int, cycles: int | None, shell: str
) -> Plan:
    """Return a plan of which the estimated latency is low enough, as slow as that allows.

    Parameters
    ----------
    at : callable
        Plans for a rate, in cycles between images, or as fast as there are resources for.
    latency : int
        Cycles from the first input to the last output of the first image.
    cycles : int or None
        Cycles between images that are enough, too.
    shell : str
        What surrounds the network: the AXI shell adds cycles.

    Raises
    ------
    UserError
        If no plan is so quick, with what the fastest takes.
    """
    if latency < 1:
        raise UserError(f"latency is {latency}; allowed: at least 1")
    own = AXI_SHELLS[shell].LATENCY if shell in AXI_SHELLS else 0
    quick = at(None)
    least = first_image_cycles(quick) + own
    if least > latency:
        raise UserError(
            f"latency is {latency:,} cycles; the fastest plan that fits takes {least:,} from the "
            "first input to the last output"
        )
    # An image cannot be complete in fewer cycles than there are between images.
    low, high = quick.cycles, max(cycles or latency, quick.cycles)
    while low < high:
        rate = (low + high + 1) // 2
        plan = at(rate)
        if first_image_cycles(plan) + own <= latency:
            quick, low = plan, rate
        else:
            high = rate - 1
    return quick
