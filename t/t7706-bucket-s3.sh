#!/bin/sh

test_description='bucket on S3, as who comes from the S3 utilities has it

No project, only .env, a bucket that others have filled; boto3 looks at what
became of it. The Python of the page is run as it stands there.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh
. "$TEST_DIRECTORY"/lib-interop.sh

boto () {
	AWS_ACCESS_KEY_ID=$S3_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET \
		AWS_ENDPOINT_URL=$S3_ENDPOINT AWS_DEFAULT_REGION=$S3_REGION \
		/usr/bin/python3 "$TEST_DIRECTORY"/helper/s3-boto.py "$@"
}

# their_keys [PREFIX]: what boto3 lists, one a line, in byte order
their_keys () {
	boto keys lab "$@" | /usr/bin/python3 -c "
import json, sys
for line in sys.stdin:
    print(json.loads(line)[0])" | LC_ALL=C sort
}

write_env () {
	cat >.env <<-EOF
	# as the README of the S3 utilities has it
	S3_BUCKET_NAME=${1:-lab}
	AWS_ACCESS_KEY_ID=$S3_KEY
	AWS_SECRET_ACCESS_KEY=$S3_SECRET
	S3_ENDPOINT_URL=$S3_ENDPOINT
	EOF
	chmod 600 .env
}

test_expect_success 'setup: a bucket that others have filled' '
	start_radosgw && make_bucket lab second &&
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL &&
	mkdir theirs theirs/Data theirs/Data/sub theirs/Data2 &&
	echo one >theirs/Data/a.txt && echo two >theirs/Data/sub/b.txt &&
	echo three >theirs/Data2/c.txt && boto tree lab "" theirs &&
	mkdir work && cd work && write_env
'

test_expect_success 'without a project .env names the store' '
	cd work && resutil bucket --list >actual &&
	printf "%s\n" Data/ Data2/ >expect && test_cmp expect actual &&
	resutil bucket --find "*" >actual && their_keys >expect &&
	test_cmp expect actual &&
	resutil list-objects --format "%(key)" >actual &&
	test_cmp expect actual
'

test_expect_success 'the environment counts more than .env' '
	cd work && : >../none &&
	S3_BUCKET_NAME=second resutil bucket --list >actual &&
	test_cmp ../none actual &&
	S3_BUCKET_NAME=not-there test_expect_code 12 \
		resutil bucket --list 2>err &&
	test_grep "not-there" err &&
	mkdir -p plain && cd plain &&
	test_expect_code 128 resutil bucket --list 2>err &&
	test_grep "no project here.*S3_BUCKET_NAME" err &&
	env S3_BUCKET_NAME=lab S3_ENDPOINT_URL="$S3_ENDPOINT" \
		AWS_ACCESS_KEY_ID="$S3_KEY" \
		AWS_SECRET_ACCESS_KEY="$S3_SECRET" \
		resutil bucket --find Data/a.txt >actual &&
	echo Data/a.txt >expect && test_cmp expect actual &&
	test_expect_code 10 resutil bucket --remote .env --list 2>err &&
	test_grep "no bucket is named" err
'

test_expect_success 'a project counts more than .env, --remote=.env asks for that' '
	mkdir work/project work/project/store && cd work/project &&
	resutil -q --no-interactive init --storage-type dir -o path=store \
		--project-name p && write_env &&
	echo 1 >store/mine && echo mine >expect &&
	resutil bucket --list >actual && test_cmp expect actual &&
	resutil bucket --remote .env --list >actual &&
	printf "%s\n" Data/ Data2/ >expect && test_cmp expect actual &&
	resutil bucket --remote "s3://lab/Data?endpoint_url=$S3_ENDPOINT" \
		--list >actual &&
	printf "%s\n" a.txt sub/ >expect && test_cmp expect actual
'

test_expect_success 'a bad .env is told, and none of its values' '
	mkdir bad && cd bad &&
	printf "S3_BUCKET_NAME=https://x/secret-word\n" >.env &&
	test_expect_code 129 resutil bucket --list 2>err &&
	test_grep "cannot be the name of a bucket" err &&
	printf "AWS_SECRET_ACCESS_KEY=secret-word\n\0" >.env &&
	test_expect_code 13 resutil bucket --list 2>err &&
	test_grep ".env" err && test_grep ! secret-word err &&
	rm .env && mkdir .env &&
	test_expect_code 128 resutil bucket --list 2>err
'

test_expect_success 'download keeps the tree, and Data/* is Data alone' '
	cd work && resutil bucket --download "Data/*" >actual &&
	test_grep "^2 downloaded, 8 B$" actual &&
	diff -r ../theirs/Data Data && test_path_is_missing Data2 &&
	resutil bucket --download "Data/*" >actual &&
	echo "0 downloaded, 2 the same" >expect && test_cmp expect actual
'

test_expect_success 'upload, checked by boto3' '
	cd work && mkdir -p "Model/x y" && odd_keys >odd && i=0 &&
	while read -r key
	do
		mkdir -p "Model/x y/$(dirname -- "$key")" &&
		echo "$key" >"Model/x y/$key" || return 1
	done <odd &&
	head -c 100000 /dev/urandom >Model/large &&
	resutil bucket --upload Model/ >actual &&
	test_grep "^9 uploaded, " actual &&
	their_keys Model/ >keys && test_line_count = 9 keys &&
	boto get lab Model/large >got && test_cmp Model/large got &&
	while read -r key
	do
		echo "Model/x y/$key"
	done <odd | LC_ALL=C sort >expect &&
	grep "x y" keys >actual && test_cmp expect actual &&
	resutil bucket --upload Model/ >actual &&
	echo "0 uploaded, 9 the same" >expect && test_cmp expect actual
'

test_expect_success 'what only boto3 has changed is fetched again' '
	cd work && echo ONE >../new && boto put lab Data/a.txt ../new &&
	resutil bucket --download Data/ >actual &&
	test_grep "^1 downloaded, 1 the same, 4 B$" actual &&
	test_cmp ../new Data/a.txt
'

test_expect_success 'a signal in the middle: nothing half is left, the rest comes next' '
	cd work && head -c 2000000 /dev/urandom >../slow &&
	boto put lab Slow/b ../slow &&
	{
		resutil bucket --limit-rate=300KiB --download "Slow/*" \
			>../out 2>../err &
	} && pid=$! &&
	test_wait_for 20 sh -c "test -s Slow/.resutil-get-*" &&
	kill -TERM $pid && status=0 && { wait $pid || status=$?; } &&
	test $status = 143 && test_path_is_missing Slow/b &&
	find Slow -type f >../left && test_must_be_empty ../left &&
	resutil bucket --download "Slow/*" >../out &&
	test_grep "^1 downloaded, 1.9 MiB$" ../out &&
	test_cmp ../slow Slow/b && resutil bucket -q --remove -y Slow/
'

test_expect_success 'folders that a console has made are no files' '
	AWS_ACCESS_KEY_ID=$S3_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET \
		s3_ask PUT /lab/Folder/ &&
	cd work && resutil bucket --list >actual && test_grep "^Folder/$" actual &&
	resutil bucket --download -n "*" >actual 2>err &&
	test_grep ! Folder actual && test_must_be_empty err &&
	s3_ask DELETE /lab/Folder/
'

test_expect_success 'remove is only what is meant' '
	cd work && resutil bucket --remove -y "Model/*" >actual &&
	test_grep "^9 removed, " actual && their_keys >actual &&
	printf "%s\n" Data/a.txt Data/sub/b.txt Data2/c.txt >expect &&
	test_cmp expect actual && test_path_is_file Model/large
'

test_expect_success 'keys refused: 11, and no key is told' '
	cd work && test_expect_code 11 env AWS_SECRET_ACCESS_KEY=wrong-secret \
		AWS_ACCESS_KEY_ID="$S3_KEY" \
		resutil bucket --download "*" >out 2>err &&
	test_must_be_empty out && test_grep ! "wrong-secret" err &&
	test_grep ! "$S3_SECRET" err
'

test_expect_success 'the question has the word S3' '
	cd work && test -x "$BUILD_DIRECTORY/helper/pty-run" &&
	TERM=dumb NO_COLOR=1 pty-run --raw --screen=screen \
		--expect="Choose an action [delete (local), remove (S3), download, upload, exit]: " \
		--send="EXIT\n" resutil bucket --interactive "Data/*" &&
	test_grep "^Local files matching pattern:" screen &&
	test_grep "^S3 files matching pattern:" screen
'

test_expect_success 'the Python of the page, as it stands there' '
	cd work && awk "
		/^\[source,python\]/ { wanted = 1; next }
		/^----\$/ && wanted { inside = !inside; wanted = inside; next }
		inside { print }
	" "$SOURCE_DIRECTORY/Documentation/resutil-bucket.adoc" >s3.py &&
	cat >use.py <<-\EOF &&
	import os, subprocess
	from s3 import *
	assert get_s3_objects("Data/*") == ["Data/a.txt", "Data/sub/b.txt"]
	assert sizes("Data2/") == {"Data2/c.txt": 6}
	download_s3_path("Data2/*", "copy")
	assert open("copy/Data2/c.txt").read() == "three\n"
	os.makedirs("Out", exist_ok=True)
	open("Out/new\nline", "w").write("x")
	upload_s3_path("Out/")
	assert get_s3_objects("Out/*") == ["Out/new\nline"]
	remove_s3_path("Out/")
	try:
	    get_s3_objects("Out/*")
	except subprocess.CalledProcessError as e:
	    assert e.returncode == 10, e
	else:
	    raise AssertionError("still there")
	EOF
	mkdir -p copy && /usr/bin/python3 -B use.py &&
	their_keys Out/ >actual && test_must_be_empty actual
'

test_done
