#!/usr/bin/python3
"""count-requests.py LOG RULES CONDITION [WHAT]: how many requests of a fault
proxy's log are such; with WHAT, that of each, a line each. Both are in Python,
with the log's fields as names: 'method == "PUT" and status == 503'. Only those
count that began under these RULES (see proxy_rules) or under none."""

import json
import re
import sys
from urllib.parse import parse_qs, unquote

with open(sys.argv[1]) as f:
    requests = [json.loads(line) for line in f]
found = []
for r in requests:
    if r["rules"] is not None and str(r["rules"]) != sys.argv[2]:
        continue
    names = {"re": re, "unquote": unquote,
             "args": parse_qs(r["query"], keep_blank_values=True)}
    if eval("(" + sys.argv[3] + ")", names, r):
        found.append((names, r))
if len(sys.argv) > 4:
    for names, r in found:
        print(eval(sys.argv[4], names, r))
else:
    print(len(found))
