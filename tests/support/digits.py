"""The digits network, trained for a moment."""

from bittrue.golden.digits import DigitsSettings, Training

QUICK = DigitsSettings(Training(epochs=1))
