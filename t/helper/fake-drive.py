#!/usr/bin/python3
"""fake-drive.py [OPTION...] PORTFILE: Google Drive (API v3) in memory, with
the token endpoint and all that google_tokens.py has. Options: see
google_fake.py; what tests may do with it: control_* of drive_control.py,
google_pause.py and google_tokens.py. It refuses what the real service refuses;
what it cannot do, it refuses, too.
"""

import sys

sys.dont_write_bytecode = True
from drive_control import DriveControl
from drive_service import Drive
from google_fake import serve
from google_pause import Pauses
from google_tokens import Tokens

serve([Tokens, Pauses, Drive, DriveControl], sys.argv[1:])
