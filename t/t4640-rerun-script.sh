#!/bin/sh

test_description='rerun --script: the same with git and a shell alone

The script is run in a fresh clone elsewhere, where there is no resutil.
'
. ./test-lib.sh

test_lazy_prereq DASH 'dash -c :'

# Only what every system has, and git.
mkdir "$TEST_TOP_DIRECTORY/bin"
for tool in git sh cat mkdir rmdir ln rm pwd env printf test ls tr
do
	ln -s "$(command -v $tool)" "$TEST_TOP_DIRECTORY/bin/$tool" 2>/dev/null
done

# elsewhere SCRIPT [WORD...]: in the clone, without resutil.
elsewhere () {
	(
		cd "$TEST_TOP_DIRECTORY/else where/clone" &&
		unset RESUTIL_NO_REMOTE &&
		PATH="$TEST_TOP_DIRECTORY/bin" "${shell:-sh}" "$@"
	)
}

test_expect_success 'setup: a run with everything that can be uncommitted' '
	make_repo pro/ject && (
		cd pro/ject && mkdir sub && cd sub && make_project . &&
		echo results >.gitignore && echo gone >gone &&
		printf "a\0b\n" >binary && ln -s binary link &&
		printf "caf\351 \201\210\n" >latin1 && test_commit .. setup &&
		rm gone && printf "a\0c\n" >binary && ln -sfn latin1 link &&
		printf "caf\350 \201\210\033\n" >latin1 &&
		printf "%s\n" "it'\''s \$(touch evil) \`x\`" END_OF_PATCH_0 \
			>"odd name\"" &&
		write_script prog <<-\SH && mkdir deep &&
		cat binary link latin1 "odd name\"" "$1" >"$2/all"
		test ! -e gone && pwd >"$2/where" && echo "$3" >"$2/word"
		echo told
		exit 3
		SH
		resutil add in >../../in && echo in >"results/$(cat ../../in)/x" &&
		test_expect_code 3 resutil run -m out --subst -- ./prog \
			"results/$(cat ../../in)/x" {} "$(printf "a'\''b\n\$c {}")" &&
		resutil rerun --script out >../../../script
	) &&
	mkdir "$TEST_TOP_DIRECTORY/else where" &&
	git clone -q pro/ject "$TEST_TOP_DIRECTORY/else where/clone" &&
	cp script "$TEST_TOP_DIRECTORY/else where/" &&
	head -n 1 script >first && echo "#!/bin/sh" >expect && test_cmp expect first
'

test_expect_success 'without the results of others it says what it needs' '
	test_expect_code 10 elsewhere ../script >out 2>err &&
	test_grep "the run read .$(cat pro/in)., which is not in" err &&
	test_path_is_missing "$TEST_TOP_DIRECTORY/else where/clone/out"
'

for one in sh dash
do
	prereq=
	test $one = sh || prereq=DASH
	test_expect_success $prereq "it does the same, in $one" '
		shell=$(command -v '$one') &&
		else="$TEST_TOP_DIRECTORY/else where" &&
		rm -rf "$else/out" &&
		git -C "$else/clone" status --porcelain >before &&
		sha256sum "$else/clone/.git/index" "$else/clone/.git/HEAD" >>before &&
		RESULTS=$TRASH_DIRECTORY/pro/ject/sub/results &&
		export RESULTS &&
		test_expect_code 3 elsewhere ../script ../out >out 2>err &&
		unset RESULTS &&
		echo told >expect && test_cmp expect out &&
		run=$(ls -d pro/ject/sub/results/*_out) &&
		test_cmp_bin "$run/all" "$else/out/all" &&
		printf "a'\''b\n\$c %s\n" "$else/clone/../out" >expect &&
		test_cmp expect "$else/out/word" &&
		git -C "$else/clone" --no-optional-locks status --porcelain >after &&
		sha256sum "$else/clone/.git/index" "$else/clone/.git/HEAD" >>after &&
		test_cmp before after &&
		test_path_is_missing "$else/clone/.git/worktrees" &&
		test_path_is_missing "$else/clone/sub/evil"
	'
done

test_expect_success 'it replaces nothing, and runs no builtin of the shell' '
	RESULTS=$TRASH_DIRECTORY/pro/ject/sub/results && export RESULTS &&
	test_expect_code 14 elsewhere ../script ../out 2>err &&
	unset RESULTS && test_grep "exists already" err &&
	(cd pro/ject/sub && resutil rerun --script out -- exit 5) >script2 &&
	cp script2 "$TEST_TOP_DIRECTORY/else where/" && shell=sh &&
	RESULTS=$TRASH_DIRECTORY/pro/ject/sub/results && export RESULTS &&
	test_expect_code 127 elsewhere ../script2 ../out2 && unset RESULTS
'

test_expect_success 'a commit that the clone has not got, and no clone' '
	(cd pro/ject && git remote add origin "ssh://host/a b.git" &&
	 test_commit . later && cd sub && resutil run -m late -- true &&
	 resutil rerun --script late >../../../script3) &&
	cp script3 "$TEST_TOP_DIRECTORY/else where/" &&
	test_expect_code 10 elsewhere ../script3 ../out3 2>err &&
	test_grep "is not in this clone; it was in ssh://host/a b.git" err &&
	test_expect_code 10 sh script3 2>err && test_grep "start this in a clone" err
'

test_expect_success 'before the first commit' '
	git init -q unborn && (
		cd unborn && make_project . && echo a >a &&
		resutil run -m out -- cat a &&
		resutil rerun --script out >../script5
	) &&
	cp script5 "$TEST_TOP_DIRECTORY/else where/" &&
	elsewhere ../script5 ../out5 >out && echo a >expect && test_cmp expect out
'

test_expect_success 'what was not kept stands in it' '
	(cd pro/ject/sub && head -c 3000 /dev/zero >big &&
	 resutil -c code.max-file=2000 run -m big -- true &&
	 resutil rerun --script big) >script6 2>err &&
	test_grep "^# NOT AS IT WAS: .sub/big. was not kept (too large" script6
'

test_expect_success 'nothing is left behind' '
	test_dir_is_empty "$TMPDIR"
'

test_done
