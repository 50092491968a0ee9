#!/bin/sh

test_description='sync-keys with stores that are far: S3, Google, ssh

Checksums as each of them keeps them, few requests, and keys that anybody may
have put there.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh
. "$TEST_DIRECTORY"/lib-google.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

# sync WORDS...: in the project here, with the files of ../files
sync () {
	status=0 &&
	{ resutil sync-keys --root ../files "$@" >out 2>err || status=$?; } &&
	LC_ALL=C sort -t "	" -k 4 out >lines && return $status
}

# round_trip: what every store has to do, in a project that names it
round_trip () {
	rm -rf ../files && mkdir -p ../files/data/sub &&
	seq 3000 >../files/data/numbers && : >../files/data/empty &&
	echo one >../files/data/sub/one && echo other >../files/other &&
	sync --upload "data/*" && cat >want <<-\EOF &&
	uploaded	0	-	data/empty
	uploaded	13893	-	data/numbers
	uploaded	4	-	data/sub/one
	EOF
	test_cmp want lines && sync --compare "*" && cat >want <<-\EOF &&
	same	0	0	data/empty
	same	13893	13893	data/numbers
	same	4	4	data/sub/one
	here	6	-	other
	EOF
	test_cmp want lines &&
	echo ONE >../files/data/sub/one && rm ../files/data/numbers &&
	sync --compare "data/*" && cat >want <<-\EOF &&
	same	0	0	data/empty
	there	-	13893	data/numbers
	differs	4	4	data/sub/one
	EOF
	test_cmp want lines &&
	sync --download "data/*" && cat >want <<-\EOF &&
	same	0	0	data/empty
	downloaded	-	13893	data/numbers
	downloaded	4	4	data/sub/one
	EOF
	test_cmp want lines && seq 3000 >want &&
	test_cmp want ../files/data/numbers && echo one >want &&
	test_cmp want ../files/data/sub/one &&
	echo two >../files/data/sub/one && sync --upload data/ &&
	grep "^uploaded	4	4	data/sub/one$" lines &&
	resutil get-object data/sub/one >got && echo two >want &&
	test_cmp want got && sync --remove "data/[en]*" &&
	cat >want <<-\EOF &&
	removed	-	0	data/empty
	removed	-	13893	data/numbers
	EOF
	test_cmp want lines &&
	resutil list-objects --format "%(key)" data/ >got &&
	echo data/sub/one >want && test_cmp want got
}

test_expect_success 'S3: a round trip' '
	start_radosgw && make_bucket bucket && start_proxy "$S3_ENDPOINT" &&
	mkdir s3 && cd s3 && bucket_conf "$PROXY" && round_trip && cd ..
'

test_expect_success 'S3: what is the same costs one listing' '
	cd s3 && seq 3000 >../files/data/numbers && sync --upload "data/*" &&
	proxy_rules && sync --upload "data/*" &&
	cut -f1 out | sort -u >got && echo same >want && test_cmp want got &&
	test_requests = 1 "method == \"GET\"" &&
	test_requests = 0 "method == \"PUT\"" && cd ..
'

test_expect_success 'S3: keys that are no paths are told and never written' '
	cd s3 && echo evil >evil && for key in ../x /abs a//b data/../../y ./z
	do
		s3_ask -b evil PUT "/bucket/$key" >&4 2>&1 || return 1
	done && rm -rf ../files && mkdir -p ../files/in &&
	cat >want <<-\EOF &&
	there	-	0	data/empty
	there	-	13893	data/numbers
	there	-	4	data/sub/one
	EOF
	resutil sync-keys --root ../files/in --compare "*" >out 2>err &&
	test_cmp want out && grep "^resutil: warning: the key .* so nothing can use it" err >odd &&
	test_line_count = 3 odd && test_grep "5 keys like these in all" err &&
	test_expect_code 3 resutil sync-keys --root ../files/in \
		--download "*" >out 2>err && sort -k 4 out >lines &&
	sed "s/^there/downloaded/" want >all && test_cmp all lines &&
	test_expect_code 128 resutil sync-keys --root ../files/in \
		--download "[.a/]*" >out 2>err && test_must_be_empty out &&
	test_expect_code 128 resutil sync-keys --remove "a/*" 2>err &&
	test_grep "empty component" err &&
	ls -A .. >got && ! grep -e "^x$" -e "^y$" -e "^z$" got &&
	test_path_is_missing /abs && find ../files -type f >got &&
	test_line_count = 3 got && cd ..
'

test_expect_success 'Google: a round trip, and what is the same costs one listing' '
	start_gcs && gcs_bucket lab && mkdir gcs && cd gcs && gcs_conf lab &&
	round_trip && cd ..
'

# "both.y" lies between them in the order of bytes.
test_expect_success 'Google: a key that is a file and a directory' '
	cd gcs && rm -rf ../files/* && echo 1 >one &&
	for key in both both.y both/deep/x both/x
	do
		resutil put-object $key one >&4 || return 1
	done && test_expect_code 3 sync --download "both*" &&
	cat >want <<-\EOF &&
	downloaded	-	2	both
	downloaded	-	2	both.y
	failed	-	2	both/deep/x
	failed	-	2	both/x
	EOF
	test_cmp want lines &&
	test_grep "cannot download .both/x.: .both. is in the store, too" err &&
	test_grep "cannot download .both/deep/x.: .both. is in the store" err &&
	find ../files -type f | sort >got &&
	printf "%s\n" ../files/both ../files/both.y >want &&
	test_cmp want got && resutil remove-object both both.y both/deep/x both/x &&
	cd ..
'

test_expect_success 'ssh: a round trip, by a shell that is none of ours' '
	start_sshd && mkdir ssh "$SSH_STORES/keys" && cd ssh &&
	cat >resutil-conf.yaml <<-END &&
	project_name: project
	results_dir: results
	storage_type: ssh
	storage_config:
	  host: lab-fish
	  path: $SSH_STORES/keys
	END
	round_trip && cd ..
'

# The sums of 40 files are made there, where they lie.
test_expect_success 'ssh: what is the same is not read from there' '
	cd ssh && for i in $(seq 40)
	do
		echo $i >../files/data/$i || return 1
	done && sync --upload "data/*" &&
	RESUTIL_TRACE=$PWD/trace sync --upload "data/*" &&
	cut -f1 out | sort | uniq -c | tr -s " " >got && echo " 43 same" >want &&
	test_cmp want got && grep -c "store: sum" trace >got && echo 43 >want &&
	test_cmp want got && ! grep -e "store: get" -e "store: put" trace && cd ..
'

test_done
