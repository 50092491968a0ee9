# Several machines at one folder of Drive. Each is an account of its own, with
# a key file of a project of its own, so none sees what is private to another.
#
#	test_expect_success 'setup' 'start_drive && claim_accounts a b'

. "$TEST_DIRECTORY"/lib-google.sh

# claim_accounts NAME...: a shared drive with these accounts, and NAME.url of
# each, which is the store as it sees it. Sets base.
claim_accounts () {
	base=$(drive_shared lab) &&
	for machine
	do
		account=bot@$machine-project.iam.gserviceaccount.com &&
		google_key $machine.json $account &&
		drive_share "$base" $account fileOrganizer &&
		echo "gdrive://$base?api_root=$DRIVE_ROOT&key_file_path=$PWD/$machine.json" \
			>$machine.url || return 1
	done
}

# claim_ids TEXT: how ids begin that are asked for from here on
claim_ids () {
	google_admin drive "{\"ids\": \"$1\"}" >&4
}

# at NAME COMMAND...: resutil COMMAND --remote=STORE ..., as that machine
at () {
	machine=$1 verb=$2 && shift 2 &&
	resutil "$verb" --remote "$(cat "$machine.url")" "$@"
}

# begin NAME COMMAND...: the same in the background: NAME.out, NAME.err,
# NAME.status. Its process has NAME.id.
begin () {
	began=$1 begun=$(cat "$1.url")
	rm -f "$1.status" "$1.id" && shift
	(
		verb=$1 status=0 && shift
		resutil "$verb" --remote "$begun" "$@" \
			>"$began.out" 2>"$began.err" &
		echo $! >"$began.id.new" && mv "$began.id.new" "$began.id"
		wait $! 2>/dev/null || status=$?
		echo $status >"$began.status.new"
		mv "$began.status.new" "$began.status"
	) &
	eval "pid_$began=\$!"
}

# strike NAME: kills that process, whose note may come later than its request
strike () {
	test_wait_for 20 test -s "$1.id" && kill -9 "$(cat "$1.id")"
}

# end NAME...: all of them have ended
end () {
	for began
	do
		eval "wait \$pid_$began" || :
		test -f "$began.status" || return 1
	done
}

# statuses STATUS NAME...: all of them ended like that
statuses () {
	test_status=$1 && shift &&
	for began
	do
		if test "$(cat "$began.status")" != $test_status
		then
			echo "$began: $(cat "$began.status" "$began.err")" >&4
			return 1
		fi
	done
}

# settles NAME TEXT COUNT: until it has ended, or asked so often for what has
# this text (a key: for the files of that name), since it waits for somebody
settles () {
	tries=0
	until test -f "$1.status" ||
	      test "$(grep "bot@$1-" "$GOOGLE_LOG" | grep "%27$2%27\|$2" |
			wc -l)" -ge "$3"
	do
		tries=$((tries + 1))
		test $tries -lt 200 || return 1
		sleep 0.05
	done
}

# files_of NAME: a line for each file of that name that is not in the trash:
# "object" or its state, MD5, revisions, id
files_of () {
	google_admin drive_tree "{\"id\": \"$base\"}" |
	/usr/bin/python3 -c '
import json, sys
for f in json.load(sys.stdin)["files"]:
    if f["name"] == sys.argv[1] and not f["trashed"]:
        print((f["properties"] or {}).get("resutil-state", "object"),
              f["md5"], f["revisions"], f["id"])' "$1" | sort
}

# one_object NAME FILE: there is one file of that name, and it has these bytes
one_object () {
	files_of "$1" >files &&
	echo "object $(md5sum <"$2" | cut -d" " -f1)" >want &&
	cut -d" " -f1,2 files >got && test_cmp want got
}
