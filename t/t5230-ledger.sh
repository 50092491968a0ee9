#!/bin/sh

test_description='the ledger of a remote: killed and refused at any point'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

one=aapfcd_20240704T111555_one
two=aapfcd_20240704T111556_two
log=.resutil/remotes/origin.log

# A ledger that the next sync writes anew: one line counts of very many.
fill () {
	mkdir -p .resutil/remotes && rm -f .resutil/remotes/* &&
	{
		echo "resutil-ledger 1" &&
		awk -v name=$two 'BEGIN {
			for (i = 0; i < 1100; i++)
				printf "done\t%s\t-\t0\t-\t-\tv%d\n", name, i
		}'
	} >$log
}

test_expect_success 'setup' '
	mkdir store && make_conf &&
	make_exp $one "id: $(test_id 1)" "revision: 1" "state: done" &&
	resutil send-pack $one && cut -f 1 $log >words &&
	printf "resutil-ledger 1\nstore\nintent\ndone\n" >want && test_cmp want words
'

test_expect_success 'one that is full of what counts no more is written anew' '
	rm -r store/* && fill && resutil send-pack $one &&
	grep -c "$two" $log >count && echo 1 >want && test_cmp want count &&
	grep "^done	$two	.*	v1099$" $log && grep "^done	$one	" $log
'

# conf STORE PROJECT
conf () {
	sed -e "s|^  path: .*|  path: $TRASH_DIRECTORY/$1|" \
		-e "s|^project_name: .*|project_name: $2|" resutil-conf.yaml \
		>conf && mv conf resutil-conf.yaml
}

# unpushed NAME...: these are, by what is known here
unpushed () {
	resutil list-unpushed >out &&
	printf "not-pushed\t%s\n" "$@" >want && test_cmp want out
}

test_expect_success 'another store has nothing of what the one before it has' '
	resutil list-unpushed >out && test_must_be_empty out && mkdir moved &&
	conf moved project && unpushed $one && conf store other && unpushed $one &&
	conf store project && resutil list-unpushed >out && test_must_be_empty out
'

test_expect_success 'what was noted of it tells what grew, in a copy of it' '
	cp -r store/project moved/ && resutil update-exp --set info.x=1 $one &&
	conf moved project && resutil send-pack $one >out && grep "^grown" out &&
	resutil list-unpushed >out && test_must_be_empty out &&
	conf store project && unpushed $one && conf moved project
'

test_expect_success 'that all is there already is noted, by push and pull' '
	for command in send-pack fetch-exp
	do
		rm -rf third && cp -rp moved third && cp $log saved &&
		conf third project && unpushed $one &&
		resutil $command $one >out && grep "^same" out &&
		resutil list-unpushed >out && test_must_be_empty out &&
		mv saved $log && conf moved project || return 1
	done && conf moved project
'

test_expect_success 'a ledger that is written anew says it, too' '
	fill && printf "store\tdir:/one/project\n" >>$log &&
	printf "done\t%s\t-\t0\t-\t-\tv\n" $one >>$log &&
	printf "store\t-\n" >>$log &&
	printf "done\t%s\t-\t0\t-\t-\tw\n" $two >>$log &&
	unpushed $one && three=aapfcd_20240704T111557_three &&
	make_exp $three "id: $(test_id 3)" "state: done" &&
	resutil send-pack $three && grep -v "^intent" $log | cut -f 1,2 >got &&
	printf "%s\n" "resutil-ledger 1" "store	dir:/one/project" \
		"done	$one" "store	-" "done	$two" \
		"store	dir:$TRASH_DIRECTORY/moved/project" "done	$three" >want &&
	test_cmp want got && unpushed $one && rm -r results/$three &&
	conf store project
'

# What can go wrong is written down by a run in which nothing does.
test_expect_success FAULTS 'setup: its fault points' '
	rm -rf store/* "$HOME/.cache" && fill &&
	with_faults RESUTIL_TEST_FAULT_LOG="$PWD/points" resutil send-pack $one &&
	grep -c "origin.log\|remotes$" points >count && test $(cat count) -ge 6
'

check () {
	resutil send-pack $one >out 2>err &&
	grep "^done	$one	" $log >/dev/null &&
	grep "^done	$two	.*	v1099$" $log >/dev/null &&
	ls .resutil/remotes >left && echo origin.log >want &&
	test_cmp want left && resutil verify-pack $one >/dev/null
}

# The temporary of the new file may be left by SIGKILL; no reader sees it. With
# threads the points of two runs are nearly the same.
test_expect_success FAULTS 'killed at each of them' '
	nr=0 killed=0 && while read -r line
	do
		nr=$((nr + 1)) &&
		case $line in
		*remotes*) ;;
		*) continue ;;
		esac &&
		for how in kill kill-after
		do
			rm -rf store/* "$HOME/.cache" && fill &&
			{
				with_faults RESUTIL_TEST_FAULT=any:$nr:$how \
					resutil send-pack $one >out 2>err
				status=$?
				test $status = 137 && killed=$((killed + 1))
				test $status = 137 || test $status = 0
			} && find .resutil/remotes -name "*.tmp" -delete &&
			check || return 1
		done || return 1
	done <points && test $killed -ge 10
'

test_expect_success FAULTS 'a full disk, at each of them' '
	nr=0 && while read -r line
	do
		nr=$((nr + 1)) &&
		case $line in
		*remotes*) ;;
		*) continue ;;
		esac &&
		for how in ENOSPC short
		do
			case $how,$line in
			short,write*|ENOSPC,*) ;;
			*) continue ;;
			esac &&
			rm -rf store/* "$HOME/.cache" && fill &&
			{
				with_faults RESUTIL_TEST_FAULT=any:$nr:$how \
					resutil send-pack $one >out 2>err
				test $? -lt 129
			} && check || return 1
		done || return 1
	done <points
'

test_expect_success 'many clones of the command at once lose nothing' '
	rm -rf store/* .resutil/remotes &&
	for i in 10 11 12 13 14 15 16 17
	do
		make_exp aapfcd_20240704T1120$i "id: $(test_id $i)" \
			"revision: 1" "state: done" || return 1
	done &&
	for i in 10 11 12 13 14 15 16 17
	do
		resutil send-pack aapfcd_20240704T1120$i >out.$i 2>&1 &
	done && wait &&
	grep -c "^done" $log >count && echo 8 >want && test_cmp want count &&
	resutil list-unpushed >out && ! grep T1120 out
'

test_expect_success 'a ledger of a later version is left alone' '
	rm -rf .resutil/remotes && mkdir -p .resutil/remotes &&
	echo "resutil-ledger 2" >$log && cp $log before &&
	test_expect_code 128 resutil send-pack $one 2>err && grep newer err &&
	test_cmp before $log
'

test_done
