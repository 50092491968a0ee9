#!/bin/sh

test_description='stores on Google Drive: folders that come, go and are many'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

store=
# new_base: another folder of a shared drive
new_base () {
	base=$(drive_folder results "$lab") &&
	store="gdrive://$base?api_root=$DRIVE_ROOT&key_file_path=key.json"
}

# in_background COMMAND...: sets pid
in_background () {
	"$@" &
	pid=$!
}

put () {
	resutil put-object --remote "$store" "$@"
}

# tree_is LINE...: this is below the base, but for what is in the trash
tree_is () {
	drive_tree "$base" | sed -e "/ trashed$/d" -e "s|^results/||" >out &&
	printf "%s\n" "$@" >expect &&
	test_cmp expect out
}

# control NAME JSON: a step of store-steps that has the fake do something
control () {
	printf "%s" "$2" >"step-$1-$((control_nr += 1))" &&
	echo "sh:curl -q -sS --noproxy '*' -o /dev/null --fail-with-body" \
		"--data-binary @step-$1-$control_nr $GOOGLE/_test/$1"
}

test_expect_success 'setup: a shared drive' '
	start_drive &&
	google_key key.json &&
	lab=$(drive_shared lab) &&
	echo one >one &&
	new_base
'

test_expect_success 'the folders of a key are made' '
	put a/b/c.zip one &&
	tree_is "a folder 0 0" "a/b folder 0 0" "a/b/c.zip file 4 1" &&
	google_admin drive_tree "{\"id\": \"$base\"}" >tree &&
	! grep resutil-state tree
'

test_expect_success 'what is there is not made again' '
	: >"$DRIVE_LOG" &&
	put a/b/d.zip one &&
	put a/e.zip one &&
	tree_is "a folder 0 0" "a/b folder 0 0" "a/b/c.zip file 4 1" \
		"a/b/d.zip file 4 1" "a/e.zip file 4 1"
'

test_expect_success 'what is new goes into the oldest of several folders' '
	new_base &&
	new=$(drive_made drive_folder "{\"name\": \"p\", \"parent\":
		\"$base\", \"createdTime\": \"2024-07-02T00:00:00.000Z\"}") &&
	old=$(drive_made drive_folder "{\"name\": \"p\", \"parent\":
		\"$base\", \"createdTime\": \"2024-07-01T00:00:00.000Z\"}") &&
	put p/a.zip one &&
	drive_tree "$old" >out &&
	test_line_count = 1 out &&
	drive_tree "$new" >out &&
	test_must_be_empty out
'

test_expect_success 'many at once make one folder' '
	new_base &&
	pids= &&
	for n in 1 2 3 4 5 6
	do
		in_background put p/$n.zip one &&
		pids="$pids $pid" || return 1
	done &&
	for pid in $pids
	do
		wait $pid || return 1
	done &&
	tree_is "p folder 0 0" "p/1.zip file 4 1" "p/2.zip file 4 1" \
		"p/3.zip file 4 1" "p/4.zip file 4 1" "p/5.zip file 4 1" \
		"p/6.zip file 4 1"
'

# two_make WHAT WHEN: one client is held at this request while another one puts
two_make () {
	new_base &&
	google_pause it "\"method\": \"$1\", \"path\": \"/drive/v3/files\",
		\"body\": \"$2\", \"when\": \"$3\"" &&
	in_background put p/a.zip one &&
	first=$pid &&
	google_wait it &&
	in_background put p/b.zip one &&
	sleep 0.3 &&
	google_release it &&
	wait $first && wait $pid &&
	tree_is "p folder 0 0" "p/a.zip file 4 1" "p/b.zip file 4 1"
}

for where in "POST vnd.google-apps.folder before" \
	"POST vnd.google-apps.folder after" "PATCH resutil-state before" \
	"PATCH resutil-state after"
do
	set -- $where
	method=$1 body=$2 when=$3
	test_expect_success "two who make it, one held $when its $method" '
		two_make "$method" "$body" "$when"
	'
done

test_expect_success 'who died while he made one is not waited for long' '
	new_base &&
	drive_made drive_folder "{\"name\": \"p\", \"parent\": \"$base\",
		\"createdTime\": \"2024-07-01T00:00:00.000Z\",
		\"properties\": {\"resutil-state\": \"pending\"}}" &&
	put p/a.zip one &&
	resutil list-objects --remote "$store" >out &&
	test_line_count = 1 out
'

for ids in 0 zz
do
	test_expect_success "who died just now is waited for a while ($ids)" '
		new_base &&
		google_admin drive "{\"ids\": \"$ids\"}" &&
		drive_made drive_folder "{\"name\": \"p\", \"parent\":
			\"$base\", \"properties\":
			{\"resutil-state\": \"pending\"}}" &&
		RESUTIL_TEST_GDRIVE_CLAIM=600 put p/a.zip one &&
		resutil list-objects --remote "$store" >out &&
		test_line_count = 1 out &&
		google_admin drive "{\"ids\": \"1\"}"
	'
done

test_expect_success 'an answer that is lost makes no second folder' '
	new_base &&
	start_proxy "$DRIVE_ROOT" &&
	google_trust "${PROXY#*://}" &&
	proxy_rules "{\"method\": \"POST\", \"path\": \"/drive/v3/files\\\\?\",
		\"nth\": 1, \"lose\": true}" &&
	direct=$store &&
	store="gdrive://$base?api_root=$PROXY&key_file_path=key.json" &&
	put p/a.zip one &&
	tree_is "p folder 0 0" "p/a.zip file 4 1" &&
	proxy_rules "{\"method\": \"PATCH\", \"path\": \"/drive/v3/files\",
		\"nth\": 1, \"lose\": true}" &&
	put q/a.zip one &&
	tree_is "p folder 0 0" "p/a.zip file 4 1" "q folder 0 0" \
		"q/a.zip file 4 1" &&
	store=$direct
'

test_expect_success 'where searches lag behind nothing is lost' '
	new_base &&
	google_admin drive "{\"lag\": 8}" &&
	in_background put p/a.zip one && first=$pid &&
	in_background put p/b.zip one && second=$pid &&
	in_background put p/c.zip one &&
	wait $first && wait $second && wait $pid &&
	google_admin drive "{\"lag\": 0}" &&
	resutil list-objects --remote "$store" >out &&
	cut -f3 out | sort >names &&
	printf "p/%s.zip\n" a b c >expect &&
	test_cmp expect names &&
	put p/d.zip one &&
	resutil list-objects --remote "$store" p/ >out &&
	test_line_count = 4 out
'

test_expect_success 'a folder that is trashed meanwhile is not there' '
	new_base &&
	p=$(drive_folder p "$base") &&
	drive_file "$p" a.zip one &&
	store-steps "$store" list:p/ stat:p/a.zip \
		"$(control drive_trash "{\"id\": \"$p\"}")" stat:p/a.zip \
		list:p/ get:p/a.zip >out &&
	grep -c "failed 10: no .p/a.zip." out >n &&
	echo 2 >expect && test_cmp expect n &&
	sed -n "/trash/,\$p" out >later &&
	! grep "^  p/a.zip" later
'

test_expect_success 'what is put then goes into another one' '
	new_base &&
	p=$(drive_folder p "$base") &&
	store-steps "$store" list:p/ stat:p/a.zip \
		"$(control drive_trash "{\"id\": \"$p\"}")" \
		put:p/a.zip=text stat:p/a.zip get:p/a.zip >out &&
	grep "^  text" out &&
	tree_is "p folder 0 0" "p/a.zip file 4 1"
'

test_expect_success 'so it is when the folder was deleted' '
	new_base &&
	p=$(drive_folder p "$base") &&
	store-steps "$store" list:p/ stat:p/a.zip \
		"$(control drive_delete "{\"id\": \"$p\"}")" \
		stat:p/a.zip put:p/a.zip=text get:p/a.zip >out &&
	grep "^  text" out &&
	tree_is "p folder 0 0" "p/a.zip file 4 1"
'

test_expect_success 'so it is with a folder above it' '
	new_base &&
	p=$(drive_folder p "$base") &&
	store-steps "$store" list:p/ stat:p/a.zip \
		"$(control drive_delete "{\"id\": \"$p\"}")" \
		put:p/q/a.zip=text get:p/q/a.zip >out &&
	grep "^  text" out &&
	tree_is "p folder 0 0" "p/q folder 0 0" "p/q/a.zip file 4 1" &&
	p=$(google_admin drive_tree "{\"id\": \"$base\"}" |
		/usr/bin/python3 -c "import json, sys
print(next(f[\"id\"] for f in json.load(sys.stdin)[\"files\"]
           if f[\"name\"] == \"p\"))") &&
	store-steps "$store" list:p/ \
		"$(control drive_trash "{\"id\": \"$p\"}")" \
		put:p/r/b.zip=more get:p/r/b.zip list:p/ >out &&
	grep "^  more" out &&
	sed -n "/^put:/,\$p" out >later &&
	! grep "failed\|a.zip " later
'

test_expect_success 'a folder that somebody else made meanwhile is found' '
	new_base &&
	store-steps "$store" stat:p/a.zip "$(control drive_folder \
		"{\"name\": \"p\", \"parent\": \"$base\"}")" \
		"sh:resutil put-object --remote \"$store\" p/a.zip one" \
		stat:p/a.zip get:p/a.zip list:p/ >out &&
	grep "^  one" out &&
	grep -c "failed" out >n &&
	echo 1 >expect && test_cmp expect n
'

test_expect_success 'the folder of the store may go while it is used' '
	new_base &&
	p=$(drive_folder p "$base") &&
	drive_file "$p" a.zip one &&
	store-steps "$store" stat:p/a.zip \
		"$(control drive_delete "{\"id\": \"$base\"}")" \
		stat:p/a.zip list: put:p/b.zip=x >out &&
	grep -c "failed 12: the folder of .* is not there any more" out >n &&
	echo 3 >expect && test_cmp expect n
'

test_expect_success 'no folder can be made by who may not' '
	new_base &&
	drive_share "$lab" "$GOOGLE_ACCOUNT" reader &&
	test_when_finished "drive_share $lab $GOOGLE_ACCOUNT fileOrganizer" &&
	test_expect_code 11 resutil put-object --remote "$store" p/a.zip one \
		2>err &&
	grep "cannot make the folder .p. in" err &&
	grep "Content manager" err
'

test_done
