"""An accelerator as other tools take it: IP-XACT, Vivado, FuseSoC, vendors' projects."""
