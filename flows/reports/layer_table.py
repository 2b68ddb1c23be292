"""Tables of layers, which commands print alike."""

from rich.box import SIMPLE_HEAD
from rich.table import Table


def layer_table(title: str) -> Table:
    """Return a table without rows whose columns say which layer one is of: number, name, kind.

    Parameters
    ----------
    title : str
        Printed above it.
    """
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("name", overflow="fold")
    table.add_column("layer", no_wrap=True)
    return table
