"""Where MLPerf Tiny's quantized networks are, if they are there."""

import os
from pathlib import Path

MODELS = Path(
    os.environ.get("BITTRUE_MODELS", Path(__file__).parents[2].parent / "shared" / "models")
)
MODEL_NAMES = ("pretrainedResnet_quant", "kws_ref_model", "ad01_int8")
