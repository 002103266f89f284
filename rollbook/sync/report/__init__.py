"""The stored plan read back: rows, summary, workbook, problems, history."""
