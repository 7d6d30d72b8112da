"""The serverless functions of mentorkit: one ASGI app, one module a function."""
