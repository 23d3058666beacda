"""The service: FastAPI, thin; routes ask, shape and answer."""
