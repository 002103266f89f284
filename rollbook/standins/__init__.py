"""Real HTTP servers that speak the API of a SIS with made-up students, and fail on request.

The demo and the tests run on them. They import nothing of the code that reads them.
"""
