"""Commands that start runs, show them and decide about them."""
