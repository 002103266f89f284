"""Real HTTP servers that speak a SIS vendor's API with made-up students, and fail on request.

The demo runs on them and so do the tests. They know nothing of the code that reads them.
"""
