#!/bin/sh

test_description='a program that removes, moves or replaces its own experiment'
. ./test-lib.sh

test_expect_success 'setup' '
	make_project proj && unset RESUTIL_NO_REMOTE
'

store=$TRASH_DIRECTORY/proj.store
# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1

# state_is EXP STATE
state_is () {
	resutil read-exp --key state "$1" >state.out && echo "$2" >state.want &&
	test_cmp state.want state.out
}

no_faults () {
	resutil fsck >fsck.out 2>&1 || {
		cat fsck.out
		return 1
	}
}

test_expect_success 'removed: record and output are put back, and pushed' '
	resutil run -m gone -- sh -c "
		echo before; echo oops >&2; echo x >\"\$RESUTIL_EX_DIR\"/x
		rm -rf \"\$RESUTIL_EX_DIR\"; echo after" >out 2>err &&
	printf "before\nafter\n" >want && test_cmp want out &&
	test_grep "removed while the" err && test_line_count = 2 err &&
	name=$(resutil rev-exp gone) && state_is gone done &&
	test_cmp want results/$name/stdout.log &&
	echo oops >want && test_cmp want results/$name/stderr.log &&
	test_path_is_missing results/$name/x &&
	test_path_is_file "$store/project/$name.zip" && no_faults
'

test_expect_success 'with its status, and when it was killed' '
	test_expect_code 3 resutil run -m gone3 -- sh -c "
		rm -rf \"\$RESUTIL_EX_DIR\"; exit 3" 2>err &&
	state_is gone3 fail &&
	test_expect_code 137 resutil run -m killed -- sh -c "
		rm -rf \"\$RESUTIL_EX_DIR\"; kill -9 \$\$" 2>err &&
	state_is killed fail && resutil read-exp --key signal killed >out &&
	echo SIGKILL >want && test_cmp want out
'

test_expect_success 'emptied, or made anew: what is there stays' '
	resutil run -m anew -- sh -c "
		rm -rf \"\$RESUTIL_EX_DIR\"; mkdir \"\$RESUTIL_EX_DIR\"
		echo y >\"\$RESUTIL_EX_DIR\"/y; echo said" >out 2>err &&
	echo said >want && test_cmp want out && test_grep "put back" err &&
	name=$(resutil rev-exp anew) && state_is anew done &&
	test_path_is_file results/$name/y &&
	test_cmp want results/$name/stdout.log &&
	resutil run -m nolog -- sh -c "
		rm \"\$RESUTIL_EX_DIR\"/resutil-exp.yaml; echo said" 2>err >out &&
	state_is nolog done && no_faults &&
	test_cmp want results/$(resutil rev-exp nolog)/stdout.log
'

test_expect_success 'a log that was removed alone is no reason to say anything' '
	resutil run -m log -- sh -c "rm \"\$RESUTIL_EX_DIR\"/stdout.log" 2>err &&
	test_must_be_empty err && state_is log done
'

test_expect_success 'a checkpoint of it in the store is replaced all the same' '
	resutil run -m sent -- sh -c "
		echo 1; resutil checkpoint >/dev/null
		resutil checkpoint >/dev/null; rm -rf \"\$RESUTIL_EX_DIR\"" \
		>out 2>err &&
	name=$(resutil rev-exp sent) &&
	resutil cat-pack "$store/project/$name.zip" resutil-exp.yaml >out &&
	test_grep "^state: done" out && test_line_count = 1 err
'

test_expect_success 'checkpoint, inform and meter say that it is gone' '
	resutil run --no-push -m says -- sh -c "
		rm -rf \"\$RESUTIL_EX_DIR\"
		for c in checkpoint \"checkpoint --background\" \"inform a=1\" \"meter a=1\"
		do
			resutil \$c 2>>said; echo \$? >>codes
		done" 2>err &&
	printf "10\n10\n10\n10\n" >want && test_cmp want codes &&
	test_line_count = 4 said && state_is says done
'

test_expect_success 'with --monitor and --checkpoint-every: told, nobody is stopped' '
	resutil run --monitor=0.1 --checkpoint-every=1 -m both -- sh -c "
		sleep 0.5; rm -rf \"\$RESUTIL_EX_DIR\"; sleep 1; echo on" \
		>out 2>err &&
	echo on >want && test_cmp want out && state_is both done &&
	test_grep "rows of the series .system. were not kept" err &&
	test_grep "checkpoints could not be asked for" err
'

test_expect_success 'moved within results: it is followed, and pushed' '
	resutil run -m here -- sh -c "
		mv \"\$RESUTIL_EX_DIR\" \"\${RESUTIL_EX_DIR%_here}_there\"" 2>err &&
	test_line_count = 1 err && test_grep "is called .*_there. now" err &&
	name=$(resutil rev-exp there) && state_is there done &&
	test_path_is_file "$store/project/$name.zip" &&
	test_must_fail resutil rev-exp here
'

test_expect_success 'moved elsewhere: its end is recorded there' '
	mkdir ../else && resutil run -m away -- sh -c "
		mv \"\$RESUTIL_EX_DIR\" ../else/moved; echo hi" >out 2>err &&
	test_line_count = 1 err && test_grep "was moved to .*else/moved" err &&
	test_grep "^state: done" ../else/moved/resutil-exp.yaml &&
	echo hi >want && test_cmp want ../else/moved/stdout.log &&
	test_must_fail resutil rev-exp away && no_faults
'

test_expect_success 'a file or a link in its place: not recorded, and told' '
	mkdir ../other &&
	test_expect_code 128 resutil run -m link -- sh -c "
		rm -rf \"\$RESUTIL_EX_DIR\"; ln -s ../../other \"\$RESUTIL_EX_DIR\"" \
		2>err &&
	test_grep "is not recorded" err && test_dir_is_empty ../other &&
	test_expect_code 128 resutil run -m file -- sh -c "
		rm -rf \"\$RESUTIL_EX_DIR\"; echo x >\"\$RESUTIL_EX_DIR\"" 2>err &&
	test_grep "is not recorded" err &&
	rm results/*_link results/*_file
'

test_expect_success 'all of results, and of .resutil' '
	resutil run -m all -- sh -c "rm -rf results; echo all" 2>err >out &&
	state_is all done && resutil run -m private -- rm -rf .resutil &&
	state_is private done && no_faults
'

test_expect_success 'what rm --force removed stays removed' '
	test_expect_code 128 resutil run --no-push -m forced -- sh -c "
		resutil rm -l -y --force \"\$RESUTIL_EX_NAME\"" >out 2>err &&
	test_grep "is not recorded" err && test_grep ! "put back" err &&
	test_must_fail resutil rev-exp forced && no_faults
'

test_expect_success 'a debug run, too' '
	resutil run --debug -- sh -c "rm -rf \"\$RESUTIL_EX_DIR\"; echo d" \
		2>err >out &&
	echo d >want && test_cmp want results/_debug/stdout.log &&
	test_path_is_file results/_debug/resutil-exp.yaml
'

test_done
