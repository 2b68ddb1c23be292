"""Scenarios for the sliding window."""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bittrue.flows.simulation.bench.payload import as_beats, lanes_of
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Tensor
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.layers.parts.sliding_window import SlidingWindow
from bittrue.hdl.layers.parts.window_spec import SlidingWindowSpec
from cocotb_tests.bench.images import random_images
from cocotb_tests.bench.streams import every_manner


def scenarios(
    component: SlidingWindow, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return images in every manner; more of them unless `quick`."""
    spec = component.spec
    if spec.run % spec.elements:
        raise UserError(
            f"elements is {spec.elements}; what lies beyond the window's {spec.run} elements is "
            "not specified, so choose a divisor"
        )
    tensor = Tensor.of_type("x", spec.shape, spec.code)
    images = random_images(tensor, 4 if quick else 40, seed)
    beats = np.concatenate([expected_beats(spec, image) for image in images])
    inputs = {"i": as_beats(images, spec.lanes)}
    return every_manner(
        "images", inputs, {"o": lanes_of("", beats)}, {}, len(beats) + images[0].size, seed
    )


def expected_beats(spec: SlidingWindowSpec, image: Int64) -> Int64:
    """Return the beats of an image, by numpy's own windows."""
    window, (rows, elements) = spec.window, (spec.rows, spec.elements)
    (down, across), (dilation_y, dilation_x) = window.stride, window.dilation
    padded = np.pad(image, (*window.padding, (0, 0)), constant_values=spec.padding_code)
    reach = [(size - 1) * step + 1 for size, step in zip(window.size, window.dilation, strict=True)]
    views = sliding_window_view(padded, reach, axis=(0, 1))[::down, ::across]
    taps = views[..., ::dilation_y, ::dilation_x]  # row, column, channel, kernel row, kernel column
    height, width, channels, kernel_rows, kernel_columns = taps.shape
    if spec.channelwise:
        split = taps.reshape(height, width, -1, elements, kernel_rows // rows, rows, kernel_columns)
        once = split.transpose(0, 1, 2, 4, 6, 5, 3).reshape(
            height, width, channels // elements, 1, -1, rows * elements
        )
        return np.repeat(once, spec.repeats, axis=3).reshape(-1, rows * elements)
    runs = kernel_columns * channels // spec.run
    flat = taps.transpose(0, 1, 3, 4, 2).reshape(
        height, width, kernel_rows // rows, rows, runs, -1, elements
    )
    once = flat.transpose(0, 1, 2, 4, 5, 3, 6).reshape(height, width, 1, -1, rows * elements)
    return np.repeat(once, spec.repeats, axis=2).reshape(-1, rows * elements)
