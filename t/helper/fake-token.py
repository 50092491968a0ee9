#!/usr/bin/python3
"""fake-token.py OPTION... PORTFILE: a server that stands for the token
endpoint and what belongs to it; see google_tokens.py, and google_fake.py for
the options."""

import sys

sys.dont_write_bytecode = True
from google_fake import serve
from google_tokens import Tokens

serve([Tokens], sys.argv[1:])
