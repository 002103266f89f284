"""Screens of the Bulk Uploader, step by step."""
