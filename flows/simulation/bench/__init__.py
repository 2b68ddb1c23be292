"""The bench around a circuit: clock, stimulus, back-pressure and results in HDL; Python judges."""
