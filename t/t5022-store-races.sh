#!/bin/sh

test_description='many processes and one store'
. ./test-lib.sh

test_expect_success 'of many who create one object, one does' '
	mkdir store && for round in 1 2 3 4 5
	do
		for i in 1 2 3 4 5 6 7 8
		do
			{
				status=0
				echo $i | resutil put-object --remote dir:store \
					--absent p/$round - >out.$i 2>err.$i ||
				status=$?
				echo $status >status.$i
			} &
		done &&
		wait && cat status.? >statuses &&
		test "$(grep -c "^0$" statuses)" = 1 &&
		test "$(grep -c "^14$" statuses)" = 7 &&
		grep -l "^0$" status.? >winner &&
		echo "status.$(cat store/p/$round)" >want &&
		test_cmp want winner || return 1
	done
'

# add_one KEY: reads a number and puts the next one, until it was not changed
# in between
add_one () {
	tries=0 &&
	while test $tries -lt 500
	do
		tries=$((tries + 1)) &&
		version=$(resutil list-objects --remote dir:store \
			--format "%(version)" "$1") &&
		number=$(resutil get-object --remote dir:store \
			--version "$version" "$1" 2>/dev/null) &&
		echo $((number + 1)) | resutil put-object --remote dir:store \
			--version "$version" "$1" - >/dev/null 2>&1 && return 0
	done
	return 1
}

test_expect_success 'of many who add one, none is lost' '
	echo 0 >store/sum && for i in 1 2 3 4 5 6
	do
		{ add_one sum && add_one sum && add_one sum || echo failed $i; } \
			>add.$i &
	done &&
	wait && cat add.? >failed && test_must_be_empty failed &&
	echo 18 >want && test_cmp want store/sum
'

test_expect_success 'setup: two objects' '
	seq 100000 >a && seq 200000 300000 >b &&
	resutil put-object --remote dir:store whole a
'

test_expect_success 'readers see whole objects' '
	{
		for i in 1 2 3 4 5 6 7 8 9 10
		do
			resutil put-object --remote dir:store whole b >/dev/null &&
			resutil put-object --remote dir:store whole a >/dev/null ||
			echo failed
		done >writer
		: >over
	} &
	tries=0 && while ! test -e over && test $tries -lt 2000
	do
		tries=$((tries + 1)) &&
		resutil get-object --remote dir:store whole >seen &&
		{ cmp -s a seen || cmp b seen; } || return 1
	done &&
	wait && test_must_be_empty writer && test $tries -gt 2
'

test_expect_success 'listings show whole objects while others come and go' '
	{
		for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
		do
			resutil put-object --remote dir:store q/$i a >/dev/null &&
			resutil remove-object --remote dir:store q/$i ||
			echo failed
		done >writer
		: >over2
	} &
	printf "%s\n" 588895 >size && tries=0 &&
	while ! test -e over2 && test $tries -lt 2000
	do
		tries=$((tries + 1)) &&
		resutil list-objects --remote dir:store --format "%(size)" q/ >out &&
		{ ! test -s out || test_cmp size out; } || return 1
	done &&
	wait && test_must_be_empty writer && test $tries -gt 2
'

test_done
