#!/bin/sh

test_description='days with a store on S3

Uploads that are killed in the middle, a laptop without a network, two machines
that send hundreds of runs at once. RESUTIL_TEST_EXPENSIVE=1 kills an upload
of a gigabyte.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

unset RESUTIL_NO_REMOTE
PART='method == "PUT" and "partNumber" in args and status == 200'
RUNS=150
# As small as parts may be, so that there are many.
MIB=50 RESUTIL_TEST_S3_PART=5242880
export RESUTIL_TEST_S3_PART
if test -n "${RESUTIL_TEST_EXPENSIVE:-}"
then
	MIB=1024
	unset RESUTIL_TEST_S3_PART
fi

# new_project DIR BUCKET [ENDPOINT]; with one, it is that of nobody
new_project () {
	mkdir "$1" && resutil --no-interactive -C "$1" init \
		${3:+--offline} --project-name project --storage-type s3 \
		-o bucket_name="$2" -o endpoint_url="${3:-$PROXY}" >/dev/null
}

# cut_push SIGNAL N: a push gets the signal, all its processes at once, when the
# server has the Nth of the parts, while three more may be under way; the others
# never arrive. Its status in $status
cut_push () {
	proxy_rules "{\"method\": \"PUT\", \"path\": \"partNumber\", \"nth\": $2,
		\"run_after\": \"kill -$1 -\$(cat $PWD/pid)\"}" \
		"{\"method\": \"PUT\", \"path\": \"partNumber\",
		\"from\": $(($2 + 4)), \"stall_up\": 0}" &&
	status=0 &&
	{
		setsid -w sh -c "echo \$\$ >pid; exec resutil push large" \
			>out 2>err || status=$?
	} &&
	test_wait_for 60 is_quiet
}

# What was under way has come to its end.
is_quiet () {
	before=$(wc -l <"$PROXY_LOG") && sleep 0.2 &&
	test "$before" = "$(wc -l <"$PROXY_LOG")"
}

# Of what is not whole nobody sees anything.
nothing_there () {
	resutil list-remote >there && test_must_be_empty there &&
	test_expect_code 10 resutil -C ../other pull large 2>err &&
	resutil fsck --remote >found && test_grep ! "error" found
}

parts=$((MIB / 8 + 1))
test -z "$RESUTIL_TEST_S3_PART" || parts=$((MIB / 5 + 1))

test_expect_success 'setup: a server, and a large run' '
	start_radosgw && make_bucket bucket many laptop &&
	start_proxy "$S3_ENDPOINT" &&
	new_project proj bucket && new_project other bucket &&
	cd proj && mkdir files files/small &&
	head -c ${MIB}M /dev/urandom >files/data &&
	echo small >files/small/a &&
	resutil add large --from files && name=$(resutil rev-exp large)
'

test_expect_success 'kill -9 in the middle of an upload: nothing is to be seen' '
	cd proj && cut_push KILL $((parts / 2)) && test $status = 137 &&
	nothing_there && test_path_is_file .resutil/uploads/origin/$name.json
'

test_expect_success 'then again: it goes on' '
	cd proj && proxy_rules && resutil push large 2>err &&
	test_grep "resumed; .* had been sent before" err &&
	test_requests -ge 1 "$PART" &&
	test_requests -lt $((parts - 1)) "$PART" &&
	resutil list-remote >there && test_line_count = 1 there &&
	resutil -C ../other pull large && diff -r files \
		../other/results/$name -x "resutil-exp.yaml" -x "*.log" &&
	resutil -C ../other rm -l -y large && resutil rm -r -y large
'

test_expect_success 'Ctrl-C in the middle, twice, and then again' '
	cd proj && cut_push INT 2 && test $status = 130 &&
	nothing_there && cut_push INT 2 && test $status = 130 &&
	nothing_there && proxy_rules && resutil push large 2>err &&
	test_grep "resumed; .* had been sent before" err &&
	resutil verify-pack --remote=origin $name &&
	s3_ask GET "/bucket?uploads=" >left && test_grep ! "<UploadId>" left &&
	resutil gc --remote >out && resutil fsck --remote >found &&
	echo "nothing is wrong" >want && test_cmp want found
'

test_expect_success 'without a network: run keeps it, and the status of the program' '
	new_project laptop laptop "http://127.0.0.1:$(free_port)" &&
	cd laptop && write_script train <<-\EOF &&
	mkdir "$RESUTIL_EX_DIR/model" &&
	seq 100000 >"$RESUTIL_EX_DIR/log" &&
	head -c 3000000 /dev/urandom >"$RESUTIL_EX_DIR/model/weights" &&
	echo "$1" >"$RESUTIL_EX_DIR/score" && exit "$1"
	EOF
	{ resutil run -m good -- ./train 0 2>good.err & } && good=$! &&
	test_expect_code 7 resutil run -m bad -- ./train 7 2>bad.err &&
	wait $good && test_grep "^resutil: .*push" good.err &&
	test_grep "^resutil: .*push" bad.err &&
	resutil run --no-push -m quiet -- ./train 0 2>err &&
	test_must_be_empty err &&
	resutil read-exp --key state good bad >states &&
	printf "done\nfail\n" >want && test_cmp want states &&
	resutil list-exps >left &&
	test_expect_code 12 resutil send-pack --patience=1 --stdin <left 2>err &&
	test_grep "connect" err && resutil list-unpushed >left &&
	test_line_count = 3 left && resutil list --offline >rows &&
	test_grep "good" rows && test_grep "bad" rows
'

test_expect_success 'at home push -A sends them; a colleague takes what is needed' '
	cd laptop && sed "s#endpoint_url: .*#endpoint_url: \"$PROXY\"#" \
		resutil-conf.yaml >conf && mv conf resutil-conf.yaml &&
	resutil push -A >out && test_grep "3 sent" out &&
	resutil list-unpushed >left && test_must_be_empty left &&
	resutil clone "s3://laptop/project?endpoint_url=$PROXY" ../colleague &&
	cd ../colleague && proxy_rules && resutil list >rows &&
	test_grep "good" rows && test_grep "bad" rows &&
	resutil show bad:score >out && echo 7 >want && test_cmp want out &&
	resutil pull good -- log score && exp=results/$(resutil rev-exp good) &&
	cmp $exp/log ../laptop/$exp/log && cmp $exp/score ../laptop/$exp/score &&
	test_path_is_missing $exp/model/weights &&
	count_requests "method == \"GET\"" down >bytes &&
	test "$(awk "{ n += \$1 } END { print n }" bytes)" -lt 2000000
'

test_expect_success 'setup: two machines, with hundreds of runs each' '
	new_project one many && new_project two many &&
	for machine in one two
	do
		(
			cd $machine && nr=0 &&
			while test $nr -lt $RUNS
			do
				nr=$((nr + 1)) &&
				id=$(printf "%05d" $nr) &&
				exp=aapfup_20240704T191555_$machine-$id &&
				make_exp $exp "id: \"$(test_id $nr)-$machine\"" \
					"revision: 1" "state: done" &&
				echo $machine $nr >results/$exp/file || return 1
			done
		) || return 1
	done
'

test_expect_success 'both push -A at once, and both see all of them' '
	{ resutil -C two push -A >two.out 2>two.err & } && two=$! &&
	resutil -C one push -A >one.out 2>one.err && wait $two &&
	test_grep "^$RUNS sent" one.out && test_grep "^$RUNS sent" two.out &&
	resutil -C one list-remote >there && test_line_count = $((2 * RUNS)) there &&
	resutil -C two pull -A >out && test_grep "^$RUNS fetched" out &&
	resutil -C two push -A >out && test_grep "^0 sent" out &&
	diff -r one/results/aapfup_20240704T191555_one-00150 \
		two/results/aapfup_20240704T191555_one-00150
'

test_done
