"""The digits network, trained for a moment."""

from golden.digits import DigitsSettings, Training

QUICK = DigitsSettings(Training(epochs=1))
