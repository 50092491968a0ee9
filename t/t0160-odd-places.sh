#!/bin/sh

test_description='an everyday afternoon in odd places

What people do each day (init, run, list, show, report, push, rm, pull, fsck)
where something is missing, may not be written, lies elsewhere or is narrow:
each command does what it does at home, and nothing is lost.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-mount.sh
unset RESUTIL_NO_REMOTE

# day DIR: an afternoon there, each command started by $via; what they print
# is in said.
via= init_words=
day () {
	test_when_finished "via= init_words=" &&
	test_path=$TRASH_DIRECTORY/$1 &&
	mkdir -p "$test_path" &&
	(
		cd "$test_path" &&
		$via resutil --no-interactive init --project-name p $init_words \
			--storage-type dir -o path="$test_path.store" &&
		$via resutil run -m one --no-push -- \
			sh -c "echo said; echo 1 >\"\$RESUTIL_EX_DIR\"/x" &&
		$via resutil tag best one && $via resutil status &&
		$via resutil log && $via resutil diff one best &&
		$via resutil config list && $via resutil gc &&
		name=$($via resutil rev-exp one) &&
		hash=$($via resutil hash-experiment one) &&
		$via resutil list && $via resutil show one &&
		$via resutil report && $via resutil push -A &&
		$via resutil rm -l -y one &&
		$via resutil pull -A &&
		test "$($via resutil hash-experiment one)" = "$hash" &&
		test "$($via resutil show best:stdout.log)" = said &&
		$via resutil fsck --remote --read-data &&
		$via resutil run -m two --push -d one -- sh -c : &&
		$via resutil rm -l -r -y two &&
		test "$($via resutil list-exps)" = "$name" &&
		test "$($via resutil list-remote)" = "$name" &&
		$via resutil fsck --remote --read-data
	) >said 2>err || {
		cat said err >&4
		return 1
	}
	test_grep "^1 sent" said && test_grep "^1 fetched" said &&
	test "$(grep -c "^nothing is wrong" said)" = 2
}

# quiet_day DIR: and no word of complaint
quiet_day () {
	day "$1" && test_grep ! "^resutil:" err
}

# What stands before a command, in words without spaces.
mkdir tools && PATH=$PWD/tools:$PATH
write_script tools/bare-env <<\END
exec env -i PATH="$PATH" "$@"
END
write_script tools/home-in <<\END
home=$TRASH_DIRECTORY/$1 && shift
exec env -u XDG_CACHE_HOME HOME="$home" "$@"
END
write_script tools/gitless-path <<\END
exec env PATH="$BUILD_DIRECTORY:$TRASH_DIRECTORY/bin" "$@"
END
write_script tools/no-proc <<\END
exec unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh "$@"
END

test_expect_success 'no HOME, one that is not there, no environment' '
	via="env -u HOME" && quiet_day homeless &&
	via="env HOME=/dev/null/none" && quiet_day no-such &&
	via="env HOME=$PWD/none" && quiet_day not-yet &&
	via=bare-env && quiet_day empty &&
	test_expect_code 128 env -u HOME resutil config set --user \
		color.ui never 2>err && test_line_count = 1 err &&
	test_grep "neither XDG_CONFIG_HOME nor HOME" err
'

test_expect_success AS_USER 'home and cache may not be written' '
	mkdir -p closed shut/.cache shut/.config && chmod 555 closed shut shut/.c* &&
	via="powerless home-in closed" && quiet_day in-closed &&
	test_dir_is_empty closed &&
	via="powerless home-in shut" && quiet_day in-shut &&
	test_dir_is_empty shut/.cache &&
	test_expect_code 128 powerless home-in closed resutil config set \
		--user color.ui never 2>err && test_line_count = 1 err &&
	test_grep "closed/.config/resutil.*Permission denied" err
'

test_expect_success MOUNT,!SANITIZED 'no /proc' '
	no-proc sh -c "! test -e /proc/self" && via=no-proc && day procless
'

test_expect_success 'a linked work tree, a submodule, bare, in .git' '
	make_repo source && head=$(git -C source rev-parse HEAD) &&
	git -C source worktree add -q ../linked &&
	git clone -q --bare source bare.git &&
	make_repo super && git -C super -c protocol.file.allow=always \
		submodule --quiet add ../source sub &&
	quiet_day linked && quiet_day super/sub && day bare.git &&
	test_grep "no work tree" err && day source/.git &&
	for place in linked super/sub bare.git source/.git
	do
		resutil -C $place show --format="%(git.commit_hash)" one >actual &&
		echo $head >expect && test_cmp expect actual || return 1
	done
'

test_expect_success 'no git at all: neither a repository nor the program' '
	mkdir bin && for tool in sh env
	do
		ln -s "$(command -v $tool)" bin/$tool || return 1
	done &&
	make_repo gitless && via=gitless-path && day gitless &&
	test_grep "git is not installed" err
'

test_expect_success 'results_dir is a link, or an absolute path' '
	mkdir far tied && ln -s ../far tied/results && quiet_day tied &&
	test_path_is_link tied/results && ls far >actual &&
	test_line_count = 1 actual &&
	init_words="--results-dir=$PWD/other" && quiet_day abroad &&
	ls other >actual && test_line_count = 1 actual
'

test_expect_success MOUNT 'results_dir on another file system' '
	disk 4m disk && init_words="--results-dir=$PWD/disk/runs" &&
	quiet_day across && ls disk/runs >actual &&
	test_line_count = 1 actual
'

test_expect_success 'umask 077 and 000' '
	(umask 077 && quiet_day private) && (umask 000 && quiet_day public) &&
	find private private.store ! -type l -perm /077 >found &&
	test_must_be_empty found &&
	find public/results public.store ! -type l ! -perm -666 >found &&
	test_must_be_empty found
'

test_expect_success 'a directory of a group (setgid)' '
	mkdir group && chmod 2770 group && (umask 002 && quiet_day group/p) &&
	find group -type d ! -perm -2070 >found && test_must_be_empty found &&
	find group/p/results group/p.store -type f ! -perm -660 >found &&
	test_must_be_empty found
'

# member N COMMAND...: as one of two who have nothing in common but a group, as
# root; else as this user. A directory is theirs by `chgrp 65534`.
member () {
	home=$PWD/home$1 id=$((65534 - $1)) && shift &&
	if test "$(id -u)" = 0
	then
		setpriv --reuid=$id --regid=$id --groups=65534 \
			--inh-caps=-all --bounding-set=-all \
			env PATH="$test_user_path" HOME="$home" "$@"
	else
		env HOME="$home" "$@"
	fi
}

# make_team DIR: for both
make_team () {
	mkdir -p home1 home2 && chmod 777 home1 home2 && as_user true &&
	mkdir "$1" && { as_user test -w "$1" || chgrp 65534 "$1"; } &&
	chmod 2770 "$1"
}

test_expect_success AS_USER 'two people of a group in one project, umask 002' '
	make_team team && (
		umask 002 && p=team/p && mkdir $p && chmod g+w $p &&
		member 1 resutil --no-interactive -C $p init --project-name p \
			--storage-type dir -o path="$PWD/team/store" &&
		member 1 resutil -C $p run -m one -- echo said &&
		member 2 resutil -C $p run -m two -- echo said &&
		member 1 resutil -C $p tag best two &&
		member 2 resutil -C $p tag best one &&
		member 1 resutil -C $p comment two other &&
		member 2 resutil -C $p comment one first &&
		member 1 resutil -C $p push -A &&
		member 2 resutil -C $p rm -l -y first &&
		member 1 resutil -C $p rm -l -y other &&
		member 2 resutil -C $p pull -A &&
		member 1 resutil -C $p remote add more dir:more &&
		member 2 resutil -C $p push --remote=more -A &&
		member 1 resutil -C $p fsck --remote --read-data &&
		member 2 resutil -C $p gc && member 1 resutil -C $p report
	) >said && test_grep _first said && test_grep _other said &&
	find team -type d ! -perm -2070 >found && test_must_be_empty found &&
	find team ! -name made-here -type f ! -perm -060 >found &&
	test_must_be_empty found &&
	find team ! -group "$(stat -c %G team)" >found && test_must_be_empty found
'

test_expect_success AS_USER 'two people of a group with one store, umask 077' '
	make_team shared && (
		umask 077 && for n in 1 2
		do
			member $n mkdir "home$n/p" &&
			member $n resutil --no-interactive -C home$n/p init \
				--project-name p --storage-type dir \
				-o path="$PWD/shared" &&
			member $n resutil -C home$n/p run -m by-$n -- true ||
			exit 1
		done &&
		member 1 resutil -C home1/p pull -A &&
		member 1 resutil -C home1/p tag good by-2 &&
		member 1 resutil -C home1/p push by-2 &&
		member 2 resutil -C home2/p pull -A &&
		member 2 resutil -C home2/p show good &&
		member 2 resutil -C home2/p comment by-1 theirs &&
		member 1 resutil -C home1/p fsck --remote --read-data
	) && find shared -type f ! -perm 660 >found && test_must_be_empty found &&
	find shared ! -group "$(stat -c %G shared)" >found &&
	test_must_be_empty found
'

# As many as a node of a cluster may start in the same moment.
test_expect_success AS_USER 'a hundred runs of two people at once' '
	many=100 && { ! test_have_prereq SANITIZED || many=20; } &&
	make_team crowd && (
		umask 002 && ulimit -n 32 && p=crowd/p && mkdir $p &&
		chmod g+w $p && member 1 resutil --no-interactive -C $p init \
			--project-name p --storage-type dir \
			-o path="$PWD/crowd/store" && pids= &&
		for n in $(seq $many)
		do
			member $((n % 2 + 1)) resutil -C $p run -- true \
				2>>crowd.err & pids="$pids $!"
		done &&
		for pid in $pids
		do
			wait $pid || exit 1
		done &&
		member 1 resutil -C $p list-exps >here &&
		member 2 resutil -C $p list-remote >there &&
		member 2 resutil -C $p fsck --remote --read-data
	) && test_must_be_empty crowd.err && test_line_count = $many here &&
	test_cmp here there
'

test_expect_success AS_USER 'few descriptors for many jobs' '
	resutil clone "dir:$PWD/crowd/store/p" few-jobs && (
		ulimit -n 32 && cd few-jobs && resutil pull -A -j 32 &&
		resutil remote add more "dir:$PWD.more" &&
		resutil push --remote=more -A -j 32 && resutil report &&
		resutil fsck --remote=more --read-data
	) >said && test_grep "^$many fetched" said &&
	test_grep "^$many sent" said && test_grep "^nothing is wrong" said
'

test_expect_success AS_USER,!NOT_ROOT 'root in the project of another' '
	make_repo theirs && chown -R 65534:65534 theirs && day theirs &&
	test_path_is_file theirs/resutil-conf.yaml
'

test_expect_success 'LANG is not set, or says what is not there' '
	day=$(printf "\346\227\245") && (
		unset LANG LC_ALL && quiet_day "$day" && cd "$day" &&
		LC_ALL=nonsense resutil run -m "$day" --no-push -- sh -c "
			echo \$RESUTIL_EX_NAME >\$RESUTIL_EX_DIR/$day" &&
		name=$(resutil rev-exp "$day") &&
		resutil push "$day" && resutil rm -l -y "$day" &&
		LC_ALL=nonsense resutil pull "$day" &&
		echo "$name" | test_cmp - "results/$name/$day" &&
		resutil list >out && test_grep "_$day " out &&
		LC_ALL=nonsense resutil show "$day" >out &&
		test_grep " $day\$" out
	)
'

test_expect_success 'few descriptors (ulimit -n 32)' '
	(ulimit -n 32 && quiet_day few)
'

test_expect_success 'the zone changes in the middle of a run' '
	(
		TZ=JST-9 && export TZ && make_project zone &&
		cd zone && resutil run -m east --no-push -- sh -c "
			TZ=EST5 resutil update-exp \
				--set info.x=1 \"\$RESUTIL_EX_NAME\"
			TZ=EST5 resutil run -m inner --no-push -- true" &&
		TZ=EST5 && resutil list --format="%(name)" >../names &&
		resutil list --format="%(state)" >../states &&
		resutil push -A && resutil fsck --remote --read-data
	) && printf "done\ndone\n" >expect && test_cmp expect states &&
	sed "s/.*_//" names >actual && printf "east\ninner\n" >expect &&
	test_cmp expect actual
'

# on_terminal OPTION... COMMAND...: what it shows is in screen
on_terminal () {
	RESUTIL_PAGER=cat pty-run --raw --err=err --screen=screen "$@"
}

test_expect_success PTY '20 columns, a dumb terminal, NO_COLOR' '
	name=$(resutil -C linked rev-exp one) &&
	for words in list "show one" report log "diff one one" "graph --all"
	do
		TERM=xterm on_terminal --size=24x20 resutil -C linked $words &&
		tr -d "\r\n" <screen >whole && test_grep "${name%%_*}" whole &&
		TERM=dumb on_terminal resutil -C linked $words &&
		test_grep "$name" screen &&
		test_grep ! "$(printf "\033")" screen &&
		NO_COLOR=1 TERM=xterm on_terminal resutil -C linked $words &&
		test_grep "$name" screen &&
		test_grep ! "$(printf "\033\\[[0-9;]*m")" screen || return 1
	done &&
	TERM=dumb pty-run --raw --screen=screen --expect=Comment --send="typed\r" \
		resutil -C linked run --no-push -- true &&
	test_grep "Done in.*_typed" screen &&
	test_grep ! "$(printf "\033")" screen && resutil -C linked rm -l -y typed
'

# Where something is drawn over, blanks take the place of what was there.
test_expect_success PTY 'what is sent and fetched, on a dumb terminal' '
	name=$(resutil -C linked rev-exp one) && resutil -C linked rm -r -y one &&
	TERM=dumb pty-run --raw --screen=screen --size=24x20 \
		resutil -C linked push one &&
	sed "s/([^)]*)/(SIZE)/" screen >actual &&
	printf "\r%19s\r%s\n" "" "Sent $name" \
		"" "1 sent (SIZE), 0 already there" >expect &&
	test_cmp expect actual && resutil -C linked rm -l -y one &&
	pty-run --raw --screen=screen --size=24x40 \
		env -u TERM resutil -C linked pull one &&
	sed "s/([^)]*)/(SIZE)/" screen >actual &&
	printf "\r%39s\r%s\n" "" "Fetched $name" \
		"" "1 fetched (SIZE), 0 already here" >expect &&
	test_cmp expect actual
'

# unsaid WORDS: fails for its output alone, and says why in one line
unsaid () {
	test_expect_code 128 resutil -C linked "$@" >/dev/full 2>err &&
	test_line_count = 1 err && test_grep "No space left" err &&
	test_expect_code 128 resutil -C linked "$@" >&- 2>err &&
	test_line_count = 1 err && test_grep "standard output" err
}

# unread WORDS: nobody reads it (descriptor 9), and so there is nothing to say.
unread () {
	test_expect_code 141 resutil -C linked "$@" >&9 2>err &&
	test_must_be_empty err
}
mkfifo fifo && exec 8<>fifo 9>fifo 8<&-

test_expect_success DEV_FULL 'stdout is closed or full, or nobody reads it' '
	long=list\ --format=$(printf "%%(name)%.0s" $(seq 9000)) &&
	for words in list "show one" report "report --format=json" log "$long" \
		status fsck "fsck --remote" gc remote "tag x one" version \
		"help -a" "diff one one" "rev-exp one" "hash-experiment one" \
		list-exps list-remote "read-exp one" "pack-exp -o - one"
	do
		unsaid $words && unread $words || return 1
	done
'

test_expect_success 'what it was to tell is done nevertheless, or can be' '
	quiet_day told && cd told &&
	for words in "rm -r -y" push "rm -l -y" pull
	do
		test_expect_code 141 resutil $words one >&9 2>err &&
		test_must_be_empty err && resutil fsck --remote >out &&
		test_grep "^nothing is wrong" out || return 1
		case $words in
		pu*)	resutil $words one ;;
		esac || return 1
	done &&
	resutil show one:stdout.log >out && echo said >expect &&
	test_cmp expect out && resutil list-remote >out &&
	resutil list-exps | test_cmp - out
'

test_expect_success AS_USER 'what of many is not told is silent, and sent again' '
	cd few-jobs && resutil remote add last "dir:$PWD.last" &&
	test_expect_code 141 resutil push --remote=last -A >&9 2>err &&
	test_must_be_empty err && resutil push --remote=last -A &&
	resutil list-remote --remote=last >out && test_line_count = $many out &&
	resutil fsck --remote=last --read-data
'

test_expect_success 'nobody reads the rest of a list (SIGPIPE)' '
	long=$(printf "%%(name)%.0s" $(seq 9000)) &&
	{
		resutil -C linked list --format="$long" 2>err
		echo $? >status
	} | head -c 10 >out &&
	echo 141 >expect && test_cmp expect status && test_must_be_empty err
'

test_expect_success 'descriptors 0 to 2 are closed' '
	make_project shutters &&
	(
		cd shutters &&
		resutil run -m one -- true <&- >&- 2>&- &&
		resutil push -A <&- 2>&- >/dev/null &&
		resutil rm -l -y one <&- 2>&- >/dev/null &&
		resutil pull -A <&- 2>&- >/dev/null && resutil list <&- 2>&- >out &&
		test_line_count = 2 out && resutil fsck --remote --read-data <&-
	)
'

test_done
