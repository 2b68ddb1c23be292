"""A part of a file as the network, and what is left for others to compute."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bittrue.golden.errors import UserError
from bittrue.golden.graph.names import full_name

ENOUGH = 0.95
"""Share of a file's multiplications below which a cut says how many it keeps."""


@dataclass(frozen=True)
class Step:
    """An operator of a file.

    Parameters
    ----------
    operator : str
        As the file calls it: ``CONV_2D``, ``Conv``.
    inputs, outputs : tuple of str
        Tensors.
    multiplications : int or None
        Of weights and activations, or of two activations, for one sample; None if the file does
        not say how large they are.
    assigns, reads : tuple of str
        Variables of the file, whose content the next run reads.
    """

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    multiplications: int | None = 0
    assigns: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cut:
    """What of a file is not in a network that was cut out of it.

    Parameters
    ----------
    before, after : tuple of Step
        In their order: what makes the network's inputs; and what else makes the file's outputs.
    kept, whole : int or None
        Multiplications of the network, and of all that the file's outputs depend on; None if the
        file does not say.
    """

    before: tuple[Step, ...]
    after: tuple[Step, ...]
    kept: int | None
    whole: int | None

    @property
    def share(self) -> float | None:
        """The part of the multiplications that is in the network; 1 if there are none."""
        if self.kept is None or self.whole is None:
            return None
        return self.kept / self.whole if self.whole else 1.0

    @property
    def warning(self) -> str:
        """One line if the network has less than `ENOUGH` of the multiplications; else empty."""
        if self.share is None:
            return (
                "which part of the multiplications the cut keeps is not known: the file states no "
                "shapes; run ONNX's shape inference on it"
            )
        if self.share >= ENOUGH:
            return ""
        return (
            f"the cut keeps {100 * self.share:.1f} % of the multiplications, {self.kept:,} of "
            f"{self.whole:,}; the rest is the host's"
        )


@dataclass(frozen=True)
class File:
    """A file's operators as far as a cut is concerned.

    Parameters
    ----------
    steps : sequence of Step
        Each after those whose outputs it reads.
    inputs, outputs : tuple of str
        Of the file.
    fixed : collection of str
        Constants.
    """

    steps: Sequence[Step]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    fixed: Collection[str] = ()

    def ends(
        self, inputs: tuple[str, ...], outputs: tuple[str, ...]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the inputs and outputs of a part, those of the file where none are named.

        Inputs of the file that a part does not need are no inputs of it.

        Raises
        ------
        UserError
            If there is no tensor of a name, in full or as it is called, a name is given twice, the
            part needs an input that is not named, or does not need one that is.
        """
        known = {name for step in self.steps for name in (*step.inputs, *step.outputs) if name}
        known.update(self.inputs)
        inputs, outputs = (
            tuple(full_name(name, known) or name for name in names) for names in (inputs, outputs)
        )
        for option, names in (("--inputs", inputs), ("--outputs", outputs)):
            for place, name in enumerate(names):
                if name not in known or name in self.fixed:
                    what = "a constant" if name in self.fixed else "no tensor of the file"
                    raise UserError(f"{option} names {name!r}, which is {what}{_like(name, known)}")
                if name in names[:place]:
                    raise UserError(f"{option} names {name!r} twice; name each tensor once")
        outputs = outputs or self.outputs
        needed = self._needed(outputs, inputs) - set(self.fixed)
        if not inputs:
            return tuple(name for name in self.inputs if name in needed), outputs
        missing = [name for name in self.inputs if name in needed and name not in inputs]
        if missing:
            raise UserError(
                f"the outputs depend on input {missing[0]!r} by ways that pass none of those that "
                f"--inputs names; name it, too, or a tensor behind it"
            )
        idle = [name for name in inputs if name not in needed]
        if idle:
            raise UserError(f"--inputs names {idle[0]!r}, on which no output depends; leave it out")
        return inputs, outputs

    def part(self, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> list[int]:
        """Return the places of the steps between two ends."""
        needed, read = self._reached(outputs, inputs)
        return [
            place
            for place, step in enumerate(self.steps)
            if (not needed.isdisjoint(step.outputs) and not set(step.outputs) <= set(inputs))
            or not read.isdisjoint(step.assigns)
        ]

    def cut(self, inputs: tuple[str, ...], kept: Collection[int]) -> Cut:
        """Return what is left of the file.

        Parameters
        ----------
        inputs : tuple of str
            Of the part.
        kept : collection of int
            Places of the steps that are in it.
        """
        whole = set(self.part((), self.outputs)) | set(kept)
        before = set(self.part((), inputs)) - set(kept)
        return Cut(
            tuple(self.steps[place] for place in sorted(before)),
            tuple(self.steps[place] for place in sorted(whole - before - set(kept))),
            self._multiplications(kept),
            self._multiplications(whole | before),
        )

    def _multiplications(self, places: Iterable[int]) -> int | None:
        counts = [self.steps[place].multiplications for place in places]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    def _needed(self, outputs: Iterable[str], inputs: Collection[str]) -> set[str]:
        """Return the tensors on which outputs depend, not beyond inputs."""
        return self._reached(outputs, inputs)[0]

    def _reached(
        self, outputs: Iterable[str], inputs: Collection[str]
    ) -> tuple[set[str], set[str]]:
        """Return the tensors and the variables on which outputs depend, not beyond inputs."""
        needed, read, known = set(outputs), set[str](), -1
        while len(read) > known:  # What assigns a variable can stand behind what reads it.
            known = len(read)
            for step in reversed(self.steps):
                made = needed.intersection(step.outputs)
                if made - set(inputs) or not read.isdisjoint(step.assigns):
                    needed.update(name for name in step.inputs if name)
                    read.update(step.reads)
        return needed, read


def describe(cut: Cut) -> Mapping[str, object]:
    """Return a cut as plain data, for manifests."""
    return {
        "before": [_step(step) for step in cut.before],
        "after": [_step(step) for step in cut.after],
        "multiplications": {
            "kept": cut.kept,
            "whole": cut.whole,
            "per_cent": None if cut.share is None else round(100 * cut.share, 1),
        },
    }


def _step(step: Step) -> dict[str, object]:
    return {
        "operator": step.operator,
        "inputs": [name for name in step.inputs if name],
        "outputs": list(step.outputs),
        "multiplications": step.multiplications,
    }


def _like(name: str, known: Iterable[str]) -> str:
    similar = get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {similar[0]!r}?" if similar and similar[0] != name else ""
