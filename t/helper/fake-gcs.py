#!/usr/bin/python3
"""fake-gcs.py OPTION... PORTFILE: a server that stands for Cloud Storage, the
token endpoint and what belongs to it; see google_storage.py, google_tokens.py,
and google_fake.py for the options."""

import sys

sys.dont_write_bytecode = True
from google_fake import serve
from google_storage import Storage
from google_tokens import Tokens
from google_xml import Xml

serve([Tokens, Storage, Xml], sys.argv[1:])
