#!/bin/sh

test_description='settings: where they come from, and which of them counts'
. ./test-lib.sh

# The files that a dirty work tree makes a run capture tell which code.max-file
# was in force.
captured () {
	resutil "$@" run -m c -- true >out 2>err &&
	resutil read-exp --key git.uncommited_files @ >captured
}

test_expect_success 'setup' '
	make_repo proj && make_project proj && test_commit proj project &&
	printf "%0100d" 0 >proj/train.py &&
	mkdir -p "$HOME/.config/resutil" &&
	user="$HOME/.config/resutil/config.yaml" &&
	cp proj/resutil-conf.yaml conf.orig
'

test_expect_success 'without a setting the default counts' '
	cd proj && captured && test_grep train.py captured
'

test_expect_success 'the user, then the project, then -c' '
	cd proj &&
	test_when_finished "cp ../conf.orig resutil-conf.yaml; rm -f \"$user\"" &&
	printf "code:\n  max-file: 10\n" >"$user" &&
	captured && test_grep ! train.py captured &&
	printf "code: {max-file: 1K}\n" >>resutil-conf.yaml &&
	captured && test_grep train.py captured &&
	captured -c code.max-file=10 && test_grep ! train.py captured &&
	captured -c code.max-file=10 -c code.max-file=1M &&
	test_grep train.py captured
'

test_expect_success 'the user file is found by XDG_CONFIG_HOME' '
	cd proj && mkdir -p ../xdg/resutil &&
	printf "code: {max-file: 10}\n" >../xdg/resutil/config.yaml &&
	XDG_CONFIG_HOME="$TRASH_DIRECTORY/xdg" captured &&
	test_grep ! train.py captured &&
	XDG_CONFIG_HOME=xdg captured && test_grep train.py captured
'

test_expect_success 'what -c gave reaches commands that a command starts' '
	cd proj &&
	cat >"$TRASH_DIRECTORY/show-env" <<-\EOF &&
	echo "$RESUTIL_CONFIG_COUNT $RESUTIL_CONFIG_KEY_0=$RESUTIL_CONFIG_VALUE_0"
	echo "$RESUTIL_CONFIG_KEY_1=$RESUTIL_CONFIG_VALUE_1"
	EOF
	resutil -c a.b="c d" -c run.prompt run -m env -- \
		sh "$TRASH_DIRECTORY/show-env" >out &&
	printf "%s\n" "2 a.b=c d" "run.prompt=true" >want &&
	test_cmp want out
'

test_expect_success 'a setting that cannot be one is refused' '
	cd proj &&
	for setting in prompt prompt=x =x .a=x a.=x a..b=x "a b.c=x"
	do
		test_expect_code 129 resutil -c "$setting" list-exps 2>err &&
		test_grep "is no setting" err || return 1
	done
'

test_expect_success 'a value that is not of its kind names setting and value' '
	cd proj &&
	test_expect_code 125 resutil -c code.max-file=huge run true 2>err &&
	test_grep "code.max-file.*size.*huge" err &&
	test_expect_code 125 resutil -c code.treeish=maybe run true 2>err &&
	test_grep "code.treeish.*yes or no.*maybe" err
'

test_expect_success 'yes and no have many forms' '
	cd proj && mkdir -p results &&
	resutil add dep >dep && echo x >"results/$(cat dep)/data" &&
	for word in yes TRUE On 1
	do
		resutil -c run.hash-inputs=$word run -m h -- \
			cat "results/$(cat dep)/data" >out &&
		resutil read-exp @ >out && test_grep sha256 out || return 1
	done &&
	for word in no False OFF 0 ""
	do
		resutil -c run.hash-inputs=$word run -m h -- \
			cat "results/$(cat dep)/data" >out &&
		resutil read-exp @ >out && test_grep ! sha256 out || return 1
	done
'

test_expect_success 'a malformed user file: file, line and column' '
	test_when_finished "rm -f \"$user\"" && cd proj &&
	printf "a: [\n" >"$user" &&
	test_expect_code 13 resutil list-exps 2>err &&
	test_grep "config.yaml. line 2, column 1" err &&
	echo "- a" >"$user" &&
	test_expect_code 13 resutil list-exps 2>err &&
	test_grep "config.yaml. must be a map" err
'

test_expect_success 'an alias is taken from the user' '
	test_when_finished "rm -f \"$user\"" && cd proj &&
	printf "alias:\n  head: name-exp --at 20240704T191555\n" >"$user" &&
	echo aapfup_20240704T191555_x >want &&
	resutil head --comment x >out && test_cmp want out &&
	resutil -c alias.cap="name-exp --at 20240704T191555" cap \
		--comment x >out && test_cmp want out
'

test_expect_success 'an alias is never taken from a project' '
	test_when_finished "cp ../conf.orig resutil-conf.yaml" && cd proj &&
	printf "alias:\n  evil: \"!touch %s/evil\"\n  list-exps: version\n" \
		"$TRASH_DIRECTORY" >>resutil-conf.yaml &&
	test_expect_code 129 resutil evil 2>err &&
	test_grep "not a resutil command" err &&
	test_path_is_missing ../evil &&
	resutil list-exps >out && test_grep ! version out
'

test_expect_success PTY 'nor is the pager' '
	test_when_finished "cp ../conf.orig resutil-conf.yaml" && cd proj &&
	printf "core:\n  pager: touch %s/paged; cat\n" "$TRASH_DIRECTORY" \
		>>resutil-conf.yaml &&
	PAGER=cat pty-run --screen=screen resutil log &&
	test_path_is_missing ../paged &&
	printf "core:\n  pager: touch %s/paged; cat\n" "$TRASH_DIRECTORY" \
		>"$user" &&
	PAGER=cat pty-run --screen=screen resutil log &&
	rm "$user" &&
	test_path_is_file ../paged
'

test_expect_success 'a known setting of a wrong kind is refused at once' '
	cd proj &&
	test_when_finished "cp ../conf.orig resutil-conf.yaml; rm -f \"$user\"" &&
	while IFS="|" read -r key text
	do
		cp ../conf.orig resutil-conf.yaml &&
		echo "$text" >>resutil-conf.yaml &&
		test_expect_code 13 resutil list 2>err &&
		test_line_count = 1 err &&
		test_grep "resutil-conf.yaml.: .$key. must be" err &&
		test_expect_code 125 resutil run -m x true 2>err &&
		test_grep "$key" err || return 1
	done <<-\END &&
	run|run: 3
	run.collect|run: {collect: {a: b}}
	run.collect|run: {collect: [a, [b]]}
	run.prompt|run: {prompt: maybe}
	code.max-file|code: {max-file: much}
	core|core: [pager]
	color.ui|color: {ui: {a: b}}
	remotes|remotes: here
	hooks|hooks: x
	END
	cp ../conf.orig resutil-conf.yaml &&
	echo "alias: x" >"$user" &&
	test_expect_code 13 resutil list 2>err &&
	test_grep "config.yaml.: .alias. must be a map" err &&
	rm "$user" &&
	test_expect_code 125 resutil -c run.prompt=maybe run -m x true 2>err &&
	test_grep "run.prompt. must be yes or no" err &&
	test_expect_code 13 resutil -c run.collect.a=b list
'

test_expect_success 'empty sections and unknown keys are fine' '
	cd proj &&
	test_when_finished "cp ../conf.orig resutil-conf.yaml" &&
	printf "%s\n" "run:" "code: {later: [1]}" "new: 3" "core: {pager: }" \
		>>resutil-conf.yaml &&
	resutil list
'

test_expect_success 'more settings than there may be' '
	cd proj &&
	test_expect_code 129 env RESUTIL_CONFIG_COUNT=10000 \
		resutil -c run.prompt=no list 2>err &&
	test_grep "too many settings" err &&
	RESUTIL_CONFIG_COUNT=9999 resutil -c run.prompt=no list &&
	RESUTIL_CONFIG_COUNT=99999999999 resutil list
'

test_done
