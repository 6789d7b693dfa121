"""Running a stranger's code: the only step that touches the world.

    parent (rubric, expected values)  --exec-->  zygote (torch, imported once)
                                                  --fork-->  one child a program

The parent side is `parent`; everything under `child` runs beyond the trust boundary and imports
nothing of ours but `wire`. This package is imported on both sides, so it imports nothing itself.
"""
