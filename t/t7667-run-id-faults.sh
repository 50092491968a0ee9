#!/bin/sh

test_description='run --id: cut short at each of its steps'
. ./test-lib.sh

test_expect_success 'setup' '
	make_project proj &&
	cat >program <<-\END &&
	#!/bin/sh
	# each start adds a line; the second one is the last
	echo start >>"$RESUTIL_EX_DIR/starts"
	test "$1" = first || exit 0
	test $(wc -l <"$RESUTIL_EX_DIR/starts") -gt 1
	END
	chmod +x program
'

# start WORD: `run --id`, as a person would do it
start () {
	resutil run -m new --id "my run" -- ../program "$1"
}

# sound: exactly one experiment has the id, it is done, and all is in order
sound () {
	ls results >names &&
	test_line_count = 1 names &&
	resutil read-exp --key tid new >out && echo "my run" >want &&
	test_cmp want out &&
	resutil read-exp --key state new >out && echo done >want &&
	test_cmp want out &&
	resutil gc --older-than=0 >out 2>&1 &&
	resutil fsck >out 2>&1 || { cat out; return 1; }
}

# again WORD: started once more until it is done; what went before may still
# be alive for a moment, if its program is
again () {
	tries=0
	until start "$1" >/dev/null 2>err
	do
		tries=$((tries + 1))
		if test $tries -gt 100
		then
			cat err
			return 1
		fi
		sleep 0.01
	done
}

# each_point PREPARE ACTION STEP: ACTION at each STEP-th point
each_point () {
	point=1
	ended=
	while test -z "$ended"
	do
		rm -rf proj/results proj/.resutil &&
		(
			cd proj && mkdir results && $1 &&
			{
				with_faults RESUTIL_TEST_FAULT="any:$point:$2" \
					RESUTIL_TEST_FAULT_LOG=../log \
					resutil run -m new --id "my run" -- \
					../program first >/dev/null 2>&1
				echo $? >../status
			} &&
			again first && sound
		) || {
			echo "failed at point $point"
			return 1
		}
		case $(cat status) in
		0 | 1) test $point -gt $(wc -l <log) && ended=t ;;
		esac
		: >log
		point=$((point + $3))
		test $point -lt 400 || return 1
	done
	echo "$point points"
}

nothing () {
	:
}

begun () {
	start first >/dev/null 2>&1
	test -d results
}

test_expect_success FAULTS 'a first start that is killed' '
	each_point nothing kill 1
'

test_expect_success FAULTS 'a second start that is killed' '
	each_point begun kill 1
'

test_expect_success FAULTS 'a second start that is killed after a step' '
	each_point begun kill-after 2
'

test_expect_success FAULTS 'a full disk' '
	each_point nothing ENOSPC 2 &&
	each_point begun ENOSPC 2
'

test_done
