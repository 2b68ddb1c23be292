"""What is done with networks and circuits: plan, build, simulate, synthesise, prove, report."""
