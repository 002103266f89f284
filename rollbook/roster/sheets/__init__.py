"""Spreadsheets: headings, columns and rows, up to the change that a row makes."""
