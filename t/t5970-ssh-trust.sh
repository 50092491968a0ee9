#!/bin/sh

test_description='an ssh_config or a host that came with a conf runs nothing'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

unset SSH_AUTH_SOCK DISPLAY

# A file that makes ssh leave a trace before it fails.
evil=$TRASH_DIRECTORY/ran
one=aapfup_20240704T191555_one
hostile_config () {
	printf "Host *\n\tProxyCommand touch '%s'; exit 1\n" "$evil"
}

# hostile DIR [LINE...]: a project that came from somewhere, whose store has
# these settings besides
hostile () {
	mkdir -p "$1/results" && hostile_config >"$1/lab.conf" &&
	{
		cat <<-\END &&
		project_name: theirs
		results_dir: results
		storage_type: ssh
		storage_config:
		  path: /srv/results
		END
		shift && printf "  %s\n" "$@"
	} >"$dir/resutil-conf.yaml"
}

# runs_nothing COMMAND...: and fails
runs_nothing () {
	rm -f "$evil" &&
	if resutil -C "$dir" "$@" >out 2>err </dev/null
	then
		echo >&4 "error: went well: resutil $*"
		return 1
	fi
	test_path_is_missing "$evil"
}

# in a trusted project it is run, and then nobody is there
runs_it () {
	rm -f "$evil" &&
	test_expect_code 12 resutil -C "$dir" fetch-exp --patience=0 "$@" $one \
		>out 2>err </dev/null &&
	test_path_is_file "$evil"
}

# trust_is WORD
trust_is () {
	resutil config --trusted --json "$dir" >out
	test_grep "\"trusted\":\"$1\"" out
}

test_expect_success 'no command uses the ssh_config of a conf from elsewhere' '
	dir=theirs && hostile theirs "host: lab" "ssh_config: lab.conf" &&
	(
		cd theirs &&
		make_exp $one "state: done" \
			"id: $(test_id 1)" "at: {created: \"2024-07-04T19:15:55+09:00\"}"
	) &&
	for command in list "list-remote" "push @" "pull -A" "show origin/@" \
		"fsck --remote" "gc --remote -n" "remote test" "list-objects" \
		"get-object x" "put-object x" "remove-object x" "test-store --yes" \
		"rm -r -y one" "stat-remote one" "send-pack one" \
		"check-store" "copy-pack --from=origin --to=dir:x --all"
	do
		runs_nothing $command || return 1
	done &&
	runs_nothing list-remote &&
	test_grep "ssh_config.*lab.conf.*not trusted.*config --trust" err &&
	test_line_count = 1 err
'

test_expect_success 'what does not need the store goes on without it' '
	dir=theirs && rm -f "$evil" &&
	resutil -C theirs list --offline >out && test_grep _one out &&
	resutil -C theirs show one >out && resutil -C theirs fsck >out &&
	resutil -C theirs -q run -m here -- true 2>err &&
	test_path_is_missing "$evil"
'

test_expect_success 'config tells what would be run' '
	dir=theirs && test_expect_code 1 resutil config --trusted theirs >out &&
	test_grep "^  storage_config.ssh_config: ssh -F $PWD/theirs/lab.conf$" out &&
	trust_is no
'

test_expect_success 'trusted, it is used; the file as it was then, and no other' '
	dir=theirs && resutil config --trust theirs >out &&
	test_grep "ssh -F $PWD/theirs/lab.conf" out && trust_is yes &&
	runs_it &&
	echo "# more" >>theirs/lab.conf && trust_is changed &&
	runs_nothing list-remote && runs_nothing list-objects &&
	hostile_config >theirs/lab.conf && trust_is yes &&
	rm theirs/lab.conf && trust_is changed &&
	resutil -q config --trust theirs && trust_is yes &&
	hostile_config >theirs/lab.conf && trust_is changed &&
	runs_nothing list-remote
'

test_expect_success 'a file that cannot be read whole is not trusted' '
	dir=theirs && rm theirs/lab.conf && mkfifo theirs/lab.conf &&
	trust_is changed && runs_nothing list-remote &&
	test_expect_code 13 resutil config --trust theirs 2>err &&
	test_grep "ssh_config" err && rm theirs/lab.conf &&
	{ hostile_config && printf "%40000s\n" "#"; } >theirs/lab.conf &&
	test_expect_code 13 resutil config --trust theirs 2>err &&
	test_grep "larger than 32 KiB" err && runs_nothing list-remote
'

test_expect_success 'the same for remotes by other names' '
	dir=more && hostile more "host: lab" &&
	cat >>more/resutil-conf.yaml <<-\EOF &&
	remotes:
	  safe: {type: dir, config: {path: ../safe, ssh_config: lab.conf}}
	  gate: {type: ssh, config: {host: x, path: /s, ssh_config: lab.conf}}
	EOF
	runs_nothing list-remote --remote=gate &&
	test_grep "remote .gate. has .ssh_config." err &&
	test_expect_code 1 resutil config --trusted more >out &&
	test_grep "remotes.gate.ssh_config: ssh -F $PWD/more/lab.conf" out &&
	test_grep ! safe out && mkdir -p safe &&
	resutil -C more list-remote --remote=safe &&
	resutil -q config --trust more && runs_it --remote=gate
'

# before anybody is asked
refused_there () {
	runs_nothing list-remote && test_grep "cannot be\|not a number\|not the name" err &&
	runs_nothing list-objects
}

test_expect_success 'hosts and users that are options of ssh run nothing' '
	opt="-oProxyCommand=touch $evil" && dir=opts &&
	for host in "$opt" "me@$opt" "$opt@lab" "-F$PWD/theirs/lab.conf" \
		"lab;touch $evil" "\$(touch $evil)" "lab -oProxyCommand=x"
	do
		hostile opts "host: \"$host\"" && refused_there || return 1
	done &&
	hostile opts "host: lab" "user: \"$opt\"" && refused_there &&
	hostile opts "host: lab" "port: \"$opt\"" && refused_there &&
	hostile opts "host: lab" "port: 0" && refused_there &&
	for url in "ssh://-oProxyCommand=touch/s" "ssh://%2DoProxyCommand=x@lab/s" \
		"ssh://lab/s?proxy=x"
	do
		test_expect_code 129 resutil list-objects --remote="$url" 2>err &&
		test_expect_code 129 resutil clone "$url/p" 2>err || return 1
	done
'

test_expect_success 'init --force in such a project runs nothing either' '
	dir=theirs && hostile theirs "host: lab" "ssh_config: lab.conf" &&
	rm -f "$evil" && cp theirs/resutil-conf.yaml before &&
	test_must_fail resutil init --force --storage-type=ssh \
		-o path=/other theirs 2>err &&
	test_grep "not trusted" err && test_path_is_missing "$evil" &&
	test_cmp before theirs/resutil-conf.yaml &&
	resutil -q init --offline --force --storage-type=ssh -o path=/other theirs &&
	runs_nothing list-remote
'

test_expect_success 'what is typed is the own' '
	dir=own && hostile_config >evil.conf && rm -f "$evil" &&
	make_conf any && dir=any &&
	runs_it --remote="ssh://lab/s?ssh_config=$PWD/evil.conf" && rm "$evil" &&
	dir=own &&
	test_expect_code 12 resutil init --storage-type=ssh -o host=lab \
		-o path=/s -o ssh_config=../evil.conf own 2>err &&
	test_path_is_file "$evil" && test_path_is_missing own &&
	resutil -q init --offline --storage-type=ssh -o host=lab -o path=/s \
		-o ssh_config=../evil.conf own && runs_it &&
	echo "# more" >>evil.conf && runs_it
'

test_expect_success 'remote add trusts what was typed, and nothing else' '
	dir=added && make_conf added && trust_is nothing &&
	resutil -q -C added remote add lab ssh://lab/s -o ssh_config=../evil.conf &&
	test_grep "ssh_config: ../evil.conf" added/resutil-conf.yaml &&
	trust_is yes && runs_it --remote=lab &&
	resutil -q -C added remote rm lab && trust_is nothing &&
	cat >>added/resutil-conf.yaml <<-\EOF &&
	meta:
	  spy: [touch, spied]
	EOF
	trust_is changed &&
	resutil -q -C added remote add lab ssh://lab/s -o ssh_config=../evil.conf &&
	trust_is changed && runs_nothing list-remote --remote=lab
'

test_done
