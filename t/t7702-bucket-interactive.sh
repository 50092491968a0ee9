#!/bin/sh

test_description='bucket on a terminal: both sides, the question, the answers'

. ./test-lib.sh

test -x "$BUILD_DIRECTORY/helper/pty-run" || test_skip_all "no terminals"

question="Choose an action [delete (local), remove (store), download, upload, exit]: "
esc=$(printf "\033")

# fresh: three objects, of which one is here too, and another file
fresh () {
	rm -rf here store && mkdir -p here/Data store/Data &&
	echo one >store/Data/a && echo two >store/Data/b &&
	echo three >store/other && cp store/Data/b here/Data/b &&
	echo local >here/Data/c
}

# on_terminal STEP... -- OPTION...: what the terminal shows is in `screen`.
on_terminal () {
	for arg
	do
		shift
		if test "$arg" = --
		then
			set -- "$@" -- resutil bucket --remote dir:store \
				--root here
		else
			set -- "$@" "$arg"
		fi
	done &&
	RESUTIL_PAGER=cat NO_COLOR=1 TERM=dumb \
		pty-run --raw --screen=screen.raw "$@"
	status=$?
	sed "s/\r *\r//g; s/\r//g; s/$esc\[[0-9;?]*[A-Za-z]//g" screen.raw >screen
	return $status
}

test_expect_success 'two lists with their bytes, and exit' '
	fresh &&
	on_terminal --expect="upload, exit]: " --send="exit\n" \
		-- --interactive "Data/*" &&
	cat >expect <<-\EOF &&
	Local files matching pattern:
	Data/b
	Data/c
	Total: 2 files, 10 bytes (10 B)

	Store files matching pattern:
	Data/a
	Data/b
	Total: 2 files, 8 bytes (8 B)

	EOF
	sed "/^Choose/,\$d" screen >actual && test_cmp expect actual &&
	test_grep -F "$question" screen &&
	find here store -type f | sort >actual &&
	printf "%s\n" here/Data/b here/Data/c store/Data/a store/Data/b \
		store/other >expect &&
	test_cmp expect actual
'

test_expect_success 'the answer is trimmed and may be in capitals' '
	fresh &&
	on_terminal --expect="exit]: " --send="  DownLoad \n" \
		-- -j 1 --interactive "Data/*" &&
	test_grep "^Downloaded Data/a$" screen &&
	test_grep "^1 downloaded, 1 the same, 4 B$" screen &&
	test_cmp store/Data/a here/Data/a
'

test_expect_success 'upload' '
	fresh &&
	on_terminal --expect="exit]: " --send="upload\n" \
		-- --interactive "Data/*" &&
	test_grep "^Uploaded Data/c$" screen &&
	test_cmp here/Data/c store/Data/c
'

test_expect_success 'remove is asked about; no is no' '
	fresh &&
	test_expect_code 1 on_terminal --expect="exit]: " --send="remove\n" \
		--expect="[y/N]" --send="\n" -- --interactive "Data/*" &&
	test_grep "Remove these 2 objects (8 B) from .dir:store.?" screen &&
	test_grep "Nothing was removed" screen &&
	test_path_is_file store/Data/a && test_path_is_file store/Data/b
'

test_expect_success 'remove goes for what was shown, and only there' '
	fresh &&
	on_terminal --expect="exit]: " --send="remove\n" \
		--expect="[y/N]" --send="y\n" -- --interactive "Data/*" &&
	test_grep "^2 removed, 8 B$" screen &&
	test_path_is_missing store/Data/a && test_path_is_file store/other &&
	test_path_is_file here/Data/b
'

test_expect_success 'delete' '
	fresh &&
	on_terminal --expect="exit]: " --send="delete\n" \
		--expect="[y/N]" --send="yes\n" -- --interactive "Data/*" &&
	test_grep "Delete these 2 files (10 B) here?" screen &&
	test_path_is_missing here/Data/b && test_path_is_file store/Data/b
'

test_expect_success 'what appears after the lists is not removed' '
	fresh && rm -f screen.raw &&
	{
		on_terminal --expect="exit]: " --send="remove\n" --expect="[y/N]" \
			--file=go --send="y\n" -- --interactive "Data/*" &
	} && pid=$! &&
	test_wait_for 20 grep -q "y/N" screen.raw &&
	echo new >store/Data/new && : >go && wait $pid &&
	test_path_is_missing store/Data/a && test_path_is_file store/Data/new
'

test_expect_success '-y takes the action as the answer' '
	fresh &&
	on_terminal --expect="exit]: " --send="remove\n" \
		-- -y --interactive "Data/a" &&
	test_grep "^1 removed, 4 B$" screen && test_path_is_missing store/Data/a
'

test_expect_success 'another word is an invalid action' '
	fresh &&
	test_expect_code 129 on_terminal --expect="exit]: " \
		--send="format c:\n" -- --interactive "*" &&
	test_grep "^Invalid action$" screen &&
	find here store -type f >actual && test_line_count = 5 actual
'

test_expect_success 'the end of the input, and Ctrl-C, do nothing' '
	fresh &&
	on_terminal --expect="exit]: " --send="\x04" -- --interactive "*" &&
	TERM=dumb pty-run --screen=screen --expect="exit]: " --send="\x03" \
		resutil bucket --remote dir:store --interactive "*" &&
	test_expect_code 130 env TERM=dumb pty-run --screen=screen \
		--expect="exit]: " --send="remove\r" --expect="[y/N]" \
		--send="\x03" resutil bucket --remote dir:store \
		--interactive "Data/*" &&
	find here store -type f ! -name ".resutil*" >actual &&
	test_line_count = 5 actual
'

test_expect_success 'one side may have nothing, and then there is nothing to do' '
	fresh && rm -r here/Data &&
	on_terminal --expect="exit]: " --send="exit\n" \
		-- --interactive "Data/*" &&
	test_grep "^Total: 0 files, 0 bytes (0 B)$" screen &&
	test_expect_code 10 on_terminal --expect="exit]: " --send="upload\n" \
		-- --interactive "Data/*" &&
	test_grep "nothing matches .Data/\*. here" screen &&
	test_expect_code 10 on_terminal -- --interactive "no*thing" &&
	test_grep "nothing matches .no\*thing. here or in .dir:store." screen
'

test_expect_success '--remove by itself shows what goes, and asks' '
	fresh && n=0 &&
	while test $n -lt 25
	do
		echo 1 >store/Data/n$n && n=$((n + 1)) || return 1
	done &&
	test_expect_code 1 on_terminal --expect="[y/N]" --send="n\n" \
		-- --remove "Data/n*" &&
	test_grep "^  Data/n0$" screen && test_grep "and 5 more$" screen &&
	test_grep "Remove these 25 objects (50 B)" screen &&
	test_path_is_file store/Data/n0 &&
	on_terminal --expect="[y/N]" --send="y\n" -- --remove "Data/n1" &&
	test_grep "Remove this object (2 B) from" screen &&
	test_path_is_missing store/Data/n1 &&
	on_terminal --expect="[y/N]" --send="y\n" -- --delete "Data/c" &&
	test_grep "Delete this file (6 B) here?" screen &&
	test_path_is_missing here/Data/c
'

test_expect_success PYTHON 'no name of a file or an object moves the terminal' '
	fresh &&
	evil=$(printf "evil\033]0;t\007\033[2J\302\233A\b\177\330\234\342\200\256\377") &&
	echo 1 >"store/Data/$evil" && echo 22 >"here/Data/$evil" &&
	calm () {
		python3 -S -E "$TEST_DIRECTORY/helper/terminal-bytes.py" \
			screen.raw
	} &&
	for way in --find --list --download --upload
	do
		on_terminal -- -n "$way" "Data/*" && calm || return 1
	done &&
	test_expect_code 10 on_terminal -- --find "$evil*x" && calm &&
	on_terminal -- --find --json "Data/*" && calm &&
	on_terminal -- --find --format table "Data/*" && calm &&
	on_terminal --expect="exit]: " --send="remove\n" --expect="y/N" \
		--send="n\n" -- --interactive "Data/e*"
	test $? = 1 && calm &&
	on_terminal --expect="y/N" --send="y\n" -- --delete "Data/e*" && calm
'

test_done
