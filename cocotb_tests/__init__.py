"""RTL against golden: one module of scenarios for each unit, run by name or by pytest.

``python -m cocotb_tests requant`` runs one unit in one simulator; ``pytest cocotb_tests`` runs
every unit in both, and shows that the checks can fail.
"""
