"""Boards that block designs are written for: the processor's cell, and what AMD calls the rest."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Board:
    """A board with a processor beside the FPGA.

    Parameters
    ----------
    title : str
        As it is sold.
    part : str
        Of its FPGA, as Vivado calls it.
    files : str
        A pattern of the board's files in Vivado, of any version.
    processor : str
        ``zynq7`` or ``zynqmp``.
    device : str
        As `flows.planning.devices` calls the FPGA.
    """

    title: str
    part: str
    files: str
    processor: str
    device: str


BOARDS = {
    "pynq-z2": Board("PYNQ-Z2", "xc7z020clg400-1", "*:pynq-z2:*", "zynq7", "zynq7020"),
    "arty-z7-20": Board("Arty Z7-20", "xc7z020clg400-1", "*:arty-z7-20:*", "zynq7", "zynq7020"),
    "zybo-z7-20": Board("Zybo Z7-20", "xc7z020clg400-1", "*:zybo-z7-20:*", "zynq7", "zynq7020"),
    "kv260": Board("Kria KV260", "xck26-sfvc784-2LV-c", "*:kv260_som:*", "zynqmp", "k26"),
    "zcu104": Board("ZCU104", "xczu7ev-ffvc1156-2-e", "*:zcu104:*", "zynqmp", "zu7ev"),
}
