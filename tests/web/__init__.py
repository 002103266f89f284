"""Quick tests of the screens, with Django's own client."""
