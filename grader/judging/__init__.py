"""From observations to verdicts and points; numpy and arithmetic, nothing is run here."""
