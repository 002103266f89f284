"""How a plan is made from a roster."""
