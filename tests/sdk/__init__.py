"""The SDK, against a real stack; each story through both faces."""
