#!/bin/sh

test_description='story: twenty trainings at once, some killed, all reported

A training script of scikit-learn (handwritten digits) is run twenty times at
once. Some runs are killed in the middle; a checkpoint of each is in the store.
The same twenty commands again: what was done gives its output, what was killed
goes on from its own model. A second clone has all of it, and a report.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh

if ! test_have_prereq PYTHON,SKLEARN
then
	test_skip_all 'needs scikit-learn (python3-sklearn)'
fi

unset RESUTIL_NO_REMOTE
OMP_NUM_THREADS=1
OPENBLAS_NUM_THREADS=1
export OMP_NUM_THREADS OPENBLAS_NUM_THREADS
RUNS=20

# in_clone NAME COMMAND...: there
in_clone () {
	(cd "$TRASH_DIRECTORY/$1" && shift && "$@")
}

# train N: the command of the N-th run, as a job of a cluster would start it
train () {
	resutil -q run -m "digits $1" --id "digits/seed=$1" -- "$PYTHON" \
		train.py --seed=$1 --alpha=1e-$((2 + $1 % 4)) --epochs=6
}

# train_all NAME: all at once, until they end; leaves NAME.N.out, .err, .status
train_all () {
	n=1
	while test $n -le $RUNS
	do
		{
			train $n >../$1.$n.out 2>../$1.$n.err
			echo $? >../$1.$n.status
		} &
		n=$((n + 1))
	done
	wait
}

# field N KEY: of the N-th run's record
field () {
	resutil read-exp --key "$2" "digits $1"
}

# until_there FILE...: waits for them, at most a minute
until_there () {
	for file
	do
		tries=0
		until test -e "$file"
		do
			tries=$((tries + 1))
			test $tries -lt 1200 || return 1
			sleep 0.05
		done
	done
}

test_expect_success 'a project with a training script, and its first commit' '
	make_repo lab &&
	make_project lab &&
	cat >lab/train.py <<-\END &&
	"""Learns handwritten digits; goes on from its own model when resumed."""
	import argparse
	import os
	import pickle
	import time

	import resutil
	from sklearn.datasets import load_digits
	from sklearn.linear_model import SGDClassifier
	from sklearn.model_selection import train_test_split


	def waits_for_the_end(options):
	    """This start is one that will be killed."""
	    return os.path.exists("../kill.%d" % options.seed)


	def train(params, options):
	    digits = load_digits()
	    x, x_test, y, y_test = train_test_split(
	        digits.data / 16, digits.target, random_state=0)
	    saved = os.path.join(params.ex_dir, "model.pickle")
	    model, first = SGDClassifier(
	        alpha=options.alpha, random_state=options.seed), 1
	    if os.environ.get("RESUTIL_RESUME"):
	        with open(saved, "rb") as f:
	            model, first = pickle.load(f)
	        print("going on with epoch", first)
	    for epoch in range(first, options.epochs + 1):
	        model.partial_fit(x, y, classes=range(10))
	        accuracy = model.score(x_test, y_test)
	        resutil.meter(epoch=epoch, accuracy=accuracy)
	        with open(saved + ".new", "wb") as f:
	            pickle.dump((model, epoch + 1), f)
	        os.replace(saved + ".new", saved)
	        if epoch == 3 and waits_for_the_end(options):
	            params.save_checkpoint()
	            open("../reached.%d" % options.seed, "w").close()
	            time.sleep(600)
	    resutil.inform(accuracy=accuracy)
	    print("accuracy %.4f" % accuracy)


	@resutil.main()
	def main(params):
	    parser = argparse.ArgumentParser()
	    parser.add_argument("--seed", type=int)
	    parser.add_argument("--alpha", type=float)
	    parser.add_argument("--epochs", type=int)
	    train(params, parser.parse_args())


	if __name__ == "__main__":
	    main()
	END
	(
		cd lab &&
		git add . &&
		git -c user.name=x -c user.email=x@x commit -q -m training
	)
'

KILLED='2 5 8 11 14 17'

test_expect_success 'twenty runs at once, and six of them are killed' '
	reached= &&
	for n in $KILLED
	do
		>kill.$n && reached="$reached reached.$n" || return 1
	done &&
	{ in_clone lab train_all first & } &&
	until_there $reached &&
	# the program alone, the recorder alone, both, or as a cluster does it
	(
		cd lab &&
		for n in $KILLED
		do
			recorder=$(field $n meta.process.pid) &&
			program=$(sed "s/ .*//" \
				".resutil/live/$(field $n id)") &&
			case $n in
			2 | 14) kill -9 $program ;;
			5 | 17) kill -9 $recorder $program ;;
			8) kill -9 $recorder && kill -9 $program ;;
			11) kill -TERM $recorder ;;
			esac || return 1
		done
	) &&
	wait &&
	for n in $(seq $RUNS)
	do
		case " $KILLED " in
		*" $n "*) test "$(cat first.$n.status)" != 0 ;;
		*) test "$(cat first.$n.status)" = 0 ;;
		esac || return 1
	done
'

test_expect_success 'their records say how they ended' '
	(
		cd lab &&
		resutil list --format "%(comment) %(state)" >out &&
		sort out | grep -v " done$" >got &&
		cat >want <<-\END &&
		digits 11 interrupted
		digits 14 fail
		digits 17 lost
		digits 2 fail
		digits 5 lost
		digits 8 lost
		END
		test_cmp want got
	)
'

test_expect_success 'all have the commit, their parameters, and no second run' '
	(
		cd lab &&
		git rev-parse HEAD >want &&
		for n in $(seq $RUNS)
		do
			field $n git.commit_hash >out && test_cmp want out &&
			test "$(field $n params.seed)" = $n || return 1
		done &&
		resutil list-exps >out && test_line_count = $RUNS out
	)
'

test_expect_success 'what was killed is in the store as its checkpoint was' '
	resutil clone "dir:$TRASH_DIRECTORY/lab.store/project" desk \
		>out 2>&1 &&
	in_clone desk resutil -q pull --all -y &&
	(
		cd desk &&
		resutil list-exps >out && test_line_count = $RUNS out &&
		for n in $KILLED
		do
			name=$(resutil rev-exp "digits $n") &&
			test_path_is_file "results/$name/model.pickle" &&
			cat "results/$name"/metrics-*.csv >rows &&
			test_line_count = 4 rows || return 1
		done
	)
'

test_expect_success 'the same twenty commands: six go on, the rest is done' '
	rm -f kill.* &&
	in_clone lab train_all second &&
	for n in $(seq $RUNS)
	do
		test "$(cat second.$n.status)" = 0 &&
		test_grep "^accuracy 0\.[0-9]*$" second.$n.out &&
		case " $KILLED " in
		*" $n "*)
			test_grep "^going on with epoch 4$" second.$n.out ;;
		*)
			test_cmp first.$n.out second.$n.out ;;
		esac || { cat second.$n.err; return 1; }
	done
'

test_expect_success 'nothing was trained twice, and nothing was left out' '
	(
		cd lab &&
		resutil list --format "%(state)" >out && sort -u out >got &&
		echo done >want && test_cmp want got &&
		for n in $(seq $RUNS)
		do
			name=$(resutil rev-exp "digits $n") &&
			cat "results/$name"/metrics-*.csv | grep -v "^at," |
			sed "s/^[^,]*,//; s/,.*//" >got &&
			seq 6 >want && test_cmp want got || return 1
		done
	)
'

test_expect_success 'killed or not, the same parameters give the same model' '
	for n in 5 11
	do
		in_clone lab resutil -q run --no-push -m "again $n" -- \
			"$PYTHON" train.py --seed=$n \
			--alpha=1e-$((2 + $n % 4)) --epochs=6 >out &&
		tail -n 1 second.$n.out >want && test_cmp want out || return 1
	done &&
	in_clone lab resutil rm -y -l "again 5" "again 11"
'

test_expect_success 'everything is in the store, and in order' '
	(
		cd lab &&
		resutil list-unpushed >out && test_must_be_empty out &&
		resutil fsck --remote >out 2>&1 || { cat out; return 1; }
	)
'

cat >report.py <<'END'
import sys
import resutil

rows = resutil.load_report(sys.argv[1])
if not isinstance(rows, list):
    assert list(rows.index) == list(range(len(rows)))
    rows = rows.to_dict("records")
rows.sort(key=lambda row: -row["accuracy"])
assert rows[0]["accuracy"] > 0.93, rows[0]
assert {row["epochs"] for row in rows} == {6}
for row in sorted(rows, key=lambda row: row["seed"]):
    print(row["seed"], row["tid"], "%.4f" % row["accuracy"])
END

test_expect_success 'at the desk: what has grown comes, and is reported' '
	in_clone desk resutil -q pull --all -y &&
	"$PYTHON" report.py desk/results >out &&
	test_line_count = $RUNS out &&
	"$PLAIN_PYTHON" report.py desk/results >plain &&
	test_cmp out plain &&
	for n in $(seq $RUNS)
	do
		accuracy=$(tail -n 1 second.$n.out) &&
		echo "$n digits/seed=$n ${accuracy#accuracy }" || return 1
	done >want &&
	test_cmp want out
'

test_expect_success 'the metrics of one run, as a table' '
	cat >metrics.py <<-\END &&
	import sys
	import resutil
	frame = resutil.metrics.load_metrics(sys.argv[1])
	columns = sorted(frame[0] if isinstance(frame, list) else frame.columns)
	print(len(frame), columns)
	END
	name=$(in_clone desk resutil rev-exp "digits 8") &&
	"$PYTHON" metrics.py "desk/results/$name" >out &&
	echo "6 ['\''accuracy'\'', '\''at'\'', '\''epoch'\'']" >want &&
	test_cmp want out
'

test_done
