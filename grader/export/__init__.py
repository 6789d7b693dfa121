"""A class as each receiving system takes it."""
