#!/bin/sh

test_description='global options, finding the command, what it begins and ends with'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

# all_commands: the names of command-list.h, one a line.
all_commands () {
	sed -n '/^COMMAND/,$s/^[^"]*"\([a-z-]*\)",.*cmd_.*/\1/p' \
		"$SOURCE_DIRECTORY"/command-list.h
}

test_expect_success 'setup' '
	make_conf project &&
	mkdir -p project/sub bin home &&
	all_commands >commands &&
	grep "^ask-line$" commands &&
	grep "^run$" commands &&
	write_script bin/resutil-extern <<-\EOF &&
	printf "[%s]" "$0" "$@"
	echo
	exit 33
	EOF
	PATH=$PWD/bin:$PATH
'

test_expect_success 'every command: -h prints usage on stdout, anywhere' '
	while read -r command
	do
		resutil "$command" -h >out 2>err &&
		test_must_be_empty err &&
		head -n 1 out >first &&
		test_grep "^usage: resutil $command" first &&
		resutil "$command" --help >out2 &&
		test_cmp out out2 || return 1
	done <commands
'

test_expect_success 'every command: a bad option is 129, usage on stderr' '
	while read -r command
	do
		test_expect_code 129 resutil "$command" --no-such-option \
			>out 2>err </dev/null &&
		test_must_be_empty out &&
		head -n 1 err >first &&
		test_grep "^resutil: unknown option" first &&
		test_grep "^usage: resutil $command" err || return 1
	done <commands
'

test_expect_success 'every usage line fits 80 columns and ends in no full stop' '
	while read -r command
	do
		resutil "$command" -h || return 1
	done <commands >out &&
	test_grep ! "^.\{81\}" out &&
	test_grep ! -E "^(usage:|   or:).*[^.]\.$" out
'

test_expect_success 'a bad conf does not hinder -h' '
	mkdir bad && echo "a: [" >bad/resutil-conf.yaml &&
	resutil -C bad run -h >out &&
	test_grep "^usage: resutil run" out &&
	test_expect_code 13 resutil -C bad list 2>err &&
	test_grep "resutil-conf.yaml" err &&
	test_expect_code 125 resutil -C bad run true 2>err &&
	test_grep "resutil-conf.yaml" err
'

test_expect_success 'no project: one line, 128, but 125 from run' '
	test_expect_code 128 resutil list >out 2>err &&
	test_must_be_empty out &&
	test_line_count = 1 err &&
	test_grep "resutil init" err &&
	test_expect_code 125 resutil run true 2>err &&
	test_line_count = 1 err
'

test_expect_success 'no command: the list of commands, status 1' '
	test_expect_code 1 resutil >out 2>err &&
	test_must_be_empty err &&
	head -n 1 out >first &&
	test_grep "^usage: resutil" first &&
	test_grep "^   run  *run a command and record it$" out
'

test_expect_success '-h, --help, --version, --exec-path, --python-path' '
	resutil -h >out &&
	test_grep "^usage: resutil \[-C DIR\]" out &&
	resutil --help >out2 &&
	test_cmp out out2 &&
	resutil version >expect &&
	resutil --version >actual &&
	test_cmp expect actual &&
	resutil --exec-path >actual &&
	test_path_is_file "$(cat actual)"/resutil-edit &&
	resutil --python-path >actual &&
	test_path_is_dir "$(cat actual)"
'

test_expect_success 'bad global options' '
	test_expect_code 129 resutil --nonsense list 2>err &&
	test_grep "unknown option .--nonsense." err &&
	test_grep "^usage: resutil" err &&
	test_expect_code 129 resutil -C 2>err &&
	test_grep "needs a value (DIR)" err &&
	test_expect_code 129 resutil -c =1 list 2>err &&
	test_expect_code 129 resutil --no-quiet list
'

test_expect_success '-C: once, twice, empty, missing' '
	resutil -C project rev-exp -h >/dev/null &&
	resutil -C project list-exps &&
	resutil -C project -C sub list-exps &&
	resutil -Cproject list-exps &&
	resutil -C "" -C project list-exps &&
	test_expect_code 128 resutil -C project -C nowhere list-exps 2>err &&
	test_line_count = 1 err &&
	test_grep "cannot change to .nowhere.: No such file" err
'

test_expect_success '-c reaches the command, and the last one wins' '
	resutil -c color.ui=never -C project list-exps 2>err &&
	test_must_be_empty err &&
	resutil -c color.ui=sometimes -C project list-exps 2>err &&
	test_grep "color.ui" err &&
	resutil -c color.ui=sometimes -c color.ui=auto -C project list-exps \
		2>err &&
	test_must_be_empty err
'

test_expect_success '-- ends global options' '
	resutil -C project -- list-exps &&
	test_expect_code 129 resutil -- --version
'

test_expect_success '-q and -v are told to children' '
	write_script bin/resutil-talk <<-\EOF &&
	echo "${RESUTIL_VERBOSITY-unset} ${RESUTIL_NO_INTERACTIVE-unset}"
	EOF
	{
		resutil talk &&
		resutil -q talk &&
		resutil -v talk &&
		resutil -vv --no-interactive talk
	} >actual &&
	cat >expect <<-\EOF &&
	unset unset
	-1 unset
	1 unset
	2 1
	EOF
	test_cmp expect actual
'

test_expect_success 'an unknown command: one line, 129' '
	test_expect_code 129 resutil xyzzy >out 2>err &&
	test_must_be_empty out &&
	cat >expect <<-\EOF &&
	resutil: '\''xyzzy'\'' is not a resutil command; see '\''resutil help -a'\''
	EOF
	test_cmp expect err
'

test_expect_success 'the words of other tools are understood, not obeyed' '
	for pair in delete:rm fetch:pull mv:comment login:"remote login" cat:show
	do
		test_expect_code 129 resutil "${pair%%:*}" 2>err &&
		test_grep "; did you mean .${pair#*:}.?\$" err &&
		test_line_count = 1 err || return 1
	done &&
	mkdir -p alone && write_script alone/fit-a-model </dev/null &&
	PATH=$PWD/alone:$PATH test_expect_code 129 resutil fit-a-model x 2>err &&
	test_grep "; .resutil run -- fit-a-model. runs that program" err &&
	test_expect_code 129 resutil fit-a-model x 2>err &&
	test_grep "see .resutil help -a." err
'

test_expect_success 'near misses are suggested: commands, programs, aliases' '
	test_expect_code 129 resutil lits 2>err &&
	test_grep "did you mean .*'\''list'\''" err &&
	test_line_count = 1 err &&
	test_expect_code 129 resutil extren 2>err &&
	test_grep "did you mean .*'\''extern'\''" err &&
	test_expect_code 129 resutil -c alias.frobnicate=list frobnicat 2>err &&
	test_grep "did you mean .*'\''frobnicate'\''" err
'

test_expect_success 'resutil-foo on PATH: its words, its status' '
	test_expect_code 33 resutil extern a "b c" -x --version >actual &&
	echo "[$PWD/bin/resutil-extern][a][b c][-x][--version]" >expect &&
	test_cmp expect actual
'

test_expect_success 'resutil-foo gets -C, and dies of its own signal' '
	write_script bin/resutil-where <<-\EOF &&
	pwd -P
	EOF
	resutil -C project/sub where >actual &&
	(cd project/sub && pwd -P) >expect &&
	test_cmp expect actual &&
	write_script bin/resutil-die <<-\EOF &&
	kill -TERM $$
	EOF
	test_expect_code 143 resutil die
'

test_expect_success 'a program cannot take the place of a command' '
	write_script bin/resutil-version <<-\EOF &&
	echo mine
	EOF
	resutil version >out &&
	test_grep "^resutil version" out &&
	rm bin/resutil-version
'

test_expect_success 'resutil-foo that cannot be run is 126, a path is none' '
	write_script bin/resutil-closed </dev/null &&
	chmod -x bin/resutil-closed &&
	test_expect_code 126 resutil closed 2>err &&
	test_line_count = 1 err &&
	test_expect_code 129 resutil ../bin/resutil-extern 2>err &&
	test_expect_code 129 resutil "" 2>err &&
	rm bin/resutil-closed
'

test_expect_success 'an alias: words, options before and behind' '
	resutil -c alias.v=version v >actual &&
	resutil version >expect &&
	test_cmp expect actual &&
	resutil -c "alias.there=-C project rev-exp -h" there >out &&
	test_grep "^usage: resutil rev-exp" out &&
	resutil -c "alias.e=extern \"a b\"" e c >actual || test $? = 33 &&
	echo "[$PWD/bin/resutil-extern][a b][c]" >expect &&
	test_cmp expect actual
'

test_expect_success 'an alias of an alias; one that turns in a circle' '
	resutil -c alias.a=b -c alias.b=version a >actual &&
	resutil version >expect &&
	test_cmp expect actual &&
	test_expect_code 128 resutil -c alias.a=b -c alias.b=a a 2>err &&
	test_line_count = 1 err &&
	test_grep "alias .a. leads back to itself: .a. -> .b. -> .a." err &&
	test_expect_code 128 resutil -c alias.x="a v" -c alias.a=a x 2>err &&
	test_grep "alias .a. leads back to itself: .a. -> .a.$" err &&
	test_expect_code 128 resutil -c "alias.a=b \"c" a 2>err &&
	test_grep "alias.a" err
'

test_expect_success 'an alias for a shell' '
	test_expect_code 5 resutil -c "alias.s=!echo two; exit 5" s >out &&
	echo two >expect &&
	test_cmp expect out &&
	resutil -c "alias.p=!printf \"<%s>\"" p "a b" c >out &&
	printf "<a b><c>" >expect &&
	test_cmp expect out
'

test_expect_success 'aliases come from the user, never from a project' '
	make_conf hostile &&
	printf "alias:\n  evil: \"!echo evil\"\n" >>hostile/resutil-conf.yaml &&
	test_expect_code 129 resutil -C hostile evil >out 2>err &&
	test_must_be_empty out &&
	mkdir -p "$HOME/.config/resutil" &&
	test_when_finished "rm -r \"$HOME/.config\"" &&
	printf "alias:\n  mine: version\n" >"$HOME/.config/resutil/config.yaml" &&
	resutil -C hostile mine >out &&
	test_grep "^resutil version" out
'

test_expect_success 'a user file with an error: help works, the rest does not' '
	mkdir -p "$HOME/.config/resutil" &&
	test_when_finished "rm -r \"$HOME/.config\"" &&
	echo "a: [" >"$HOME/.config/resutil/config.yaml" &&
	resutil help >out 2>err &&
	test_grep "^usage" out &&
	test_grep "config.yaml" err &&
	test_expect_code 13 resutil -C project list-exps 2>err &&
	test_line_count = 1 err
'

test_expect_success DEV_FULL 'a full disk under stdout is an error' '
	test_expect_code 128 resutil version >/dev/full 2>err &&
	echo "resutil: cannot write to standard output:" \
		"No space left on device" >expect &&
	test_cmp expect err &&
	test_expect_code 128 resutil run -h >/dev/full 2>err &&
	test_expect_code 128 resutil >/dev/full 2>err &&
	test_expect_code 128 resutil --exec-path >/dev/full 2>err
'

test_expect_success 'a closed stdout is an error' '
	test_expect_code 128 resutil version >&- 2>err &&
	test_grep "cannot write to standard output: Bad file" err
'

test_expect_success 'a pipe that nobody reads ends it by SIGPIPE, silently' '
	mkfifo fifo &&
	for ignore in : "trap \"\" PIPE"
	do
		{
			sh -c "$ignore; exec <&-
				exec 9>fifo
				sleep 0.3
				resutil help -a >&9 2>err
				echo \$? >status" &
		} &&
		head -c 0 <fifo &&
		wait $! &&
		echo 141 >expect &&
		test_cmp expect status &&
		test_must_be_empty err || return 1
	done
'

test_expect_success 'closed descriptors take no part of what is opened' '
	resutil version <&- >out &&
	test_grep "^resutil version" out &&
	test_expect_code 129 resutil --nonsense 2>&- &&
	test_expect_code 128 resutil version <&- >&- 2>&-
'

test_expect_success 'the program that asks is another, and knows the way back' '
	test_expect_code 129 resutil ask-line 2>err &&
	test_grep "^usage: resutil ask-line" err &&
	edit=$(resutil --exec-path)/resutil-edit &&
	"$edit" version >actual &&
	resutil version >expect &&
	test_cmp expect actual &&
	test_expect_code 128 env RESUTIL_EXEC_PATH="$PWD/nowhere" \
		resutil ask-line x 2>err &&
	test_grep "installed" err
'

test_done
