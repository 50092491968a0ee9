#!/usr/bin/env python3
"""died.py PROGRAM [ARG...]: says of what signal it died, and whether it left a
core dump (of whatever size; where they are kept is the system's business)."""

import os
import resource
import sys

hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
pid = os.fork()
if not pid:
    os.execvp(sys.argv[1], sys.argv[1:])
status = os.waitpid(pid, 0)[1]
print("signal", os.WTERMSIG(status),
      "dumped" if os.WCOREDUMP(status) else "no dump")
