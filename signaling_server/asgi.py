"""For ASGI servers: `uvicorn signaling_server.asgi:app`. Reads the environment."""

import os

from signaling_server.app import create_app
from signaling_server.logs import configure
from signaling_server.settings import Settings

_settings = Settings.from_environment(os.environ)
configure(_settings.log_level)
app = create_app(_settings)
