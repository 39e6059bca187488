"""How Groundswell runs."""
