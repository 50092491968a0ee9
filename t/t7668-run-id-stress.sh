#!/bin/sh

test_description='run --id: many start one run, and are killed

Six loops start the same run again and again; recorders are killed after random
times, also while they begin. Never do two programs of it run at once, there is
never a second experiment, and in the end it is done.
'
. ./test-lib.sh

test_expect_success 'setup' '
	make_project proj &&
	cat >program <<-\END
	#!/bin/sh
	# works at what nobody else may work at
	mkdir ../busy || echo "$$ at once" >>../violations
	echo "$$" >>"$RESUTIL_EX_DIR/starts"
	sleep 0.03
	rmdir ../busy
	test -e ../may-end
	END
'

# starts N: a loop; each start has its own time to live. Its recorder alone is
# killed, so the program may live on.
starts () {
	i=0
	while test $i -lt 25
	do
		i=$((i + 1))
		left=0.$(printf %03d $(( ($1 * 37 + i * 53) % 180 + 2 )))
		timeout --foreground -s KILL $left resutil run -m one --id one -- \
			sh ../program >/dev/null 2>>../said.$1
		status=$?
		echo $status >>../statuses
		test $status != 14 || sleep 0.02
	done
}

test_expect_success 'never two at once, never two experiments' '
	(
		cd proj &&
		for n in 1 2 3 4 5 6
		do
			starts $n &
		done &&
		wait
	) &&
	test_path_is_missing violations &&
	ls proj/results >names && test_line_count = 1 names
'

test_expect_success 'some were killed, some refused, and nothing else was wrong' '
	sort statuses | uniq -c >counts &&
	test_grep " 137$\| 124$" counts && test_grep " 14$" counts &&
	cat said.* >said &&
	test_grep ! "cannot\|several experiments" said
'

test_expect_success 'in the end it is done, and all is in order' '
	>may-end &&
	(
		cd proj &&
		i=0 &&
		until resutil run --id one -- sh ../program >out 2>err
		do
			i=$((i + 1)) && test $i -lt 200 || return 1
			sleep 0.02
		done &&
		resutil read-exp --key state one >out &&
		echo done >want && test_cmp want out &&
		: "each start of the program was noted before; how many had" &&
		: "the time to get so far depends on the machine" &&
		resumes=$(resutil read-exp --key resumes one || echo 0) &&
		starts=$(cat results/*_one/starts | wc -l) &&
		test "$starts" -ge 1 && test "$resumes" -ge $((starts - 1)) &&
		resutil gc --older-than=0 >out &&
		resutil fsck >out || { cat out; return 1; }
	) &&
	test_path_is_missing violations
'

test_done
