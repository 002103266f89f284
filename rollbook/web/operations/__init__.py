"""Pages for whoever operates the installation."""
