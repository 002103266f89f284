"""The spreadsheet as a source: from the bytes of an uploaded file to its rows as text."""
