"""A spreadsheet on its way to a plan."""
