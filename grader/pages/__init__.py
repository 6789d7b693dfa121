"""Pages: what students, and those who mark by hand, look at."""
