"""`python -m mentorkit.cli` is the command `mentorkit`."""

import sys

from mentorkit.cli import main

sys.exit(main())
