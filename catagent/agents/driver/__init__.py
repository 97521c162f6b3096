"""How an agent is loaded, given its input and run: in our process, and in its project's own.

Of the standard library alone, for Python 3.9 and later: `__main__.py`, run by its path in another
interpreter, imports this package, and nothing else of catagent's.
"""
