"""Commands that set up, serve and look after an installation."""
