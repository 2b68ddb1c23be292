"""What stands out in the analysis of a quantized network, in words."""

from collections.abc import Iterator

from bittrue.golden.quantize.analysis import LayerAnalysis, NetworkAnalysis, PartAnalysis

_LARGE_SHARE = 0.2
_MUCH_CLIPPED = 0.01
_OUTLIERS = 3.0
_SPREAD = 4.0


def findings(analysis: NetworkAnalysis) -> list[str]:
    """Return sentences that name a layer, a number and what may help; most harmful part first."""
    parts = [
        (part, layer, what)
        for layer in analysis.layers
        for part, what in ((layer.weights, "weights"), (layer.values, "values"))
        if part is not None
    ]
    parts.sort(key=lambda each: -each[0].share)
    return [sentence for part in parts for sentence in _of_part(*part)]


def _of_part(part: PartAnalysis, layer: LayerAnalysis, what: str) -> Iterator[str]:
    name = f"the {what} of {layer.name}"
    if part.share >= _LARGE_SHARE:
        yield (
            f"{name} ({part.type}) make {part.share:.0%} of the noise at the output: more bits or "
            "another range help most here"
        )
    shape = part.histogram
    if shape.clipped >= _MUCH_CLIPPED:
        yield (
            f"{shape.clipped:.1%} of {name} are clipped to {shape.low:.3g} ... {shape.high:.3g}: a "
            "wider range loses less if they matter"
        )
    reach = max(abs(shape.central[0]), abs(shape.central[1]))
    largest = max(abs(shape.low), abs(shape.high))
    if what == "values" and reach > 0 and largest > _OUTLIERS * reach:
        yield (
            f"99.9 % of {name} lie within {reach / largest:.0%} of their range: ranges percentile "
            "or mse would give them finer steps"
        )
    if part.channel_spread is not None and part.channel_spread > _SPREAD:
        yield (
            f"one channel of {name} reaches {part.channel_spread:.1f} times as far as the median "
            "one, under one scale: granularity channel or cross-layer equalization would help"
        )
