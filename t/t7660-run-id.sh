#!/bin/sh

test_description='run --id: a run that can be started again'
. ./test-lib.sh

# field EXP KEY: one value of a record, as read-exp prints it
field () {
	resutil read-exp --key "$2" "$1"
}

# wait_for FILE: until it is there
wait_for () {
	tries=0
	until test -e "$1"
	do
		tries=$((tries + 1))
		test $tries -lt 600 || return 1
		sleep 0.05
	done
}

test_expect_success 'setup' '
	make_repo proj &&
	make_project proj &&
	test_commit proj project
'

TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1
RESUTIL_NO_REMOTE=1
export RESUTIL_NO_REMOTE

cat >job <<'END'
#!/bin/sh
# job [--KEY=VALUE]...: counts its starts in the experiment; ends well when
# the file "may-end" is there
echo x >>"$RESUTIL_EX_DIR/starts"
echo "start $(wc -l <"$RESUTIL_EX_DIR/starts") ${RESUTIL_RESUME:-first}"
echo "error $(wc -l <"$RESUTIL_EX_DIR/starts")" >&2
test -e may-end || exit 3
END
chmod +x job

test_expect_success 'a second start goes on in the experiment of the first' '
	rm -f may-end &&
	test_expect_code 3 resutil run -m one --id "my run/1" -- ./job --lr=0.1 \
		>out 2>err &&
	echo "start 1 first" >want && test_cmp want out &&
	field one tid >out && echo "my run/1" >want && test_cmp want out &&
	field one state >out && echo fail >want && test_cmp want out &&
	test_must_fail field one resumes &&
	field one id >id && field one at.created >created &&
	test_expect_code 3 resutil run --id "my run/1" -- ./job --lr=0.1 \
		>out 2>err &&
	echo "start 2 1" >want && test_cmp want out &&
	echo "error 2" >want && test_cmp want err &&
	resutil list-exps >names && test_line_count = 1 names &&
	field one id >out && test_cmp id out &&
	field one at.created >out && test_cmp created out &&
	field one resumes >out && echo 1 >want && test_cmp want out &&
	field one exit_code >out && echo 3 >want && test_cmp want out
'

test_expect_success 'both wrote to the same logs' '
	dir=results/$(resutil rev-exp one) &&
	printf "start 1 first\nstart 2 1\n" >want &&
	test_cmp want "$dir/stdout.log" &&
	printf "error 1\nerror 2\n" >want && test_cmp want "$dir/stderr.log"
'

test_expect_success 'one that is done gives what it had, at once' '
	>may-end &&
	resutil run --id "my run/1" -- ./job --lr=0.1 &&
	field one state >out && echo done >want && test_cmp want out &&
	field one revision >revision &&
	resutil run --id "my run/1" -- ./job --lr=0.1 >out 2>err &&
	test_must_be_empty err &&
	test_cmp "results/$(resutil rev-exp one)/stdout.log" out &&
	test_line_count = 3 out &&
	field one revision >out && test_cmp revision out
'

test_expect_success 'the program need not be there for that' '
	mv job moved &&
	test_when_finished "mv moved job" &&
	resutil run --id "my run/1" --name-file name -- ./job --lr=0.1 >out &&
	test_line_count = 3 out &&
	resutil rev-exp one >want && test_cmp want name
'

test_expect_success 'other parameters are refused, and shown' '
	test_expect_code 14 resutil run --id "my run/1" -- ./job --lr=0.2 --new \
		>out 2>err &&
	test_must_be_empty out &&
	test_grep "my run/1" err &&
	test_grep "^  lr: 0.1 then, 0.2 now$" err &&
	test_grep "^  new: none then, true now$" err &&
	test_expect_code 14 resutil run --id "my run/1" -- ./job --lr=0.1 word \
		2>err &&
	test_grep "^  then: ./job --lr=0.1$" err &&
	test_grep "^  now: ./job --lr=0.1 word$" err
'

test_expect_success 'a secret in the command is no other parameter' '
	rm -f may-end &&
	test_expect_code 3 resutil run -m secret --id secret -- ./job \
		--password hunter2 2>err &&
	test_expect_code 3 resutil run --id secret -- ./job \
		--password hunter3 2>err &&
	field secret resumes >out && echo 1 >want && test_cmp want out &&
	! grep -r hunter results .resutil
'

test_expect_success 'a file of parameters counts, too' '
	echo "lr: 0.1" >params.yaml &&
	test_expect_code 3 resutil run -m file --id file \
		--params-file params.yaml -- ./job &&
	test_expect_code 3 resutil run --id file \
		--params-file params.yaml -- ./job &&
	field file resumes >out && echo 1 >want && test_cmp want out &&
	echo "lr: 0.2" >params.yaml &&
	test_expect_code 14 resutil run --id file \
		--params-file params.yaml -- ./job 2>err &&
	test_grep "^  lr: 0.1 then, 0.2 now$" err
'

test_expect_success 'RESUTIL_RESUME is not inherited by a first start' '
	RESUTIL_RESUME=1 resutil run -m env -- \
		sh -c "echo \${RESUTIL_RESUME-unset}" >out &&
	echo unset >want && test_cmp want out
'

test_expect_success 'while the first one is alive the second is refused' '
	mkfifo gate &&
	{ timeout 60 resutil run -m alive --id alive -- \
		sh -c ">started; cat gate" & } &&
	wait_for started &&
	test_expect_code 14 resutil run --id alive -- \
		sh -c ">started; cat gate" 2>err &&
	test_grep "alive.* is running" err &&
	echo end >gate &&
	wait &&
	resutil run --id alive -- sh -c ">started; cat gate" >out &&
	echo end >want && test_cmp want out
'

test_expect_success 'also while only its program lives' '
	rm -f started &&
	{ resutil run -m orphan --id orphan -- \
		sh -c ">started; exec timeout 60 cat gate" & } &&
	recorder=$! &&
	wait_for started &&
	kill -9 $recorder &&
	{ wait $recorder || :; } &&
	test_expect_code 14 resutil run --id orphan -- \
		sh -c ">started; exec timeout 60 cat gate" 2>err &&
	# the second is said when the recorder had not noted it yet
	test_grep "running, unattended\|lost its recorder, but its process" \
		err &&
	timeout 10 sh -c ": >gate"
'

test_expect_success 'when both are gone it goes on' '
	rm gate && echo again >gate &&
	i=0 code=14 &&
	while test $code = 14
	do
		code=0 && i=$((i + 1)) && test $i -lt 200 || return 1
		sleep 0.05
		resutil run --id orphan -- \
			sh -c ">started; exec timeout 60 cat gate" \
			>out 2>err || code=$?
	done &&
	echo again >want && test_cmp want out &&
	field orphan state >out && echo done >want && test_cmp want out &&
	field orphan resumes >out && echo 1 >want && test_cmp want out
'

test_expect_success 'a run on another machine is not begun here' '
	rm -f may-end &&
	test_expect_code 3 resutil run -m far --id far -- ./job &&
	resutil update-exp --set state=running --set host=elsewhere far &&
	test_expect_code 14 resutil run --id far -- ./job 2>err &&
	test_grep "running on elsewhere" err &&
	test_grep "state=lost" err &&
	resutil update-exp --set state=lost far &&
	test_expect_code 3 resutil run --id far -- ./job &&
	field far host >out && ! grep elsewhere out
'

test_expect_success 'of many that are started at one moment one runs' '
	for i in 1 2 3 4 5 6 7 8
	do
		{
			resutil run -m "race $i" --id race -- \
				sh -c "echo run >>count; sleep 0.2" \
				2>err.$i
			echo $? >status.$i
		} &
	done &&
	wait &&
	test_line_count = 1 count &&
	resutil list-exps | grep race >names && test_line_count = 1 names &&
	for i in 1 2 3 4 5 6 7 8
	do
		# the losers saw it run, or had its result
		case $(cat status.$i) in
		0 | 1) ;;
		14) test_grep "is running" err.$i || return 1 ;;
		*) return 1 ;;
		esac
	done
'

test_expect_success 'and of many that go on with one' '
	rm -f count &&
	test_expect_code 5 resutil run -m many --id many -- \
		sh -c "echo run >>count; mkdir \"\$RESUTIL_EX_DIR/d\" && exit 5
			rmdir \"\$RESUTIL_EX_DIR/d\"" &&
	for i in 1 2 3 4 5 6
	do
		resutil run --id many -- \
			sh -c "echo run >>count; mkdir \"\$RESUTIL_EX_DIR/d\" && exit 5
			rmdir \"\$RESUTIL_EX_DIR/d\"" 2>/dev/null &
	done &&
	wait &&
	test_line_count = 2 count &&
	field many resumes >out && echo 1 >want && test_cmp want out
'

test_expect_success 'it is found when it was renamed' '
	rm -f may-end &&
	test_expect_code 3 resutil run -m before --id renamed -- ./job &&
	resutil comment before after &&
	test_expect_code 3 resutil run --id renamed -- ./job &&
	field after resumes >out && echo 1 >want && test_cmp want out
'

test_expect_success 'and without hints and caches' '
	rm -rf .resutil/tids "$HOME/.cache/resutil" &&
	test_expect_code 3 resutil run --id renamed -- ./job &&
	field after resumes >out && echo 2 >want && test_cmp want out &&
	for hint in .resutil/tids/*
	do
		echo nonsense >"$hint" || return 1
	done &&
	test_expect_code 3 resutil run --id renamed -- ./job &&
	field after resumes >out && echo 3 >want && test_cmp want out &&
	for hint in .resutil/tids/*
	do
		resutil rev-exp one >"$hint" || return 1
	done &&
	test_expect_code 3 resutil run --id renamed -- ./job &&
	field after resumes >out && echo 4 >want && test_cmp want out
'

test_expect_success 'when it was removed the next start is a first one' '
	field after id >id &&
	resutil rm -l -y after &&
	test_expect_code 3 resutil run -m anew --id renamed -- ./job >out &&
	echo "start 1 first" >want && test_cmp want out &&
	field anew id >out && ! test_cmp id out
'

test_expect_success 'one whose record is damaged is not begun anew' '
	test_expect_code 3 resutil run -m damaged --id damaged -- ./job &&
	name=$(resutil rev-exp damaged) &&
	cp "results/$name/resutil-exp.yaml" keep &&
	echo "{" >>"results/$name/resutil-exp.yaml" &&
	test_expect_code 125 resutil run --id damaged -- ./job 2>err &&
	test_grep "_damaged. was the run .damaged., and .*resutil-exp.yaml" err &&
	cp keep "results/$name/resutil-exp.yaml" &&
	test_expect_code 3 resutil run --id damaged -- ./job
'

test_expect_success 'nothing that a terminal would obey is told' '
	id=$(printf "a\033[2Jb") &&
	test_expect_code 3 resutil run -m esc --id "$id" -- ./job &&
	test_expect_code 14 resutil run --id "$id" -- ./job \
		"--x=$(printf "\033[2J")" 2>err &&
	! grep "$(printf "\033")" err
'

test_expect_success 'two experiments of one id are told' '
	resutil add other >out &&
	resutil update-exp --set tid=renamed other &&
	rm -rf .resutil/tids &&
	test_expect_code 14 resutil run --id renamed -- ./job 2>err &&
	test_grep "several experiments here are the run" err &&
	resutil rm -l -y anew &&
	test_expect_code 14 resutil run --id renamed -- ./job 2>err &&
	test_grep "was added and not run" err
'

test_expect_success 'the commit that it goes on with is noted if it differs' '
	test_expect_code 3 resutil run -m code --id code -- ./job &&
	field code git.commit_hash >first &&
	test_expect_code 3 resutil run --id code -- ./job &&
	test_must_fail field code git.resumed &&
	echo more >>file-of-code && git add file-of-code &&
	git -c user.name=x -c user.email=x@x commit -q -m more &&
	test_expect_code 3 resutil run --id code -- ./job &&
	field code git.commit_hash >out && test_cmp first out &&
	git rev-parse HEAD >want &&
	field code git.resumed.0.commit_hash >out && test_cmp want out &&
	test_expect_code 3 resutil run --id code -- ./job &&
	test_must_fail field code git.resumed.1.commit_hash
'

test_expect_success 'what could not be started is recorded, and goes on later' '
	chmod -x job &&
	test_when_finished "chmod +x job" &&
	test_expect_code 126 resutil run --id code -- ./job &&
	field code state >out && echo fail >want && test_cmp want out &&
	chmod +x job &&
	cp job job.keep &&
	printf "#!/no/such/interpreter\n" >job &&
	test_expect_code 127 resutil run --id code -- ./job &&
	mv job.keep job && chmod +x job &&
	test_expect_code 3 resutil run --id code -- ./job
'

test_expect_success 'the id is any text, within bounds' '
	>may-end &&
	id=$(printf "\"%%s\n\t \346\227\245") &&
	resutil run -m odd --id "$id" -- ./job &&
	field odd tid >out && printf "%s\n" "$id" >want &&
	resutil run --id "$id" -- ./job >out && test_line_count = 1 out &&
	long=$(printf "%01000d" 7) &&
	resutil run -m long --id "$long" -- ./job &&
	test_expect_code 129 resutil run --id "${long}0" -- ./job 2>err &&
	test_grep "1 to 1000 bytes" err &&
	test_expect_code 129 resutil run --id "" -- ./job 2>err &&
	test_expect_code 129 resutil run --id "$(printf "\377")" -- ./job 2>err &&
	test_grep "UTF-8" err &&
	test_expect_code 129 resutil run --debug --id x -- ./job 2>err &&
	test_grep "no --id" err
'

test_expect_success 'an id with the shape of a secret is refused' '
	id=ghp_$(printf "%036d" 1 | tr 0 a) &&
	test_expect_code 129 resutil run --id "$id" -- ./job 2>err &&
	test_grep "looks like a secret" err
'

test_expect_success '-n says what would be done' '
	rm -f may-end &&
	test_expect_code 3 resutil run -m plan --id plan -- ./job &&
	resutil run -n --id plan -- ./job >out &&
	printf "resume\t%s\n" "$(resutil rev-exp plan)" >want &&
	head -n 1 out >first && test_cmp want first &&
	>may-end && resutil run --id plan -- ./job &&
	resutil run -n --id plan -- ./job >out &&
	printf "stored\t%s\n" "$(resutil rev-exp plan)" >want &&
	test_cmp want out
'

test_expect_success 'hints of what is gone are cleared away' '
	resutil rm -l -y plan &&
	rm -rf .resutil/tids &&
	rm -f may-end &&
	test_expect_code 3 resutil run -m hint --id hint -- ./job &&
	test_expect_code 3 resutil run -m gone --id gone -- ./job &&
	ls .resutil/tids >out && test_line_count = 2 out &&
	resutil rm -l -y gone &&
	resutil fsck >out 2>err; test_grep ! tids out &&
	resutil gc --older-than=0s >out 2>err &&
	ls .resutil/tids >out && test_line_count = 1 out
'

test_done
