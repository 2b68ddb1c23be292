"""Where MLPerf Tiny's quantized networks are, if they are there."""

import os
from pathlib import Path

from tests.support.paths import ROOT

MODELS = Path(os.environ.get("BITTRUE_MODELS", ROOT.parent / "shared" / "models"))
MODEL_NAMES = ("pretrainedResnet_quant", "kws_ref_model", "ad01_int8")
