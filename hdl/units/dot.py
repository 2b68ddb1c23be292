"""Matrix-vector products."""

from amaranth.hdl import Cat, Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.units.dot_spec import DotSpec
from bittrue.hdl.blocks.accumulator import FramePipeline
from bittrue.hdl.blocks.adder_tree import adder_tree, adder_tree_latency
from bittrue.hdl.blocks.dot_product import dot_product_latency, dot_products
from bittrue.hdl.blocks.multiply import MULTIPLY_LATENCY, multiply
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.blocks.result_fifo import BUFFER_LATENCY, buffered
from bittrue.hdl.blocks.shapes import shape_of


class Dot(wiring.Component):
    """A matrix-vector product, some outputs and some inputs at a time.

        o[p] = bias[p] + sum over k of x[k] * (w[p][k] - weight_zero_point[p])

    The zero point of the inputs is folded into the bias, see `golden.units.dot`. That of the
    weights is multiplied by the running sum of the inputs, once for each output, instead of being
    subtracted from every weight.

    Parameters
    ----------
    spec : golden.units.dot_spec.DotSpec
        Operands, lanes, outputs and what multiplies.

    Members
    -------
    i : In(stream.Signature(...))
        ``x``, one input for each lane, and ``w``, outputs by lanes; ``last`` ends a dot product.
        Lanes that it does not fill are zero in `x`.
    constants : In(stream.Signature(...))
        ``bias`` for each output, and ``weight_zero_point`` for each if there are any: one beat for
        each dot product.
    o : Out(stream.Signature(...))
        The outputs.

    Latency `latency` cycles from the last beat of a dot product, one beat per cycle; a dot product
    waits for its constants. Products and sums never stall: sums wait in a FIFO for constants and
    output, and beats are accepted as long as it has room for all sums under way. ``i.ready`` comes
    from registers; ``constants.ready`` depends on ``o.ready``. Outputs are wide enough
    for the extremes of bias, products and zero points together.
    """

    def __init__(self, spec: DotSpec) -> None:
        self.spec = spec
        self._sum_latency = dot_product_latency(spec.mac) + 1
        self._constants_latency = 1 + (MULTIPLY_LATENCY if spec.weight_zero_point else 0)
        self.latency = self._sum_latency + BUFFER_LATENCY + self._constants_latency
        weights = data.ArrayLayout(shape_of(spec.weights), spec.lanes)
        beat = {
            "x": data.ArrayLayout(shape_of(spec.inputs), spec.lanes),
            "w": data.ArrayLayout(weights, spec.outputs),
            "last": 1,
        }
        constants = {"bias": data.ArrayLayout(shape_of(spec.bias), spec.outputs)}
        if spec.weight_zero_point:
            constants["weight_zero_point"] = data.ArrayLayout(shape_of(spec.weights), spec.outputs)
        outputs = data.ArrayLayout(shape_of(spec.output_type), spec.outputs)
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout(beat))),
                "constants": In(stream.Signature(data.StructLayout(constants))),
                "o": Out(stream.Signature(outputs)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the products and their sums; then join the constants."""
        m = Module()
        spec = self.spec
        beat = self.i.payload
        kinds = {f"output_{n}": shape_of(spec.mac.sum_type) for n in range(spec.outputs)}
        if spec.weight_zero_point:
            kinds["inputs"] = shape_of(spec.input_sum)
        sums = stream.Signature(data.StructLayout(kinds)).create(path=("sums",))
        accepted, results = buffered(m, self.i, sums, self._sum_latency, beat.last)
        pipeline = FramePipeline(m, platform, accepted, beat.last, self._sum_latency)
        x = [beat.x[lane] for lane in range(spec.lanes)]
        w = [[beat.w[output][lane] for lane in range(spec.lanes)] for output in range(spec.outputs)]
        m.d.comb += results.valid.eq(pipeline.valid[-1])
        for output, total in enumerate(dot_products(pipeline, "dot", spec.mac, [x], w)[0]):
            accumulator = pipeline.accumulate(f"accumulator_{output}", spec.mac.sum_type, total)
            m.d.comb += results.payload[f"output_{output}"].eq(accumulator)
        if spec.weight_zero_point:
            summed = adder_tree(pipeline, "input_sum", x)
            shorter = self._sum_latency - 1 - adder_tree_latency(spec.lanes)
            late = pipeline.register("input_sum_late", summed, shorter)
            input_sum = pipeline.accumulate("accumulator_x", spec.input_sum, late)
            m.d.comb += results.payload.inputs.eq(input_sum)

        joined = stream.Signature(0).create()
        m.d.comb += [
            joined.valid.eq(sums.valid & self.constants.valid),
            sums.ready.eq(joined.ready & self.constants.valid),
            self.constants.ready.eq(joined.ready & sums.valid),
        ]
        ending = Pipeline(m, platform, joined, self.o, self._constants_latency)
        constants = self.constants.payload
        biased = [
            sums.payload[f"output_{output}"] + constants.bias[output]
            for output in range(spec.outputs)
        ]
        if spec.weight_zero_point:
            biased = [
                ending.register(f"biased_{output}", value, MULTIPLY_LATENCY)
                - multiply(
                    ending,
                    f"zero_{output}",
                    sums.payload.inputs,
                    constants.weight_zero_point[output],
                )
                for output, value in enumerate(biased)
            ]
        width = spec.output_type.width
        m.d.comb += self.o.payload.as_value().eq(
            Cat(ending.register(f"output_{n}", value[:width]) for n, value in enumerate(biased))
        )
        return m
