#!/bin/sh

test_description='story: two people, two clones, one store

Sato runs and pushes; Mori clones, pulls, checks, builds upon it and pushes;
Sato pulls. Then they get in the way of each other.
'
. ./test-lib.sh
unset RESUTIL_NO_REMOTE

# at SECONDS: the clock, for both
at () {
	test_set_now $((1720091755 + $1))
}

# sato COMMAND..., mori COMMAND...: in their clones, as themselves
sato () {
	(cd sato && USER=sato LOGNAME=sato HOME=$TEST_TOP_DIRECTORY/home \
		resutil "$@")
}
mori () {
	mkdir -p "$TEST_TOP_DIRECTORY/mori" &&
	(cd mori && USER=mori LOGNAME=mori HOME=$TEST_TOP_DIRECTORY/mori \
		resutil "$@")
}

# same_in_both NAME...
same_in_both () {
	for same_name
	do
		diff -r "sato/results/$same_name" "mori/results/$same_name" &&
		sato hash-experiment "$same_name" >one &&
		mori hash-experiment "$same_name" >two &&
		test_cmp one two || return 1
	done
}

# status_of FILE: the first two fields of what plumbing printed
status_of () {
	cut -f1,2 "$1" | sort
}

test_expect_success 'Sato runs a program; the run is pushed when it ends' '
	mkdir store &&
	make_repo sato &&
	(
		cd sato &&
		resutil --no-interactive init --project-name trees \
			--storage-type dir -o path="$TRASH_DIRECTORY/store"
	) &&
	at 0 &&
	sato run -m train -- sh -c "
		echo model >\"\$RESUTIL_EX_DIR/model\"
		mkdir \"\$RESUTIL_EX_DIR/empty\"
		ln -s model \"\$RESUTIL_EX_DIR/latest\"
		echo trained" &&
	train=$(sato rev-exp train) &&
	sato list-remote >out &&
	echo "$train" >want &&
	test_cmp want out &&
	test_path_is_file "store/trees/$train.zip"
'

test_expect_success 'any program that knows zip files can read what is there' '
	python3 -m zipfile --list "store/trees/$train.zip" >out &&
	test_grep "resutil-exp.yaml" out &&
	test_grep "stdout.log" out
'

test_expect_success 'Mori clones the project out of the store' '
	resutil clone "dir:$PWD/store/trees" mori >out 2>err &&
	mori list --json >out &&
	test_line_count = 1 out &&
	test_grep "\"name\": *\"$train\"" out &&
	test_path_is_missing "mori/results/$train"
'

test_expect_success 'looks at it without pulling' '
	echo trained >want &&
	mori show train:stdout.log >out &&
	test_cmp want out &&
	mori show train >out &&
	test_grep "sato" out &&
	test_path_is_missing "mori/results/$train"
'

test_expect_success 'pulls, and has the same files with the same hash' '
	mori pull train >out &&
	same_in_both "$train" &&
	mori stat-remote train >out &&
	test "$(cut -f6 out)" = "$(mori hash-experiment "$train" | cut -f1)" &&
	test_path_is_dir "mori/results/$train/empty" &&
	test "$(readlink "mori/results/$train/latest")" = model
'

test_expect_success 'builds upon it: the push takes what depends along' '
	at 60 &&
	mori run -m evaluate --no-push --subst -- \
		cp "results/$train/model" {}/copy &&
	evaluate=$(mori rev-exp evaluate) &&
	mori read-deps evaluate >out &&
	echo "$train" >want &&
	test_cmp want out &&
	mori push >out 2>err </dev/null || test $? = 129 &&
	mori push evaluate >out &&
	test_grep "$evaluate" out &&
	test_path_is_file "store/trees/$evaluate.zip"
'

test_expect_success 'Sato pulls it by its comment alone' '
	sato pull evaluate >out &&
	same_in_both "$train" "$evaluate"
'

test_expect_success 'nothing is left to do for either' '
	for who in sato mori
	do
		$who push -A >out && test_grep "^0 sent, 2 already there" out &&
		$who pull -A >out && test_grep "^0 fetched, 2 already here" out &&
		$who list-unpushed >out && test_must_be_empty out || return 1
	done
'

test_expect_success 'a run without its dependency here gets it from the store' '
	rm -rf "mori/results/$train" "mori/results/$evaluate" &&
	at 120 &&
	mori run -m again -d "$evaluate" -- true &&
	same_in_both "$train" "$evaluate"
'

# ---- growth --------------------------------------------------------------

test_expect_success 'a checkpoint is pushed while the run still goes' '
	at 180 &&
	mkfifo go &&
	{ (
		cd sato &&
		USER=sato resutil run -m grow -- sh -c "
			cd \"\$RESUTIL_EX_DIR\" &&
			echo 1 >step-1 &&
			resutil checkpoint &&
			: >../../../reached &&
			read line <../../../go &&
			echo 2 >step-2"
	) >run.out 2>run.err & } &&
	pid=$! &&
	test_when_finished "kill $pid 2>/dev/null || :" &&
	test_wait_for 20 test -e reached &&
	grow=$(sato rev-exp grow) &&
	mori pull grow &&
	echo 1 >want &&
	test_cmp want "mori/results/$grow/step-1" &&
	test_path_is_missing "mori/results/$grow/step-2" &&
	mori read-exp --key state grow >out &&
	echo running >want &&
	test_cmp want out &&
	echo go >go &&
	wait $pid
'

test_expect_success 'when it has ended Mori pulls what has grown' '
	mori pull grow >out &&
	same_in_both "$grow" &&
	echo 2 >want &&
	test_cmp want "mori/results/$grow/step-2" &&
	mori read-exp --key state grow >out &&
	echo done >want &&
	test_cmp want out
'

test_expect_success 'a finished run to which something is added grows, too' '
	sato update-exp --set info.note=checked grow &&
	sato send-pack "$grow" >out &&
	printf "grown\t%s\n" "$grow" >want &&
	status_of out >got &&
	test_cmp want got &&
	mori fetch-exp "$grow" >out &&
	status_of out >got &&
	test_cmp want got &&
	same_in_both "$grow"
'

test_expect_success 'who is behind is told so and sends nothing' '
	sato update-exp --set info.note=twice grow &&
	sato push grow &&
	cp "store/trees/$grow.zip" before.zip &&
	mori send-pack "$grow" >out 2>err &&
	test_grep "^newer	$grow" out &&
	cmp before.zip "store/trees/$grow.zip" &&
	mori pull grow &&
	same_in_both "$grow"
'

# ---- in the way of each other ----------------------------------------------

test_expect_success 'both added to one run: neither push nor pull decides' '
	sato update-exp --set info.side=sato grow &&
	mori update-exp --set info.side=mori grow &&
	sato push grow &&
	cp "store/trees/$grow.zip" before.zip &&
	cp "mori/results/$grow/resutil-exp.yaml" before.yaml &&
	test_expect_code 14 mori push grow >out 2>err &&
	test_grep "$grow" err &&
	test_expect_code 14 mori pull grow >out 2>err &&
	test_grep "$grow" err &&
	cmp before.zip "store/trees/$grow.zip" &&
	cmp before.yaml "mori/results/$grow/resutil-exp.yaml"
'

test_expect_success 'a conflict does not stop the rest, and is in the status' '
	at 240 &&
	mori run -m aside --no-push -- true &&
	aside=$(mori rev-exp aside) &&
	test_expect_code 3 mori push -A >out 2>err &&
	test_grep "$grow" err &&
	test_path_is_file "store/trees/$aside.zip" &&
	cmp before.zip "store/trees/$grow.zip"
'

test_expect_success '--force says whose it shall be' '
	mori pull --force grow &&
	same_in_both "$grow" &&
	mori read-exp --key info.side grow >out &&
	echo sato >want &&
	test_cmp want out &&
	mori send-pack "$grow" >out &&
	test_grep "^same	$grow" out
'

# The same second, the same comment, two people: two runs with one name.
test_expect_success 'two runs with one name: one is stored, the other is told' '
	at 300 &&
	sato run -m twin --no-push -- echo sato &&
	mori run -m twin --no-push -- echo mori &&
	twin=$(sato rev-exp twin) &&
	test "$twin" = "$(mori rev-exp twin)" &&
	for who in sato mori
	do
		{
			$who push twin >$who.out 2>$who.err
			echo $? >$who.status
		} &
	done &&
	wait &&
	cat sato.status mori.status | sort -n | tr "\n" " " >got &&
	printf "0 14 " >want &&
	test_cmp want got &&
	if test "$(cat sato.status)" = 0
	then
		winner=sato loser=mori
	else
		winner=mori loser=sato
	fi &&
	test_grep "$twin" $loser.err &&
	$loser show "$twin:stdout.log" >out &&
	echo $loser >want &&
	test_cmp want out &&
	$winner cat-pack "$twin" stdout.log >out &&
	echo $winner >want &&
	test_cmp want out
'

test_expect_success '--rename gives the other one a name that is free' '
	$loser push --rename twin >out &&
	$loser list-exps >here &&
	$loser list-remote >there &&
	other=$(grep -lx $loser $loser/results/*/stdout.log) &&
	other=${other#$loser/results/} &&
	other=${other%/stdout.log} &&
	test "$other" != "$twin" &&
	test_grep "^$other$" there &&
	$winner cat-pack "$other" stdout.log >out &&
	echo $loser >want &&
	test_cmp want out &&
	$winner pull -A &&
	same_in_both "$other"
'

test_expect_success 'and the loser of the name may have the winner, too' '
	$loser pull "$twin" &&
	same_in_both "$twin"
'

test_expect_success 'a run that was renamed there keeps being one run' '
	sato comment "$evaluate" judged &&
	judged=$(sato rev-exp judged) &&
	test_path_is_missing "store/trees/$evaluate.zip" &&
	test_path_is_file "store/trees/$judged.zip" &&
	test_expect_code 14 mori send-pack "$evaluate" >out 2>err &&
	test_grep "^conflict	$evaluate	.*	$judged$" out &&
	test_grep "$judged" err &&
	test_path_is_missing "store/trees/$evaluate.zip" &&
	mori pull --rename "$judged" >out 2>err &&
	test_path_is_missing "mori/results/$evaluate" &&
	same_in_both "$judged"
'

test_expect_success 'dependants of the renamed run still find it' '
	mori run -m late --no-push -d "$judged" -- true &&
	mori read-deps --closure again >out &&
	test_grep "^$judged$" out
'

test_expect_success 'another person'\''s run is not removed by accident' '
	test_expect_code 14 mori rm -r -y "$train" >out 2>err &&
	test_path_is_file "store/trees/$train.zip" &&
	mori rm -r -y "$aside" &&
	test_path_is_missing "store/trees/$aside.zip" &&
	test_path_is_dir "mori/results/$aside"
'

# ---- the pipelines that the pages document -------------------------------------

test_expect_success 'push is read-deps | send-pack: the same bytes' '
	mkdir copied &&
	sato remote add copy "dir:$TRASH_DIRECTORY/copied" &&
	mkdir piped &&
	sato remote add pipe "dir:$TRASH_DIRECTORY/piped" &&
	sato push --remote copy judged grow &&
	(
		cd sato &&
		resutil read-deps --closure judged grow >../names &&
		resutil send-pack --remote pipe --stdin <../names >../out
	) &&
	(cd copied && find . -name "*.zip" -exec cksum {} + | sort) >want &&
	(cd piped && find . -name "*.zip" -exec cksum {} + | sort) >got &&
	test_line_count -ge 3 want &&
	test_cmp want got
'

test_expect_success 'pull is list-remote | fetch-exp: the same files' '
	resutil clone "dir:$TRASH_DIRECTORY/copied/trees" left &&
	resutil clone "dir:$TRASH_DIRECTORY/copied/trees" right &&
	resutil -C left pull -A &&
	(
		cd right &&
		resutil list-remote >../names &&
		resutil fetch-exp --stdin <../names >../out
	) &&
	diff -r left/results right/results
'

test_expect_success 'Mori sends all of it back to a new store, bit by bit' '
	mkdir back &&
	(
		cd right &&
		resutil remote add back "dir:$TRASH_DIRECTORY/back" &&
		resutil push -A --remote back
	) &&
	diff -r copied/trees back/trees
'

test_done
