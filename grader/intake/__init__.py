"""Downloads of learning-management systems: who handed in what."""
