"""Property tests here have no deadline: on a busy machine a quick example may still take long."""

from hypothesis import settings

settings.register_profile("without_deadline", deadline=None)
settings.load_profile("without_deadline")
