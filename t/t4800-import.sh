#!/bin/sh

test_description='import: runs that other programs recorded become experiments

What they leave is written by t/helper/other-runs.py, its messages encoded by
the library of Protocol Buffers.
'
. ./test-lib.sh

other () {
	/usr/bin/python3 -B "$TEST_DIRECTORY"/helper/other-runs.py "$@"
}

# of EXP KEY...: what its record says, as JSON, a line each
of () {
	exp=$1 && shift && for key
	do
		resutil read-exp --json --key "$key" "$exp" || return 1
	done
}

test_expect_success 'setup' '
	make_project && for kind in mlflow tensorboard wandb dvc votakvot
	do
		other $kind "there/$kind" || return 1
	done && cp -Rp there kept
'

test_expect_success 'MLflow' '
	resutil import mlflow there/mlflow >out 2>err &&
	test_line_count = 1 out && grep "^new	[a-z]*_[0-9T]*_bold-shrew-12	0a1b2c3d4e5f60718293a4b5c6d7e8f9$" out &&
	test_grep "1 lines of .*val/acc. are no points" err &&
	test_grep "1 new, 0 grown, 0 the same" err &&
	ml=$(cut -f 2 out) && dir=results/$ml && cat >want <<-\EOF &&
	{"lr":0.01,"note":"two\nlines","model/depth":3}
	"done"
	"train.py"
	"ann"
	"2024-07-04T11:15:55.123000+00:00"
	"2024-07-04T11:16:04.000000+00:00"
	"c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeebeef"
	"digits"
	EOF
	of $ml params state cmd user at.created at.finished git.commit_hash \
		info >is &&
	/usr/bin/python3 -c "
import json
lines = open(\"is\").read().splitlines()
params = json.loads(lines[0])
keys = [\"lr\", \"note\", \"model/depth\"]
print(json.dumps({k: params.pop(k) for k in keys}, separators=(\",\", \":\")))
assert not params, params
print(*lines[1:7], sep=\"\\n\")
print(json.dumps(json.loads(lines[7])[\"mlflow.experiment\"]))" >out &&
	test_cmp want out && cat >want <<-\EOF &&
	at,step,at.2,loss,val/acc
	1720091755.000000,0,1.0,1.0,
	1720091756.000000,1,,0.5,0.75
	1720091757.000000,2,,0.3333333333333333,
	1720091758.000000,3,,0.25,nan
	EOF
	test_cmp want $dir/metrics-0000.csv && cat >want <<-\EOF &&
	at,step,cpu
	1720091755.050000,0,12.5
	EOF
	test_cmp want $dir/metrics-0001-system.csv &&
	cmp kept/mlflow/mlruns/7/0a*/artifacts/model/weights.bin \
		$dir/artifacts/model/weights.bin &&
	test_path_is_file $dir/artifacts/empty.txt && resutil fsck
'

test_expect_success 'once, and again only what is new' '
	resutil import mlflow there/mlflow >out 2>err && test_must_be_empty out &&
	test_grep "0 new, 0 grown, 1 the same" err &&
	resutil inform --exp $ml mine=1 && resutil tid --exp $ml >out &&
	base=there/mlflow/mlruns/7/0a1b2c3d4e5f60718293a4b5c6d7e8f9 &&
	echo 56000 0.5 4 >>$base/metrics/loss && echo new >$base/artifacts/new &&
	printf 5 >$base/params/more &&
	resutil import -n mlflow there/mlflow >out 2>err &&
	grep "^grown	$ml	" out && test_path_is_missing $dir/artifacts/new &&
	resutil import --json mlflow there/mlflow >out &&
	grep "\"result\":\"grown\",\"name\":\"$ml\"" out &&
	tail -n 1 $dir/metrics-0000.csv >out &&
	echo "1720091756.000000,4,,0.5," >want && test_cmp want out &&
	ls $dir/metrics* >out && test_line_count = 2 out &&
	echo new >want && test_cmp want $dir/artifacts/new &&
	of $ml params.more info.mine >out && printf "5\n1\n" >want &&
	test_cmp want out && ls results >out && test_line_count = 1 out &&
	printf "1720091757000 0.0625 1" >>$base/metrics/loss &&
	resutil import mlflow there/mlflow >out 2>err && test_grep ! "loss. are no" err &&
	test_line_count = 6 $dir/metrics-0000.csv &&
	echo 0 >>$base/metrics/loss && resutil -q import mlflow there/mlflow &&
	tail -n 1 $dir/metrics-0000.csv >out &&
	echo "1720091757.000000,10,,0.0625," >want && test_cmp want out
'

test_expect_success 'TensorBoard' '
	resutil import tensorboard there/tensorboard >out 2>err &&
	test_line_count = 2 out && tb=$(sed -n "s/.*\(aap.*_run1\).*/\1/p" out) &&
	test_grep "1 values that are neither" err && dir=results/$tb &&
	of $tb params state >out && cat >want <<-\EOF &&
	{"lr":0.1,"n":3,"on":true,"opt":"adam"}
	"done"
	EOF
	/usr/bin/python3 -c "
import json
first, second = open(\"out\").read().splitlines()
print(json.dumps(json.loads(first), sort_keys=True, separators=(\",\", \":\")))
print(second)" >is && test_cmp want is && cat >want <<-\EOF &&
	at,step,loss,said
	1720091756.000000,0,0.33333334,
	1720091757.000000,1,0.25,"""two\nlines"""
	1720091758.000000,2,0.2,
	EOF
	test_cmp want $dir/metrics-0000.csv && cat >want <<-\EOF &&
	at,step,acc,big,fine
	1720091758.000000,2,0.875,,
	1720091759.000000,3,0.9375,1099511627776.0,1.0e-300
	EOF
	test_cmp want $dir/metrics-0001-validation.csv &&
	grep PNG "$dir/images/old/image/000001.png" &&
	grep jpg "$dir/images/new image/000001.jpg" &&
	ls results/*_keras >out && printf "%s\n" metrics-0000-train.csv \
		metrics-0001-validation.csv resutil-exp.yaml >want &&
	test_cmp want out && resutil fsck
'

test_expect_success 'W&B' '
	resutil import wandb there/wandb >out 2>err && wb=$(cut -f 2 out) &&
	grep "_bold_sun_7	ab12cd34$" out && dir=results/$wb &&
	of $wb params.lr params.layers state exit_code host tags info.best \
		at.created at.finished git.remote >out && cat >want <<-\EOF &&
	0.1
	[1,2]
	"fail"
	1
	"box"
	["a","b"]
	0.001
	"2024-07-04T11:15:55.500000+00:00"
	"2024-07-04T11:16:07.500000+00:00"
	"https://example.org/x"
	EOF
	test_cmp want out && of $wb params.note >out &&
	test $(wc -c <out) = 70003 && test_line_count = 1502 $dir/metrics-0000.csv &&
	sed -n "1,2p;1502p" $dir/metrics-0000.csv >out && cat >want <<-\EOF &&
	at,step,acc,train.loss,grad.a,grad.b.c
	1720091755.250000,0,nan,1.0,,
	1720091755.500000,1500,,,1.5,2.0
	EOF
	test_cmp want out && cat >want <<-\EOF &&
	at,cpu
	1720091757.000000,12.5
	EOF
	test_cmp want $dir/metrics-0001-system.csv &&
	test_path_is_file $dir/files/media/images/a.png &&
	of $wb info >out && test_grep ! _runtime out && test_grep "bold/sun:7" out
'

test_expect_success 'DVCLive: the next run in the same directory is another' '
	resutil import dvc there/dvc >out 2>err && dvc=$(cut -f 2 out) &&
	cat >want <<-\EOF &&
	at,step,acc,train/loss
	1720091755.000000,0,0.5,0.5
	1720091756.000000,1,0.9,0.1
	EOF
	test_cmp want results/$dvc/metrics-0000.csv &&
	of $dvc params.model.depth info.train.loss >out &&
	printf "3\n0.1\n" >want && test_cmp want out &&
	test_path_is_file results/$dvc/plots/images/a.png &&
	test_path_is_file results/$dvc/artifacts/model.pkl &&
	printf "2	0.05\n" >>there/dvc/dvclive/plots/metrics/train/loss.tsv &&
	resutil import dvc there/dvc >out && grep "^grown	$dvc	" out &&
	/usr/bin/python3 -B -c "
import sys
sys.argv[1:] = []
sys.path.insert(0, \"$TEST_DIRECTORY/helper\")
m = __import__(\"other-runs\")
m.dvc(\"there/dvc\", 0.75)" && resutil import dvc there/dvc >out &&
	grep "^new	" out && test_line_count = 1 out
'

test_expect_success 'votakvot' '
	resutil import votakvot there/votakvot >out && vv=$(cut -f 2 out) &&
	grep "_train_lr=1	0123456789abcdef0123456789abcdef$" out &&
	of $vv params info result state at.started meta.system.platform >out &&
	cat >want <<-\EOF &&
	{"x":1}
	{"acc":0.5,"a.b":[1,2]}
	3
	"done"
	"2024-07-04T11:15:55.200000+00:00"
	"linux"
	EOF
	test_cmp want out && cat >want <<-\EOF &&
	at,loss,said
	1720091755.500000,0.5,
	1720091756.500000,0.25,"a, b"
	EOF
	test_cmp want results/$vv/metrics-0000.csv &&
	test_path_is_file results/$vv/metrics-0001-aux.csv &&
	test_path_is_file results/$vv/model/weights
'

test_expect_success 'they can be reported, and nothing there was changed' '
	resutil report --format=csv --columns name,state,params.lr >out &&
	grep "_bold-shrew-12,done,0.01" out && grep "_bold_sun_7,fail,0.1" out &&
	diff -r kept/wandb there/wandb && diff -r kept/tensorboard there/tensorboard &&
	diff -r kept/votakvot there/votakvot && resutil fsck
'

test_expect_success 'of each format once, by whatever path' '
	ln -s there link && ls results >before && for kind in mlflow tensorboard wandb dvc votakvot
	do
		resutil import $kind there/$kind >out 2>err && test_must_be_empty out &&
		test_grep "0 new, 0 grown, [12] the same" err &&
		(cd kept && resutil import $kind ../link/./$kind) >out 2>err &&
		test_must_be_empty out && test_grep "0 new, 0 grown, [12] the same" err || return 1
	done && ls results >after && test_cmp before after && rm link
'

test_expect_success 'what is new of each format' '
	log=$(echo there/wandb/wandb/*/run-ab12cd34.wandb) && echo more >"${log%/*}/files/more" &&
	echo "1720091757.5,0.125,x" >>there/votakvot/trials/train/lr=1/metrics-0000.csv &&
	for kind in wandb votakvot
	do
		resutil import $kind there/$kind >out 2>err && test_grep "^grown" out &&
		test_grep "0 new, 1 grown, 0 the same" err || return 1
	done && test_cmp "${log%/*}/files/more" results/$wb/files/more &&
	tail -n 1 results/$vv/metrics-0000.csv >out &&
	echo "1720091757.500000,0.125,x" >want && test_cmp want out &&
	test_line_count = 4 results/$vv/metrics-0000.csv && ls results >after && test_cmp before after &&
	mkdir half && events=there/tensorboard/logs/run1/events.out.tfevents.1720091755.box.1 &&
	head -c $(($(wc -c <$events) / 2)) $events >half/events.out.tfevents.1.half &&
	resutil import tensorboard half >out && grep "^new" out && half=$(cut -f 2 out) &&
	test_grep ! said results/$half/metrics-0000.csv &&
	cp $events half/events.out.tfevents.1.half &&
	resutil import tensorboard half >out && grep "^grown	$half	" out &&
	test_cmp results/$tb/metrics-0000.csv results/$half/metrics-0000.csv &&
	test_cmp "results/$tb/images/old/image/000001.png" "results/$half/images/old/image/000001.png"
'

test_expect_success 'what is wrong is told' '
	test_expect_code 10 resutil import mlflow nowhere 2>err &&
	test_grep "there is no directory" err &&
	test_expect_code 129 resutil import aim there 2>err &&
	test_grep "there are votakvot, mlflow, tensorboard, wandb, dvc" err &&
	mkdir empty && resutil import wandb empty 2>err &&
	test_grep "no run of W&B" err &&
	mkdir bad && echo nonsense >bad/run-x.wandb &&
	test_expect_code 13 resutil import wandb bad 2>err &&
	test_grep "is no log of W&B" err &&
	mkdir bad/e && printf "\1\0\0\0\0\0\0\0bad!data" >bad/e/events.out.tfevents.1.x &&
	resutil import --no-artifacts tensorboard bad/e >out 2>err &&
	test_grep "damaged behind its record 0" err &&
	mkdir -p bad/m && printf "run_id: [x\n" >bad/m/meta.yaml &&
	resutil import mlflow bad/m 2>err && test_grep "line" err
'

# meta FILE LINE...
meta () {
	file=$1 && shift && mkdir -p "${file%/*}/params" && printf "%s\n" "$@" >"$file"
}

test_expect_success 'of MLflow: what is no run, or says what cannot be' '
	mkdir odd && cp -R kept/mlflow/mlruns odd/ && runs=odd/mlruns/7 &&
	meta $runs/none/meta.yaml "status: 3" "run_name: none" &&
	meta $runs/torn/meta.yaml "run_id: torn" "  status: [" &&
	meta $runs/models/m-1/meta.yaml "model_id: m-1" &&
	meta $runs/late/meta.yaml "run_id: late" "start_time: 1e300" \
		"end_time: soon" "status: 9" &&
	meta $runs/123e4/meta.yaml "run_id: 123e4" "status: RUNNING" \
		"end_time: null" &&
	meta $runs/away/meta.yaml "run_id: away" "lifecycle_stage: deleted" &&
	test_expect_code 3 resutil import -n mlflow odd >out 2>err &&
	cut -f 3 out | sort >got &&
	printf "%s\n" 0a1b2c3d4e5f60718293a4b5c6d7e8f9 123e4 late >want &&
	test_cmp want got &&
	test_grep "/none/meta.yaml. has no run_id, so that run is left out" err &&
	test_grep "/torn/meta.yaml.*line" err && test_grep ! m-1 err &&
	test_grep "/late.: its start_time is no time" err &&
	test_grep "/late.: its end_time is no time" err &&
	test_grep "/late.: its status is none that MLflow has" err &&
	test_grep ! "/123e4" err && test_grep "2 would be new, 1 would grow" err &&
	test_expect_code 3 resutil import mlflow $runs/none 2>err &&
	test_line_count = 3 err
'

test_expect_success 'a pipe, a link or a directory of such a name is waited for by nobody' '
	mkdir -p no/tb/a no/tb/b no/w/run-p no/w/run-l no/w/run-two no/v no/d/plots/metrics &&
	mkfifo no/tb/a/events.out.tfevents.1.x no/w/run-p/run-pipe.wandb no/v/votakvot.yaml no/d/params.yaml &&
	log=$(echo "$PWD"/there/wandb/wandb/*/run-ab12cd34.wandb) && ln -s "$log" no/w/run-l/run-link.wandb &&
	mkdir no/tb/b/events.out.tfevents.2.y && for id in b a
	do
		cp "$log" no/w/run-two/run-$id.wandb || return 1
	done &&
	timeout 60 resutil import -n tensorboard no/tb >out 2>err && test_grep "tfevents.1.x. is not a regular file" err &&
	test_expect_code 3 timeout 60 resutil import -n wandb no/w >out 2>err &&
	test_grep "run-pipe.wandb. is not a regular file" err && test_grep "cannot read .*run-link.wandb" err &&
	test_grep "of 2 logs only .run-a.wandb. is read" err && cut -f 3 out >got && echo a >want && test_cmp want got &&
	test_expect_code 3 timeout 60 resutil import -n dvc no/d >out 2>err &&
	test_expect_code 3 timeout 60 resutil import -n votakvot no/v >out 2>err && test_grep "votakvot.yaml. is not a regular file" err &&
	cp -R kept/mlflow/mlruns no/ && mkfifo "$(echo no/mlruns/7/0a*/artifacts)/pipe" &&
	sed -i s/0a1b2c3d/99999999/ no/mlruns/7/0a*/meta.yaml && timeout 60 resutil import mlflow no/mlruns >out 2>err &&
	test_grep "artifacts. is left out: pipe (FIFO)" err && dir=results/$(cut -f 2 out) &&
	test_path_is_missing $dir/artifacts/pipe && test_path_is_missing $dir/.resutil-new &&
	cmp kept/mlflow/mlruns/7/0a*/artifacts/model/weights.bin $dir/artifacts/model/weights.bin && resutil fsck
'

test_expect_success 'cut anywhere, it is read up to there' '
	log=$(echo there/wandb/wandb/*/run-ab12cd34.wandb) &&
	events=there/tensorboard/logs/run1/events.out.tfevents.1720091755.box.1 &&
	for at in 0 6 7 8 13 40 1000 32767 32768 32775 60000
	do
		mkdir -p cut/$at &&
		head -c $at "$log" >cut/$at/run-cut$at.wandb &&
		head -c $at $events >cut/$at/events.out.tfevents.$at || return 1
	done && test_expect_code 3 resutil import -n wandb cut >out 2>err &&
	test_line_count = 9 out && resutil import tensorboard cut >out 2>err &&
	test_line_count = 11 out && test_grep ! "damaged" err &&
	resutil rm -y $(cut -f 2 out) && resutil fsck
'

test_expect_success 'several at once import each run once' '
	rm -rf results/* && for i in 1 2 3 4
	do
		resutil -q import mlflow there/mlflow >out.$i 2>err.$i &
		eval "pid$i=$!"
	done && wait $pid1 && wait $pid2 && wait $pid3 && wait $pid4 &&
	cat out.? >out && test_line_count = 1 out && ls results >out &&
	test_line_count = 1 out
'

test_expect_success 'a run that goes on is there as far as it is' '
	other mlflow running && base=$(echo running/mlruns/7/0a*) &&
	sed -i "s/^status: 3/status: 1/;s/^end_time: .*/end_time: null/;s/0a1b2c/ffffff/" \
		$base/meta.yaml &&
	resutil -q import mlflow running >out && exp=$(cut -f 2 out) &&
	of $exp state >out && echo "\"added\"" >want && test_cmp want out &&
	sed -i "s/^status: 1/status: 4/" $base/meta.yaml && echo >>$base/meta.yaml &&
	resutil -q import mlflow running && of $exp state >out &&
	echo "\"fail\"" >want && test_cmp want out
'

test_done
