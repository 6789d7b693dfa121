"""The command line: `grader grade`, `explain`, `rejudge`, `rubric`, `doctor`."""
