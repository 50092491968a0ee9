#!/bin/sh

test_description='checkpoint: a run is sent while it goes on'
. ./test-lib.sh

test_expect_success 'setup' '
	make_project proj && make_project elsewhere && unset RESUTIL_NO_REMOTE
'

store=$TRASH_DIRECTORY/proj.store
# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1

# sent NAME PATH: what the pack in the store says
sent () {
	resutil cat-pack "$store/project/$1.zip" "$2"
}

test_expect_success 'what is there so far is sent, and replaced in the end' '
	cat >train.sh <<-\EOF &&
	echo 1 >"$RESUTIL_EX_DIR"/step
	resutil checkpoint >said || exit
	cp "$0.store"/project/"$RESUTIL_EX_NAME".zip at-checkpoint.zip
	echo 2 >"$RESUTIL_EX_DIR"/step
	EOF
	ln -s "$store" train.sh.store &&
	resutil run -m one -- sh train.sh 2>err &&
	test_must_be_empty err && name=$(resutil rev-exp one) &&
	echo "Sent $name" >want && test_cmp want said &&
	resutil cat-pack at-checkpoint.zip step >out && echo 1 >want &&
	test_cmp want out &&
	resutil cat-pack at-checkpoint.zip resutil-exp.yaml >out &&
	test_grep "^state: running" out && test_grep "^revision: 2" out &&
	sent $name step >out && echo 2 >want && test_cmp want out &&
	sent $name resutil-exp.yaml >out && test_grep "^state: done" out
'

test_expect_success 'wherever the program has gone, also into another project' '
	resutil run --no-push -m far -- sh -c "
		cd / && resutil checkpoint" >out 2>err &&
	test_grep "^Sent .*_far\$" out && test_must_be_empty err &&
	resutil run --no-push -m farther -- sh -c "
		cd \"$PWD/../elsewhere\" && resutil checkpoint" >out 2>err &&
	test_grep "^Sent .*_farther\$" out && test_must_be_empty err &&
	test_path_is_file "$store/project/$(resutil rev-exp farther).zip"
'

test_expect_success 'twice: the second has grown' '
	resutil run --no-push -m twice -- sh -c "
		resutil checkpoint && resutil checkpoint" >out &&
	test_line_count = 2 out && test_grep "_twice, which has grown\$" out
'

test_expect_success 'with what it needs' '
	resutil run --no-push -m need -- true &&
	resutil run --no-push -m needs -d need -- resutil checkpoint >out &&
	test_grep "^Sent .*_need\$" out && test_grep "^Sent .*_needs\$" out
'

test_expect_success '--exp names it from outside' '
	resutil run --no-push -m outside -- true &&
	resutil checkpoint --exp outside >out &&
	test_grep "^Sent .*_outside\$" out &&
	resutil read-exp --key revision outside >out && echo 3 >want &&
	test_cmp want out &&
	mkdir "$store.second" &&
	resutil checkpoint --exp outside --remote "dir:$store.second" &&
	test_path_is_file "$store.second/project/$(resutil rev-exp outside).zip"
'

test_expect_success '--quiet-outside: nothing outside of a run, all inside' '
	resutil checkpoint --quiet-outside >out 2>&1 &&
	resutil checkpoint --quiet-outside --background >>out 2>&1 &&
	test_must_be_empty out &&
	resutil run --no-push -m quiet -- resutil checkpoint --quiet-outside >out &&
	test_grep "^Sent .*_quiet\$" out &&
	test_expect_code 129 resutil checkpoint --final --quiet-outside
'

test_expect_success 'outside of a run: 1; of no experiment: 10; usage: 129' '
	test_expect_code 1 resutil checkpoint 2>err && test_line_count = 1 err &&
	test_expect_code 1 env RESUTIL_EX_DIR= resutil checkpoint 2>err &&
	test_expect_code 10 resutil checkpoint --exp nowhere 2>err &&
	test_line_count = 1 err &&
	test_expect_code 10 env RESUTIL_EX_DIR="$PWD/results/none" \
		resutil checkpoint 2>err && test_line_count = 1 err &&
	test_expect_code 129 resutil checkpoint word 2>err &&
	(cd / && test_must_fail resutil checkpoint --exp one 2>"$TRASH_DIRECTORY"/err) &&
	test_line_count = 1 err
'

test_expect_success 'a debug run and RESUTIL_NO_REMOTE send nothing, and do not fail' '
	(cd "$store" && ls project) >before &&
	resutil run --debug -- resutil checkpoint >out 2>err &&
	test_must_be_empty out && test_grep "Not sent" err &&
	RESUTIL_NO_REMOTE=1 resutil run -m none -- resutil checkpoint >out 2>err &&
	test_must_be_empty out && test_grep "Not sent" err &&
	(cd "$store" && ls project) >after && test_cmp before after
'

test_expect_success 'a store that is away: 12, and the run is as it was' '
	mv "$store" "$store.away" && test_when_finished "mv \"$store.away\" \"$store\"" &&
	test_expect_code 12 resutil run --no-push -m away -- \
		resutil checkpoint >out 2>err &&
	test_line_count = 1 err && test_must_be_empty out &&
	resutil read-exp --key state away >out && echo fail >want &&
	test_cmp want out
'

test_done
