"""The texts of every problem."""
