"""Coverage-guided fuzzing of all that reads bytes; `README.md` says how to run it."""
