#!/bin/sh

test_description='run --checkpoint-every: checkpoints without the help of the program'
. ./test-lib.sh

test_expect_success 'setup' '
	make_project proj && unset RESUTIL_NO_REMOTE
'

store=$TRASH_DIRECTORY/proj.store
# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1

# A program that goes on until a checkpoint of it is in the store, or for half
# a minute.
write_script until-sent <<EOF
tries=0
until test -e "$store/project/\$RESUTIL_EX_NAME.zip" || test \$tries -gt 600
do
	sleep 0.05; tries=\$((tries + 1))
done
cp "$store/project/\$RESUTIL_EX_NAME.zip" seen.zip
EOF

nobody_sends () {
	test -z "$(ls .resutil/live | grep checkpoint)"
}

test_expect_success 'it is sent while it runs, and replaced in the end' '
	resutil run --checkpoint-every=1 -m one -- sh -c "
		echo 1 >\"\$RESUTIL_EX_DIR\"/step; ./until-sent
		echo 2 >\"\$RESUTIL_EX_DIR\"/step" >out 2>err &&
	test_must_be_empty out && test_must_be_empty err &&
	name=$(resutil rev-exp one) &&
	resutil cat-pack seen.zip resutil-exp.yaml >out &&
	test_grep "^state: running" out &&
	resutil cat-pack seen.zip step >out && echo 1 >want && test_cmp want out &&
	resutil cat-pack "$store/project/$name.zip" step >out &&
	echo 2 >want && test_cmp want out &&
	resutil cat-pack "$store/project/$name.zip" resutil-exp.yaml >out &&
	test_grep "^state: done" out && nobody_sends
'

test_expect_success 'also without a push at the end' '
	resutil run --no-push --checkpoint-every 1s -m nopush -- ./until-sent &&
	test_path_is_file "$store/project/$(resutil rev-exp nopush).zip" &&
	test_wait_for 20 nobody_sends
'

test_expect_success 'as run.checkpoint-every says; an option counts more' '
	resutil -c run.checkpoint-every=1 run --no-push -m conf -- ./until-sent &&
	test_path_is_file "$store/project/$(resutil rev-exp conf).zip" &&
	resutil -c run.checkpoint-every=1 run --no-push --no-checkpoint-every \
		-m noconf -- sleep 1.3 &&
	test_path_is_missing "$store/project/$(resutil rev-exp noconf).zip"
'

test_expect_success 'RESUTIL_NO_REMOTE and a debug run send nothing' '
	RESUTIL_NO_REMOTE=1 resutil run --checkpoint-every=1 -m away -- \
		sleep 1.3 2>err && test_must_be_empty err &&
	test_path_is_missing "$store/project/$(resutil rev-exp away).zip" &&
	resutil run --debug --checkpoint-every=1 -- sleep 1.3 2>err &&
	test_must_be_empty err && test_path_is_missing "$store/project/_debug.zip"
'

test_expect_success 'a long time is no wait at the end' '
	resutil run --checkpoint-every=100d -m long -- true
'

test_expect_success 'what is no duration: 129, or 125 in the conf' '
	for bad in 0 0.5 -1 x 10y 1e300 nan ""
	do
		test_expect_code 129 resutil run --checkpoint-every="$bad" \
			-- touch ran 2>err || return 1
	done &&
	test_expect_code 129 resutil run --checkpoint-every 2>err &&
	test_expect_code 125 resutil -c run.checkpoint-every=often \
		run -- touch ran 2>err && test_line_count = 1 err &&
	test_grep run.checkpoint-every err &&
	test_expect_code 125 resutil -c run.checkpoint-every=yes \
		run -- touch ran 2>err && test_line_count = 1 err &&
	test_path_is_missing ran
'

test_expect_success 'requests that cannot be noted are told at the end' '
	resutil run --no-push --checkpoint-every=1 -m lost -- sh -c "
		rm results/*_lost/resutil-exp.yaml
		sleep 1.5; exit 3" 2>err
	test $? = 3 &&
	test_grep "[1-9] of [1-9] checkpoints could not be asked for" err
'

test_expect_success 'nothing is left behind by a program that is killed' '
	test_expect_code 143 resutil run --checkpoint-every=1 -m killed -- sh -c "
		./until-sent; kill -TERM \$\$" &&
	resutil read-exp --key state killed >out && echo fail >want &&
	test_cmp want out && nobody_sends
'

test_done
