"""The golden model: what every number is.

Modules that only define numbers (`integer_type`, `rounding`, `multiplier`, `requant_spec`,
`certificate`) need numpy alone, so that generating hardware never imports torch.
"""
