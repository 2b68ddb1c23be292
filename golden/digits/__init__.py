"""A real network: handwritten digits, trained in torch, quantized to int8.

Asking for it a second time only reads files and needs numpy alone.
"""

from pathlib import Path

from filelock import FileLock

from bittrue.golden.digits.configuration import configuration_hash
from bittrue.golden.digits.files import QuantizedDigits, read_summary, require_directory
from bittrue.golden.digits.settings import DigitsSettings, Training

__all__ = ["DigitsSettings", "QuantizedDigits", "Training", "quantized_digits"]


def quantized_digits(directory: Path, settings: DigitsSettings | None = None) -> QuantizedDigits:
    """Return the quantized digits network, making its files when they are missing or out of date.

    Parameters
    ----------
    directory : Path
        Where the files are kept; made when missing.
    settings : DigitsSettings, optional

    Returns
    -------
    QuantizedDigits

    Raises
    ------
    ExecutionError
        If the directory cannot be written.
    """
    settings = DigitsSettings() if settings is None else settings
    configuration = configuration_hash(settings)
    digits = read_summary(directory)
    if digits is not None and digits.configuration == configuration:
        return digits
    require_directory(directory)
    with FileLock(directory / ".lock"):  # Of several processes one trains.
        digits = read_summary(directory)
        if digits is None or digits.configuration != configuration:
            from bittrue.golden.digits.quantize import write_digits  # Takes torch and scikit-learn.

            digits = write_digits(directory, settings, configuration)
    return digits
