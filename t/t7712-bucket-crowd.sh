#!/bin/sh

test_description='bucket: many at once, on one tree'

. ./test-lib.sh

N=${RESUTIL_TEST_CROWD:-100}

test_expect_success 'setup' '
	mkdir -p store here/Data && i=0 &&
	while test $i -lt 20
	do
		echo "content of $i" >here/Data/f$i && i=$((i + 1)) || return 1
	done
'

# Each is an upload or a download of the same keys, from the same directory: no
# file is ever half there, and nobody fails but by a conflict of one key.
test_expect_success 'a hundred commands, uploads and downloads of one tree' '
	mkdir said && cp -r here copy && pids= && i=0 &&
	while test $i -lt $N
	do
		case $((i % 4)) in
		0)	set -- --upload --root here ;;
		1)	set -- --download --root copy ;;
		2)	set -- --upload --root copy ;;
		3)	set -- --find ;;
		esac
		resutil bucket --remote dir:store "$@" "Data/*" \
			>said/$i.out 2>said/$i.err &
		pids="$pids $!" && i=$((i + 1))
	done &&
	for pid in $pids
	do
		status=0
		wait $pid || status=$?
		case $status in 0|3|10|14) ;; *) echo $status ;; esac
	done >bad &&
	test_must_be_empty bad &&
	diff -r here/Data store/Data && diff -r here/Data copy/Data &&
	find store copy here -name ".*" -type f >left &&
	sed "/\.resutil-.*lock/d" left >unlocked && test_must_be_empty unlocked
'

test_expect_success 'when all is quiet, all is the same' '
	resutil bucket --remote dir:store --root here --upload "Data/*" >out &&
	echo "0 uploaded, 20 the same" >expect && test_cmp expect out
'

test_expect_success 'removing by many: each key goes once, none is an error' '
	pids= && for i in 1 2 3 4 5 6 7 8
	do
		resutil bucket --remote dir:store --remove -y "Data/*" \
			>said/r$i.out 2>said/r$i.err &
		pids="$pids $!"
	done &&
	for pid in $pids
	do
		status=0
		wait $pid || status=$?
		case $status in 0|3|10|14) ;; *) echo $status ;; esac
	done >bad &&
	test_must_be_empty bad &&
	find store -type f ! -name ".resutil-*" >left &&
	test_must_be_empty left
'

test_done
