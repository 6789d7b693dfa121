"""Downloads of learning-management systems: who handed in what."""

from grader.intake.claims import READERS, Claim, claims, passed_over, recognise
from grader.intake.join import File, Joined, join
from grader.intake.roster import load_roster

__all__ = [
    "READERS",
    "Claim",
    "File",
    "Joined",
    "claims",
    "join",
    "load_roster",
    "passed_over",
    "recognise",
]
