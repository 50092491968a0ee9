#!/bin/sh

test_description='S3: other programs read what we wrote, and we what they wrote'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh
. "$TEST_DIRECTORY"/lib-interop.sh
unset RESUTIL_NO_REMOTE

fixture=$TEST_DIRECTORY/fixtures/python-store

boto () {
	/usr/bin/python3 "$TEST_DIRECTORY"/helper/s3-boto.py "$@"
}

# They ask for nothing but what stands here.
their_s3cmd () {
	s3cmd --config=/dev/null --access_key="$S3_KEY" \
		--secret_key="$S3_SECRET" --host="127.0.0.1:$S3_PORT" \
		--host-bucket="127.0.0.1:$S3_PORT" --no-ssl --no-progress \
		--no-mime-magic --quiet "$@"
}

their_rclone () {
	RCLONE_CONFIG=/dev/null RCLONE_CONFIG_T_TYPE=s3 \
	RCLONE_CONFIG_T_PROVIDER=Ceph \
	RCLONE_CONFIG_T_ENDPOINT="$S3_ENDPOINT" \
	RCLONE_CONFIG_T_ACCESS_KEY_ID="$S3_KEY" \
	RCLONE_CONFIG_T_SECRET_ACCESS_KEY="$S3_SECRET" \
	RCLONE_CONFIG_T_NO_CHECK_BUCKET=true \
	rclone --retries 1 --s3-chunk-size 5Mi --s3-upload-cutoff 5Mi "$@"
}

# project DIR PREFIX: one whose store is s3://lab/PREFIX/proj
project () {
	mkdir "$1" &&
	resutil -C "$1" --no-interactive init --project-name proj \
		--storage-type s3 -o bucket_name=lab -o prefix="$2" >/dev/null
}

test_expect_success 'setup: a server, a project with packs small and large' '
	start_radosgw && make_bucket lab && project p ours &&
	odd_keys >odd && push_small_and_large
'

for client in boto s3cmd rclone
do
	test_expect_success "$client reads our packs, which are zip files" '
		mkdir read &&
		test_when_finished "rm -rf read" &&
		case $client in
		boto)	boto read-all lab ours/proj/ read ;;
		s3cmd)	their_s3cmd get --recursive s3://lab/ours/proj/ read/ ;;
		rclone)	their_rclone copy t:lab/ours/proj read ;;
		esac &&
		same_as_read
	'
done

test_expect_success 'what is larger than 8 MiB was put in parts' '
	large=$(grep large names) &&
	boto parts lab "ours/proj/$large.zip" >out && echo 4 >want &&
	test_cmp want out &&
	small=$(grep small names) &&
	boto parts lab "ours/proj/$small.zip" >out && echo one >want &&
	test_cmp want out && boto uploads lab >out && test_must_be_empty out
'

test_expect_success 'metadata that we put is what others see' '
	boto head lab "ours/proj/$(grep small names).zip" >theirs &&
	test_line_count -gt 1 theirs &&
	sed -n "s/^size=//p" theirs >size &&
	resutil list-objects --remote s3://lab/ours --format "%(size)" \
		"proj/$(grep small names).zip" >ours && test_cmp size ours
'

# The content of each is its key.
test_expect_success 'keys of all characters: put by us, read by all' '
	make_bucket odd &&
	while IFS= read -r key
	do
		printf "%s" "$key" >content &&
		resutil put-object --remote s3://odd -- "$key" content \
			>/dev/null ||
		return 1
	done <odd &&
	resutil list-objects --remote s3://odd --format "%(key)" -z |
	tr "\0" "\n" | sort >ours && sort odd >want && test_cmp want ours &&
	mkdir of.boto of.rclone of.s3cmd && boto read-all odd "" of.boto &&
	ls -A of.boto >got && test_line_count = 8 got &&
	for file in of.boto/* of.boto/.hidden*
	do
		/usr/bin/python3 -c "
import sys, urllib.parse
sys.stdout.write(urllib.parse.unquote(sys.argv[1]))" "${file#of.boto/}" >want &&
		cmp want "$file" || return 1
	done &&
	their_rclone copy t:odd of.rclone &&
	their_s3cmd get --recursive s3://odd/ of.s3cmd/ &&
	while IFS= read -r key
	do
		printf "%s" "$key" >want &&
		cmp want "of.rclone/$key" && cmp want "of.s3cmd/$key" || return 1
	done <odd
'

for client in boto s3cmd rclone
do
	test_expect_success "keys of all characters: put by $client, read by us" '
		make_bucket from-$client && rm -rf theirs && mkdir theirs &&
		while IFS= read -r key
		do
			mkdir -p "theirs/$(dirname "./$key")" &&
			printf "%s" "$key" >"theirs/$key" || return 1
		done <odd &&
		case $client in
		boto)	boto tree from-boto "" theirs ;;
		s3cmd)	their_s3cmd put --recursive theirs/ s3://from-s3cmd/ ;;
		rclone)	their_rclone copy theirs t:from-rclone ;;
		esac &&
		resutil list-objects --remote s3://from-$client \
			--format "%(key)" -z | tr "\0" "\n" | sort >ours &&
		sort odd >want && test_cmp want ours &&
		while IFS= read -r key
		do
			printf "%s" "$key" >want &&
			resutil get-object --remote s3://from-$client \
				-- "$key" >got && cmp want got || return 1
		done <odd &&
		while IFS= read -r key
		do
			resutil remove-object --remote s3://from-$client \
				-- "$key" || return 1
		done <odd &&
		boto keys from-$client >out && test_must_be_empty out
	'
done

test_expect_success 'a store that was copied by rclone is pulled' '
	mkdir dir && resutil -C p remote add plain "dir:$PWD/dir" &&
	resutil -C p push -A --remote plain && ls dir/proj >packs &&
	test_line_count = 2 packs &&
	their_rclone copy dir t:lab/copied &&
	project q copied && resutil -C q pull -A &&
	resutil -C q list-exps >got && test_cmp names got &&
	while IFS= read -r name
	do
		diff -r "p/results/$name" "q/results/$name" || return 1
	done <names &&
	resutil -C q fsck --remote --read-data
'

test_expect_success 'the other way: rclone checks what we pushed against it' '
	their_rclone check --download --match - t:lab/ours t:lab/copied >same &&
	test_line_count = 2 same
'

test_expect_success 'parts of any size that others made' '
	large=$(grep large names) &&
	resutil get-object --remote s3://lab/ours "proj/$large.zip" >pack &&
	boto upload lab "parts/proj/$large.zip" pack 5 7 6 &&
	boto parts lab "parts/proj/$large.zip" >out && echo 5 >want &&
	test_cmp want out &&
	resutil get-object --remote s3://lab/parts "proj/$large.zip" >got &&
	cmp pack got && project r parts &&
	resutil -C r list-remote >out && echo "$large" >want && test_cmp want out &&
	resutil -C r show "$large" >out && test_grep "large" out &&
	resutil -C r cat-pack --remote origin "$large" big >got && cmp big got &&
	resutil -C r pull "$large" && diff -r "p/results/$large" "r/results/$large" &&
	resutil -C r push -A >out && boto parts lab "parts/proj/$large.zip" >out &&
	test_cmp - out <<-\END
	5
	END
'

test_expect_success 'a project of the Python Resutil, in a bucket with litter' '
	mkdir packed && cp -R "$fixture"/store/. packed &&
	mkdir bucket && /usr/bin/python3 "$TEST_DIRECTORY/helper/python-store.py" \
		push bucket MyProj packed \
		"aakuqj_20240511T174522_my data" "aamxrp_20240606T135747_" \
		"aapfup_20240704T191555_日本 a_b" &&
	/usr/bin/python3 "$TEST_DIRECTORY/helper/python-store.py" \
		litter bucket MyProj &&
	make_bucket old && boto tree old "" bucket &&
	boto put old MyProj/ odd && boto put old MyProj/sub/ odd &&
	mkdir s && resutil -C s --no-interactive init --project-name MyProj \
		--storage-type s3 -o bucket_name=old >/dev/null &&
	resutil -C s list-remote >out &&
	printf "%s\n" "aakuqj_20240511T174522_my data" \
		"aamxrp_20240606T135747_" "aapfup_20240704T191555_日本 a_b" >want &&
	test_cmp want out &&
	resutil -C s show "aakuqj_20240511T174522_my data:raw/part 1.txt" >out &&
	test_cmp "$fixture/store/aakuqj_20240511T174522_my data/raw/part 1.txt" out &&
	resutil -C s pull -A && while IFS= read -r name
	do
		diff -r "packed/$name" "s/results/$name" || return 1
	done <want
'

test_done
