"""What people decide: the ledger, and the marks that follow from it."""
