"""The words of the project as frozen values; this package imports nothing of ours.

Nothing is re-exported here, so that reading a rubric does not import numpy:
import from the module that holds the word.
"""
