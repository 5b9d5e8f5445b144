"""plantrail for Python programs: a client of the running service, typed by the models that the service answers with."""
