"""/handover: line-out and release at the gate (S10, S14), and what guardians and the duty lead read of it."""
