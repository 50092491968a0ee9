#!/bin/sh

test_description='run --capture: what a program logs elsewhere is of its run'
. ./test-lib.sh

other () {
	/usr/bin/python3 -B "$TEST_DIRECTORY"/helper/other-runs.py "$@"
}

test_expect_success 'setup: what was there before is of no run' '
	make_project && mkdir work && other wandb work && other mlflow before &&
	mkdir -p work/mlruns && cp -R before/mlruns/7 work/mlruns/old &&
	write_script train <<-EOF
	/usr/bin/python3 -B "$TEST_DIRECTORY/helper/other-runs.py" mlflow new
	sed -i s/0a1b2c3d/11112222/ new/mlruns/7/0a*/meta.yaml
	cp -R new/mlruns/7 mlruns/7
	cp -R new/mlruns/7 mlruns/8
	sed -i s/11112222/33334444/ mlruns/8/0a*/meta.yaml
	rm -r new
	resutil inform mlflow.runName=mine
	EOF
	loss=mlruns/7/0a1b2c3d4e5f60718293a4b5c6d7e8f9/metrics/loss
'

test_expect_success 'params, series and files become its own' '
	(cd work && resutil run -m own --capture -- ../train --lr 0.5) 2>err &&
	dir=$(echo results/*_own) && resutil read-exp --json own >record &&
	/usr/bin/python3 - <<-\EOF &&
	import json
	r = json.load(open("record"))
	assert r["params"] == {"lr": 0.5, "model/depth": 3,
	                       "note": "two\nlines"}, r["params"]
	assert r["info"]["mlflow.experiment"] == "digits"
	assert r["state"] == "done" and r["user"] != "ann", r
	first, second = r["captured"]
	assert first["format"] == "mlflow" and first["params"]["lr"] == 0.01
	assert {first["id"][:8], second["id"][:8]} == {"11112222", "33334444"}
	assert first["series"] == {"": "metrics-0000.csv",
	                           "system": "metrics-0001-system.csv"}
	assert all(k.startswith(second["id"][:8]) for k in second["series"])
	EOF
	test_path_is_file $dir/artifacts/model/weights.bin &&
	ls $dir/captured >out && test_line_count = 1 out &&
	ls $dir/metrics-* >out && test_line_count = 4 out &&
	test_path_is_missing $dir/files && ls results >out &&
	test_line_count = 1 out && resutil fsck
'

test_expect_success 'what has grown meanwhile is of the run, what has not is not' '
	(cd work && resutil run -m grown --capture=mlflow,wandb -- \
		sh -c "echo 5000 1 9 >>$loss") &&
	resutil read-exp --json --key captured grown >out &&
	test_grep 11112222 out && test_grep ! 33334444 out &&
	test_grep ! wandb out
'

test_expect_success 'each format is, and all in one run' '
	mkdir five && (cd five && resutil run -m five --capture -- sh -c "
		for kind in votakvot mlflow tensorboard wandb dvc
		do
			/usr/bin/python3 -B \"$TEST_DIRECTORY/helper/other-runs.py\" \$kind \$kind || exit
		done") 2>err && resutil read-exp --json five >record &&
	/usr/bin/python3 - <<-\EOF &&
	import csv, glob, json
	r = json.load(open("record"))
	of = {}
	for c in r["captured"]:
	    of.setdefault(c["format"], []).append(c)
	assert sorted(of) == ["dvc", "mlflow", "tensorboard", "votakvot", "wandb"], of
	assert len(of["tensorboard"]) == 2 and len(r["captured"]) == 6
	dir, = glob.glob("results/*_five")
	def last(kind, column, series=""):
	    for c in of[kind]:
	        for name, file in c["series"].items():
	            rows = list(csv.DictReader(open(dir + "/" + file)))
	            if name.endswith(series) and column in rows[0]:
	                return [row[column] for row in rows if row[column]][-1]
	got = [last("votakvot", "loss"), last("mlflow", "loss"), last("tensorboard", "acc", "validation"),
	       last("wandb", "cpu", "system"), last("dvc", "acc")]
	assert got == ["0.25", "0.25", "0.9375", "12.5", "0.9"], got
	assert of["wandb"][0]["params"]["lr"] == 0.1 and r["params"]["x"] == 1
	EOF
	dir=$(echo results/*_five) && test_path_is_file $dir/model/weights &&
	find $dir/captured -name weights.bin >out && test_line_count = 1 out && resutil fsck && rm -r five
'

test_expect_success 'nothing is captured of other formats, or without being asked' '
	(cd work && resutil run -m other --capture=dvc -- \
		sh -c "echo 6000 1 9 >>$loss") &&
	(cd work && resutil run -m no -- \
		sh -c "echo 7000 1 9 >>$loss") &&
	for exp in other no
	do
		resutil read-exp --json $exp >out && test_grep ! captured out ||
		return 1
	done
'

test_expect_success 'a program that fails keeps what it logged, and its status' '
	test_expect_code 7 resutil run -m failed --capture -- sh -c "
		mkdir -p dvclive/plots/metrics &&
		printf \"step\\tx\\n0\\t1\\n\" >dvclive/plots/metrics/x.tsv; exit 7" &&
	resutil read-exp --key state failed >out && echo fail >want &&
	test_cmp want out && test_path_is_file results/*_failed/metrics-0000.csv
'

test_expect_success 'what cannot be captured is told, and the run is recorded' '
	test_expect_code 128 resutil run -m bad --capture=wandb -- \
		sh -c "mkdir odd && echo no >odd/run-x.wandb" 2>err &&
	test_grep "is no log of W&B" err &&
	resutil read-exp --key state bad >out && echo done >want &&
	test_cmp want out &&
	test_expect_code 128 resutil run -m unknown --capture=aim -- true 2>err &&
	test_grep "there is no format .aim." err
'

test_expect_success 'capture-runs: results are passed over, the list has a sign' '
	mkdir results/x && cp -R before/mlruns results/x &&
	resutil capture-runs --list --format=mlflow . >out &&
	cut -f 1 out | sort -u >got && echo mlflow >want && test_cmp want got &&
	test_grep 0a1b2c3d out && test_line_count = 4 out &&
	resutil capture-runs --list -z --format=mlflow . >listed &&
	resutil capture-runs --exp=no --before=listed . --format=mlflow >out &&
	test_must_be_empty out &&
	test_expect_code 10 resutil capture-runs --exp=none . &&
	test_expect_code 10 resutil capture-runs --list nowhere &&
	test_expect_code 129 resutil capture-runs . &&
	test_expect_code 129 resutil capture-runs --list --exp=no .
'

test_done
