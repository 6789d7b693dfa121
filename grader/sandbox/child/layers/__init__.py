"""The layers that confine a child, a module each; `child.confine` puts them in order."""
