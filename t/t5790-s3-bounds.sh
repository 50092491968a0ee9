#!/bin/sh

test_description='the memory of what speaks to S3 has a bound

128 MB for whatever sends, fetches and lists, whatever the size of files, the
number of experiments and that of other objects in the bucket; more, and also a
bound, where several large ones are packed at once. RESUTIL_TEST_EXPENSIVE=1
takes a gigabyte, 10,000 experiments and 1,000,000 objects.
'
mib=96 experiments=500 objects=50000 named=20000
if test -n "${RESUTIL_TEST_EXPENSIVE:-}"
then
	mib=1024 experiments=10000 objects=1000000 named=100000
fi
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh
unset RESUTIL_NO_REMOTE

. "$TEST_DIRECTORY"/lib-memory.sh

transfer=128000000 at_once=200000000

# clones BUCKET DIR...
clones () {
	bucket=$1 && shift &&
	for who
	do
		rm -rf "$who" && mkdir "$who" &&
		resutil --no-interactive -C "$who" init --project-name project \
			--storage-type s3 -o bucket_name=$bucket \
			-o endpoint_url="$AT" >/dev/null || return 1
	done
}

test_expect_success 'setup: a server' '
	start_radosgw && make_bucket large many && AT=$S3_ENDPOINT
'

test_expect_success "a large file ($mib MiB) is sent, fetched and checked" '
	clones large p q && mkdir files &&
	head -c ${mib}M /dev/urandom >files/data &&
	resutil -C p add big --from "$PWD/files" >/dev/null &&
	bounded $transfer resutil -C p push big &&
	bounded $transfer resutil -C p push big &&
	bounded $transfer resutil -C q pull big &&
	cmp files/data q/results/*_big/data &&
	bounded $transfer resutil -C q fsck --remote --read-data &&
	bounded $transfer resutil -C q comment big huge &&
	bounded $transfer resutil -C q rm -r -y huge && rm -rf files p q
'

test_expect_success "many large ones at once (8 of $((mib / 8)) MiB)" '
	clones large p q && mkdir files &&
	head -c $((mib / 8))M /dev/urandom >files/data &&
	for i in 1 2 3 4 5 6 7 8
	do
		resutil -C p add n$i --from "$PWD/files" >/dev/null || return 1
	done &&
	bounded $at_once resutil -C p push -A -j 8 &&
	bounded $at_once resutil -C q pull -A -j 8 &&
	resutil -C q list-exps >names && test_line_count = 8 names &&
	resutil -C q rm -r -y $(cat names) && rm -rf files p q
'

test_expect_success "many experiments ($experiments)" '
	clones many p q &&
	(
		cd p && nr=0 &&
		while test $nr -lt $experiments
		do
			nr=$((nr + 1)) &&
			exp=aapfup_20240704T191555_$(printf "%07d" $nr) &&
			make_exp $exp "id: \"$(test_id $nr)\"" "revision: 1" \
				"state: done" &&
			echo $nr >results/$exp/file || return 1
		done
	) &&
	bounded $transfer resutil -C p push -A &&
	bounded $transfer resutil -C p push -A &&
	bounded $transfer resutil -C q pull -A &&
	bounded $transfer resutil -C q list >/dev/null &&
	bounded $transfer resutil -C q fsck --remote &&
	resutil -C q list-exps >names && test_line_count = $experiments names
'

test_expect_success "many objects ($objects), of this project and of others" '
	start_odd_s3 && export AWS_ACCESS_KEY_ID=$ODD_KEY &&
	export AWS_SECRET_ACCESS_KEY=$ODD_SECRET && AT=$ODD && clones odd p &&
	resutil -C p add one >/dev/null && resutil -C p push one >/dev/null &&
	odd_modes "{\"many\": $objects}" &&
	# what sorts them holds them, in 200 bytes each
	bounded $((20000000 + objects * 200)) resutil -C p list-objects &&
	test_line_count = $objects out &&
	bounded $transfer resutil -C p list-remote &&
	test_must_be_empty out && bounded $transfer resutil -C p push one &&
	bounded $transfer resutil -C p gc --remote -n &&
	odd_modes "{\"many\": $named,
		\"name\": \"aapfup_20240704T191555_%07d.zip\"}" &&
	bounded $transfer resutil -C p list-remote &&
	test_line_count = $named out && bounded $transfer resutil -C p push one
'

test_done
