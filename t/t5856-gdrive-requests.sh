#!/bin/sh

test_description='how often Google Drive is asked'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-google.sh

# kinds of requests, of paths and queries of the log
cat >kind.py <<\END
import collections, json, sys
from urllib.parse import unquote

def kind(r):
    path, query = r["path"], unquote(r["query"])
    if path == "/token":
        return "token"
    if path.endswith("generateIds"):
        return "ids"
    if path.startswith("/upload"):
        return "upload"
    if r["method"] != "GET":
        return r["method"].lower()
    if "alt=media" in query:
        return "bytes"
    if path.endswith("/files"):
        return "page" if "name = " not in query else \
            "folder" if "mimeType = " in query else "named"
    return "look"

count = collections.Counter(kind(json.loads(line)) for line in sys.stdin)
for name in sorted(count):
    print(count[name], name)
END

# asks COMMAND...: runs it
asks () {
	: >"$DRIVE_LOG" && "$@" >out 2>err || { cat >&4 err; return 1; }
}

# kinds: `asked` has a line for each kind of request
kinds () {
	/usr/bin/python3 kind.py <"$DRIVE_LOG" >asked
}

# ... which nobody counts: of how many threads look for a folder at once
besides=^$

# is LINE...: exactly these, in alphabetical order of the kinds. A request is
# written down when it is over, which its client may see before.
is () {
	printf '%s\n' "$@" >want &&
	for again in 1 2 3 4 5 6 7 8 9 10
	do
		kinds && sed -e "/$besides/d" asked >known && cmp -s want known &&
		return
		sleep 0.1
	done
	test_cmp want known
}

test_expect_success 'setup: a shared drive, and 20 experiments' '
	start_drive &&
	lab=$(drive_shared lab) &&
	drive_conf "$lab" &&
	mkdir q && cp resutil-conf.yaml key.json q &&
	for i in $(seq 10 29)
	do
		make_exp aapfcd_20240704T1115${i}_$i "id: \"$(test_id $i)\"" \
			"revision: 1" "state: done" || return 1
	done
'

test_expect_success 'push -A: each experiment is looked for, put and claimed' '
	asks resutil push -A &&
	besides="folder$" &&
	test_when_finished "besides=^$" &&
	is "2 ids" "1 look" "40 named" "21 patch" "1 post" "1 token" \
		"20 upload"
'

test_expect_success 'push -A with nothing to do: no more than the names' '
	asks resutil push -A &&
	is "1 folder" "1 look" "20 named" "1 token"
'

test_expect_success 'push of one: its name alone' '
	asks resutil push @ &&
	is "1 folder" "1 look" "1 named" "1 token"
'

test_expect_success 'pull -A: one page, and the bytes of each' '
	asks resutil -C q pull -A &&
	is "20 bytes" "1 folder" "1 look" "1 page" "1 token" &&
	diff -r results q/results
'

test_expect_success 'pull -A with nothing to do: one page' '
	asks resutil -C q pull -A &&
	is "1 folder" "1 look" "1 page" "1 token"
'

test_expect_success 'list: one page' '
	asks resutil list &&
	is "1 folder" "1 look" "1 page" "1 token"
'

test_expect_success 'list that knows nothing reads a part of each pack' '
	rm -rf "$HOME/.cache" &&
	asks resutil list &&
	is "20 bytes" "1 folder" "1 look" "1 page" "1 token" &&
	asks resutil list &&
	is "1 folder" "1 look" "1 page" "1 token"
'

test_expect_success 'status asks nobody' '
	asks resutil status &&
	kinds && test_must_be_empty asked
'

test_expect_success 'what is not there is looked for once, and its folder' '
	asks test_expect_code 10 resutil get-object project/gone.zip &&
	is "1 folder" "1 look" "1 named" "1 token"
'

test_expect_success 'rm of one: one change, and nothing is read' '
	asks resutil rm -r -y @ &&
	kinds && grep -x "1 patch" asked &&
	! grep bytes asked
'

test_done
