#!/bin/sh

test_description='the memory of transfers with S3 has a bound

128 MB for whatever sends and fetches, as with a directory, whatever the number of
experiments and the size of each: many small ones, some that are just not large, and
several large ones at once.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

# a sanitizer needs memory of its own
if grep -qE '__(asan|tsan)_init' "$BUILD_DIRECTORY/resutil"
then
	test_skip_all '!SANITIZED'
fi

transfer=128000000

# bounded COMMAND...: it and each of its children
bounded () {
	max-rss rss "$@" >out || return 1
	rss=$(($(cat rss) * 1024)) &&
	echo >&2 "$rss bytes of $transfer: $*" &&
	test "$rss" -le $transfer
}

# there_and_back NAME: the experiments in NAME/results
there_and_back () {
	for dir in $1 $1.back
	do
		mkdir -p $dir && cat >$dir/resutil-conf.yaml <<-END || return 1
		project_name: $1
		results_dir: results
		storage_type: s3
		storage_config:
		  bucket_name: bucket
		  endpoint_url: $S3_ENDPOINT
		END
	done &&
	bounded resutil -C $1 push -A && bounded resutil -C $1.back pull -A &&
	diff -r $1/results $1.back/results &&
	bounded resutil -C $1 push -A && bounded resutil -C $1.back pull -A &&
	rm -rf $1 $1.back
}

# exp_of DIR NUMBER BYTES: an experiment with so many bytes that nothing packs
exp_of () {
	(
		mkdir -p $1 && cd $1 && name=$(printf "aapfcd_20240704T1115%02d" $2) &&
		make_exp $name "id: \"$(test_id $2)\"" "revision: 1" \
			"state: done" &&
		head -c $3 /dev/urandom >results/$name/data
	)
}

test_expect_success 'setup: a server' '
	start_radosgw && make_bucket bucket
'

test_expect_success 'many small ones' '
	mkdir small && make-workload w3 small/results 2 && there_and_back small
'

test_expect_success 'many that are just not large' '
	for nr in $(seq 24)
	do
		exp_of middle $nr 8000000 || return 1
	done &&
	there_and_back middle
'

test_expect_success 'several large ones at once' '
	for nr in $(seq 6)
	do
		exp_of large $nr 40000000 || return 1
	done &&
	there_and_back large
'

test_expect_success 'a single one' '
	exp_of single 1 200000000 && there_and_back single
'

test_done
