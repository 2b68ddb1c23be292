class Subsample: pass
