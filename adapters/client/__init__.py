"""plantrail for Python programs: a client of the running service, typed with the models of its answers."""
