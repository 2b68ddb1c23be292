"""A fake-quantized network as an integer graph.

Graphs are channels-last: an image (channels, height, width) becomes (height, width, channels).
"""

from collections.abc import Mapping

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.channels_last import channels_last
from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.integer_weight import IntegerWeight
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.graph import Graph, Tensor
from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.numbers.rounding import Rounding


def lower(
    network: FloatNetwork,
    activations: Mapping[str, QuantType],
    weights: Mapping[str, IntegerWeight],
    rounding: Rounding | None = None,
) -> Graph:
    """Return the integer graph of a network whose every tensor has codes.

    Parameters
    ----------
    network : FloatNetwork
        Of its weights only bias and normalization are used.
    activations : mapping of str to QuantType
        By tensor.
    weights : mapping of str to IntegerWeight
        By the name of a convolution or linear layer.
    rounding : Rounding, optional
        Of every requantization; None makes every layer of up to 8 bits equal real arithmetic in
        float64, rounded once to the nearest even code, on every accumulator that can occur.

    Raises
    ------
    UserError
        Naming the layer and why no integer node computes it.
    """
    context = LoweringContext(
        network.shapes, network.feature_orders(), activations, weights, rounding
    )
    for name in network.inputs:
        shape = channels_last(network.shapes[name])
        shape = shape[::-1] if name in network.lines else shape
        context.tensors[name] = Tensor.of_type(name, shape, activations[name].type)
    nodes = []
    for layer in network.layers:
        try:
            made = layer.lowered(context)
            for node in made:
                inference = node.infer(*(context.tensors[name] for name in node.inputs))
                context.tensors[node.output] = inference.tensor
        except UserError as error:
            kind = type(layer).__name__.lower()
            raise UserError(f"layer {layer.output!r} ({kind}): {error}") from error
        nodes += made
    for name in network.outputs:
        if name in context.order:
            raise UserError(
                f"output {name!r} is a flattened image, whose features the channels-last graph "
                "holds in another order; end the module with the image, or with a layer after it"
            )
    return Graph(
        inputs=tuple(context.tensors[name] for name in network.inputs),
        nodes=tuple(nodes),
        outputs=network.outputs,
        quantization={name: mapping.quantization for name, mapping in activations.items()},
        layouts={name: (2, 0, 1) for name, shape in network.shapes.items() if len(shape) == 3}
        | dict.fromkeys(network.lines, (1, 0)),
    )
