"""Every word about a run: kinds, states, reasons, alarms, proofs and counts."""
