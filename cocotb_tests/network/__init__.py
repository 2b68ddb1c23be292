"""Whole networks: every folding and pace that the planner gives, stalls, and faults."""
