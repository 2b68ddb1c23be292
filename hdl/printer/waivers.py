"""The warnings of Verilator that a design is not to be judged by, each with its reason."""

from bittrue.hdl.printer.module_headers import comment

WAIVERS = {
    "PROCASSINIT": "registers have a power-up value, which FPGAs load with the bitstream",
    "WIDTHEXPAND": "operands of unequal width: Verilog extends them as the expression says",
    "UNUSEDSIGNAL": "bits that a width calculation leaves unused are removed by synthesis",
    "CASEOVERLAP": "the choices of a wide multiplexer are states, of which one holds at a time",
    "SYNCASYNCNET": "between clocks a reset is synchronous to one side, asynchronous to the other",
    "DECLFILENAME": "a design is one file, its hand-written modules included",
}
"""Names of the warnings, and why they are off."""


def waiver_file(design: str) -> str:
    """Return Verilator's control file for a design in ``<design>.v``."""
    # A comment that began with the program's name would be an order to it.
    usage = f"$ verilator --lint-only -Wall {design}.vlt {design}.v"
    parts = [comment(f"What Verilator is not to warn of, and why.\n\n    {usage}")]
    parts.append("`verilator_config\n")
    for name, reason in WAIVERS.items():
        parts.append(f'\n{comment(reason)}lint_off -rule {name} -file "*{design}.v"\n')
    return "".join(parts)
