"""Importing this module sets Django up, so that modules imported after it may import models."""

import django

django.setup()
