"""From a record and its verdicts to the report."""
