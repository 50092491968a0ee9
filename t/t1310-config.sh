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
	resutil -c alias.b="c d" -c run.prompt run -m env -- \
		sh "$TRASH_DIRECTORY/show-env" >out &&
	printf "%s\n" "2 alias.b=c d" "run.prompt=true" >want &&
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

test_expect_success 'one that there is not is refused by name, too' '
	cd proj &&
	while IFS="|" read -r setting words
	do
		test_expect_code 129 resutil -c "$setting" list-exps \
			>out 2>err && test_must_be_empty out &&
		test_grep "option .-c.: .*$words" err || return 1
	done <<-\END
	run.promt=no|no setting .run.promt.; did you mean .run.prompt.
	nothing.like.it=1|no setting .nothing.like.it.; .resutil config keys
	alias.a.b=list|no setting .alias.a.b.
	hooks.pre-rum=x|did you mean .hooks.pre-run.
	storage_config.path=/x|says what the project is
	run.collect.a=b|no setting .run.collect.a.
	END
'

test_expect_success 'a setting without a dot is one, too' '
	cd proj && resutil -c notes=no config get notes >out && echo no >want &&
	test_cmp want out &&
	test_expect_code 129 resutil -c note=no list-exps 2>err
'

test_expect_success 'what the environment brings of others is passed over' '
	cd proj && RESUTIL_CONFIG_COUNT=1 RESUTIL_CONFIG_KEY_0=later.key \
		RESUTIL_CONFIG_VALUE_0=x resutil list-exps 2>err &&
	test_must_be_empty err
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
	test_expect_code 13 env RESUTIL_CONFIG_COUNT=1 \
		RESUTIL_CONFIG_KEY_0=run.collect.a RESUTIL_CONFIG_VALUE_0=b \
		resutil list
'

test_expect_success 'empty sections and unknown keys are fine' '
	cd proj &&
	test_when_finished "cp ../conf.orig resutil-conf.yaml" &&
	printf "%s\n" "run:" "code: {later: [1]}" "new: 3" "core: {pager: }" \
		"note: x" "paths: {data: x, env: y}" "log: {level: 2}" \
		>>resutil-conf.yaml &&
	resutil list >out 2>err && test_must_be_empty err &&
	resutil fsck >out && echo "nothing is wrong" >want && test_cmp want out
'

test_expect_success 'a key that is nearly a setting is told of' '
	cd proj &&
	test_when_finished "cp ../conf.orig resutil-conf.yaml; rm -f \"$user\"" &&
	printf "run: {promt: no}\nrum: {prompt: no}\nrun_: {x: 1}\n" \
		>>resutil-conf.yaml && printf "gc:\n  older_than: 2h\n" >"$user" &&
	resutil list >out 2>err && cat >want <<-END && test_cmp want err &&
	resutil: warning: '\''$user'\'': there is no setting '\''gc.older_than'\''; did you mean '\''gc.older-than'\''?
	resutil: warning: '\''$PWD/resutil-conf.yaml'\'': there is no setting '\''run.promt'\''; did you mean '\''run.prompt'\''?
	resutil: warning: '\''$PWD/resutil-conf.yaml'\'': there is no setting '\''rum.prompt'\''; did you mean '\''run.prompt'\''?
	END
	for quiet in "list-exps" "config get run.prompt" "help list"
	do
		resutil $quiet >out 2>err </dev/null
		test_must_be_empty err || return 1
	done &&
	resutil run -m inside -- resutil inform x=1 2>err &&
	test_line_count = 3 err &&
	resutil fsck >out && test_grep "^note: resutil-conf.yaml: .*run.promt" out &&
	test_grep "^nothing is wrong, 2 notes$" out &&
	test_expect_code 129 resutil -c run.promt=no list 2>err
'

# Each is compared with all keys that there are.
test_expect_success 'a conf of very many keys that are none costs little' '
	cd proj && test_when_finished "cp ../conf.orig resutil-conf.yaml" &&
	awk "BEGIN { print \"run:\"; for (i = 0; i < 60000; i++)
		printf \"  prompt_%d: 1\n\", i }" >>resutil-conf.yaml &&
	resutil list >out 2>err && test_line_count = 10 err
'

test_expect_success 'more settings than there may be' '
	cd proj &&
	test_expect_code 129 env RESUTIL_CONFIG_COUNT=10000 \
		resutil -c run.prompt=no list 2>err &&
	test_grep "too many settings" err &&
	RESUTIL_CONFIG_COUNT=9999 resutil -c run.prompt=no list &&
	RESUTIL_CONFIG_COUNT=99999999999 resutil list
'

# restore: after a test, both files as they were
restore () {
	cp "$TRASH_DIRECTORY/conf.orig" \
		"$TRASH_DIRECTORY/proj/resutil-conf.yaml" &&
	rm -f "$user" "$user.lock"
}

# refused CODE WORDS ARG...: config fails with one line that has WORDS, and
# changes nothing
refused () {
	code=$1 words=$2 && shift 2 &&
	cp resutil-conf.yaml before &&
	test_expect_code "$code" resutil config "$@" >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	test_grep "$words" err && test_cmp before resutil-conf.yaml
}

test_expect_success 'config set writes each kind as what it is' '
	test_when_finished restore && cd proj &&
	for words in "run.prompt off" "run.meta-wait 1.5s" "run.monitor 10" \
		"code.max-file 10M" "code.max-run 4096" "code.treeish yes" \
		"push.auto On" "pack.level 0" "list.timeout 007" \
		"secrets.allow yes" "secrets.add a b:c" "color.ui never" \
		"run.collect *.log" "gc.older-than 2h" "meta.gpu no" \
		"hooks.pre-run true --now" "hooks.post-run no"
	do
		set -f && set -- $words && set +f &&
		resutil config set "$@" 2>/dev/null || return 1
	done &&
	cat >want <<-\END &&
	run:
	  prompt: false
	  meta-wait: 1.5s
	  monitor: 10
	  collect: "*.log"
	code:
	  max-file: 10M
	  max-run: 4096
	  treeish: true
	push:
	  auto: true
	pack:
	  level: 0
	list:
	  timeout: "007"
	secrets:
	  allow: "yes"
	  add:
	  - a
	  - b:c
	color:
	  ui: never
	gc:
	  older-than: 2h
	meta:
	  gpu: false
	hooks:
	  pre-run:
	  - "true"
	  - --now
	  post-run: false
	END
	sed "1,$(wc -l <../conf.orig)d" resutil-conf.yaml | tr "\047" \" >got &&
	test_cmp want got &&
	resutil list && resutil -c list.timeout=1 config list >out &&
	test_line_count = 19 out
'

test_expect_success 'config set: what a setting cannot be, and what is none' '
	cd proj &&
	while IFS="|" read -r words key value
	do
		refused 129 "$words" set "$key" "$value" || return 1
	done <<-\END &&
	did you mean .run.prompt.|run.promt|no
	did you mean .hooks.pre-run|hooks.pre-rum|x
	no setting .nothing.like.it|nothing.like.it|1
	no setting .alias.a.b.|alias.a.b|list
	no setting .alias.-x.|alias.-x|list
	did you mean .alias.NAME.|alia.x|list
	.run. holds settings|run|1
	results_dir. says what the project is|results_dir|x
	storage_config.path. says|storage_config.path|x
	resutil remote|remotes.x|dir:/x
	must be yes or no, not .maybe.|run.prompt|maybe
	must be a size.*not .huge.|code.max-file|huge
	must be a number from 0 to 9|pack.level|10
	must be a number of seconds|list.timeout|1m
	must be a number of seconds, from 1|http.stall-timeout|0
	must be auto, always or never|color.ui|blue
	must be yes, no, background or ask|push.auto|later
	must be an age|gc.older-than|soon
	must be a duration|run.meta-wait|-1
	must be yes, no, or a duration|run.monitor|often
	must be a command|meta.x|"
	END
	refused 129 "has one value" set run.prompt yes no &&
	test_expect_code 129 resutil config set run.prompt 2>err &&
	test_grep "which value" err
'

test_expect_success 'config set keeps comments, order, links and modes' '
	test_when_finished restore && cd proj &&
	cat >"$TRASH_DIRECTORY"/mine.yaml <<-\END &&
	# what I like
	color: {ui: auto}   # for now
	run:
	  # asked often enough
	  prompt: yes # really

	later: [1, 2]
	END
	chmod 640 "$TRASH_DIRECTORY"/mine.yaml &&
	ln -s "$TRASH_DIRECTORY"/mine.yaml "$user" &&
	resutil config set --user run.prompt no &&
	resutil config set --user run.collect a b &&
	resutil config set --user color.ui never &&
	cat >want <<-\END &&
	# what I like
	color: {ui: "never"}   # for now
	run:
	  # asked often enough
	  prompt: false # really
	  collect:
	  - a
	  - b

	later: [1, 2]
	END
	test_cmp want "$TRASH_DIRECTORY"/mine.yaml &&
	test -L "$user" &&
	test "$(stat -c %a "$TRASH_DIRECTORY"/mine.yaml)" = 640
'

test_expect_success 'config unset: a key, a section, the last one' '
	test_when_finished restore && cd proj &&
	printf "# top\nalias:\n  a: list\n  b: log\nrun: {prompt: no}\n" \
		>"$user" &&
	resutil config unset alias.a &&
	resutil config unset --user run.prompt &&
	printf "# top\nalias:\n  b: log\n" >want && test_cmp want "$user" &&
	refused 10 "alias.a. is not set in .*config.yaml" unset alias.a &&
	resutil config unset alias.b && echo "# top" >want &&
	test_cmp want "$user" &&
	resutil list &&
	resutil config set --user run.prompt no &&
	printf "# top\nrun:\n  prompt: false\n" >want &&
	test_cmp want "$user" &&
	echo "{}" >"$user" && resutil config set alias.x list &&
	printf "alias:\n  x: list\n" >want && test_cmp want "$user" &&
	printf "typo: 1\ncode:\n  max-file: 1\n  max-run: 2\n" \
		>>resutil-conf.yaml &&
	resutil config unset typo && resutil config unset code &&
	test_cmp ../conf.orig resutil-conf.yaml &&
	refused 129 "says what the project is" unset storage_config
'

test_expect_success 'whose file: --user, --project, and what is for users only' '
	test_when_finished restore && cd proj &&
	resutil config set alias.x list && test_grep "x: list" "$user" &&
	test_cmp ../conf.orig resutil-conf.yaml &&
	refused 129 "never taken from a project" \
		set --project core.pager less &&
	refused 129 "never taken from a project" \
		set --project google.trusted-hosts h &&
	mkdir -p ../nowhere && cd ../nowhere &&
	resutil config set run.prompt no && test_grep "prompt: false" "$user" &&
	test_expect_code 10 resutil config set --project run.prompt no 2>err &&
	test_expect_code 129 resutil config list --user --project 2>err &&
	(
		unset HOME XDG_CONFIG_HOME &&
		test_expect_code 128 "$BUILD_DIRECTORY"/resutil \
			config set run.prompt no 2>err &&
		test_grep HOME err
	)
'

test_expect_success 'config get: the last that says so' '
	test_when_finished restore && cd proj &&
	test_expect_code 1 resutil config get run.prompt >out 2>err &&
	test_must_be_empty out && test_must_be_empty err &&
	resutil config set --user run.prompt yes &&
	resutil config set --project run.prompt no &&
	resutil config set --project run.collect "a b" "c" &&
	printf "alias: {evil: \"!id\"}\n" >>resutil-conf.yaml &&
	{
		resutil config get run.prompt &&
		resutil config get --user run.prompt &&
		resutil -c run.prompt=on config get --project run.prompt &&
		resutil -c run.prompt=on config get --show-origin run.prompt &&
		resutil config get --show-origin run.prompt &&
		resutil config get run.collect &&
		resutil config get --json run.collect &&
		resutil config get --show-origin -z run.collect | tr "\0" "!"
	} >out &&
	printf "%s\n" false true false "-c	on" "project	false" \
		"a b" c "[\"a b\",\"c\"]" >want &&
	printf "project\ta b!project\tc!" >>want &&
	test_cmp want out &&
	test_expect_code 1 resutil config get alias.evil &&
	refused 129 "did you mean" get run.promt &&
	refused 129 "holds settings" get run
'

test_expect_success 'config list: each layer, by key, with who said so' '
	test_when_finished restore && cd proj &&
	resutil config set --user run.prompt yes &&
	resutil config set --project run.prompt no &&
	resutil config set --project run.collect "a b" "c" &&
	resutil config set alias.l "list --json" &&
	printf "alias: {evil: \"!id\"}\nnew: {a: 1}\n" >>resutil-conf.yaml &&
	resutil -c run.prompt=on config list --show-origin --format tsv \
		>out 2>err &&
	conf=$(pwd -P)/resutil-conf.yaml &&
	cat >want <<-END &&
	key	value	origin	path
	alias.l	list --json	user	$user
	new.a	1	project	$conf
	run.collect	["a b", "c"]	project	$conf
	run.prompt	true	user	$user
	run.prompt	false	project	$conf
	END
	printf "run.prompt\ton\t-c\t\n" >>want &&
	sed "s/\\\\\"/\"/g;s/\"\\[/[/;s/\\]\"/]/" out >got &&
	test_cmp want got &&
	test_line_count = 2 err &&
	test_grep "alias.evil. is never taken from a project" err &&
	test_grep "no setting .new.a." err &&
	resutil config list --project --json 2>/dev/null >out &&
	cat >want <<-END &&
	{"key":"new.a","value":1,"origin":"project","path":"$conf"}
	{"key":"run.collect","value":["a b","c"],"origin":"project","path":"$conf"}
	{"key":"run.prompt","value":false,"origin":"project","path":"$conf"}
	END
	test_cmp want out &&
	resutil config list --user --format "%(key)=%(value)" >out &&
	printf "alias.l=list --json\nrun.prompt=true\n" >want &&
	test_cmp want out &&
	resutil config keys >out && test_grep "^alias.NAME$" out &&
	test_grep "^run.prompt$" out && test_grep ! "^run$" out &&
	test_expect_code 129 resutil config keys --json 2>err &&
	test_expect_code 129 resutil config get --format csv run.prompt 2>err
'

test_expect_success 'an alias that cannot be is refused when it is set' '
	test_when_finished restore && cd proj &&
	refused 129 "is a command of resutil" set alias.list "log" &&
	refused 129 "must be a command" set alias.x "" &&
	refused 129 "must be a command" set alias.x "!" &&
	refused 129 "must be a command" set alias.x list --json &&
	refused 129 "quote" set alias.x "list \"" &&
	refused 129 "alias .x. would lead back to itself" set alias.x "x -v" &&
	resutil config set alias.a "b -v" && resutil config set alias.b "c" &&
	refused 129 "alias .c. would lead back to itself by .b." \
		set alias.c "a" &&
	resutil config set alias.c "!printf \"<%s>\" \"\$#\"" &&
	resutil a x y >out && printf "<3>" >want && test_path_is_file out &&
	resutil config set alias.ver "version" && resutil ver >out &&
	resutil version >want && test_cmp want out
'

test_expect_success 'a file that is wrong is mended by config' '
	test_when_finished restore && cd proj &&
	printf "run: {prompt: maybe}\ncode: {treeish: perhaps}\n" \
		>>resutil-conf.yaml &&
	test_expect_code 13 resutil list 2>/dev/null &&
	test_expect_code 13 resutil config list 2>err &&
	test_grep "code.treeish" err &&
	resutil config set run.prompt no 2>/dev/null &&
	resutil config unset code.treeish 2>/dev/null &&
	resutil list && resutil config get run.prompt &&
	cp ../conf.orig resutil-conf.yaml && echo "run: 3" >>resutil-conf.yaml &&
	test_expect_code 13 resutil config set run.prompt no 2>err &&
	test_grep "no map" err &&
	printf "a: [\n" >"$user" &&
	test_expect_code 13 resutil config set --user run.prompt no 2>err &&
	test_grep "config.yaml. line 2" err && test_line_count = 1 err &&
	echo "a: [" >want && test_cmp want "$user"
'

test_expect_success 'what is no file is neither read nor written' '
	test_when_finished "rm -rf \"$user\" && restore" && cd proj &&
	for kind in "mkdir" "mkfifo" "ln -s /dev/zero" "ln -s /nowhere/x" \
		"ln -s config.yaml"
	do
		rm -rf "$user" && $kind "$user" &&
		for command in "list" "config list" "config get run.prompt" \
			"config set --user run.prompt no" \
			"config unset --user run.prompt"
		do
			test_expect_code 128 timeout 20 resutil $command \
				>out 2>err && test_must_be_empty out &&
			test_line_count = 1 err && test_grep "config.yaml" err || {
				echo "$kind, $command" >&2
				return 1
			}
		done || return 1
	done
'

test_expect_success 'who may not write there is told, and nothing is left' '
	test_when_finished "restore" && cd proj &&
	mkdir -p ../closed/resutil && chmod a+rx "$TRASH_DIRECTORY" .. . &&
	chmod a-w ../closed/resutil && ls -A . >before &&
	test_expect_code 128 as_user env XDG_CONFIG_HOME="$PWD/../closed" \
		HOME=/nonexistent resutil config set --user run.prompt no 2>err &&
	test_line_count = 1 err && test_grep "closed/resutil" err &&
	ls -A ../closed/resutil >left && test_must_be_empty left
'

test_expect_success 'many that set at once: none is lost' '
	test_when_finished restore && cd proj && pids= &&
	for i in 1 2 3 4 5 6 7 8 9 10
	do
		resutil config set "alias.n$i" list & pids="$pids $!"
		resutil config set "meta.n$i" no & pids="$pids $!"
	done &&
	for pid in $pids
	do
		wait "$pid" || return 1
	done &&
	resutil config list --user --format "%(key)" >out &&
	test_line_count = 10 out &&
	resutil config list --project --format "%(key)" >out &&
	test_line_count = 10 out
'

test_expect_success 'each key has its page' '
	resutil config keys >keys && test_line_count -gt 30 keys &&
	while read -r key
	do
		case $key in
		alias.*|hooks.*|meta.NAME) page=${key%%.*} key=$page.NAME ;;
		*) page=$key ;;
		esac &&
		test_grep "^\`$key\`::" \
			"$SOURCE_DIRECTORY/Documentation/config/$page.adoc" ||
			return 1
	done <keys
'

test_expect_success 'hooks and meta of a project: trust is asked for again' '
	test_when_finished restore && cd proj &&
	resutil config set meta.kernel uname -s 2>err &&
	test_must_be_empty err &&
	resutil config --untrust &&
	resutil config set meta.kernel uname -n 2>err &&
	test_grep "meta.kernel. is not run before .resutil config --trust" \
		err &&
	resutil config set meta.gpu no 2>err && test_must_be_empty err &&
	resutil config set --user meta.other uname 2>err &&
	test_must_be_empty err
'

test_done
