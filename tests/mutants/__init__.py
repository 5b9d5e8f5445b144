"""Mutation testing of `domain/` and `application/`: which line of them no test would miss.

cosmic-ray bends the source in one place at a time (a `<` to `<=`, a `3` to `4`, an `and` to `or`), keeps the results in
a database, and reports on them.  Its own runner starts a test command for each mutant, which here means seconds of
importing.  This one imports the project and collects its tests once, forks a process for each mutant, and runs in it
only those tests that call the function that was bent, the fastest first, until one fails.
"""
