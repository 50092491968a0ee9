#!/bin/sh

test_description='diff: repeats of runs, and gates'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

nr=100

# one COMMENT LR SEED ACC [LINE...]
one () {
	nr=$((nr + 1)) &&
	one_name=aapfup_20240704T191${nr}_$1 one_lr=$2 one_seed=$3 one_acc=$4 &&
	shift 4 &&
	make_exp $one_name "id: $(test_id $nr)" "state: ${state-done}" \
		"argv: [python3, t.py, --lr, \"$one_lr\", --seed, \"$one_seed\"]" \
		"params: {lr: $one_lr, seed: $one_seed}" \
		"info: {acc: $one_acc, same: 5}" "$@"
}

test_expect_success 'setup: five of each, with other seeds' '
	make_conf && mkdir store &&
	one base 0.1 1 0.90 && one x 0.1 2 0.91 && one x 0.1 3 0.89 &&
	one x 0.1 4 0.92 && one x 0.1 5 0.88 &&
	one new 0.2 1 0.80 && one x 0.2 2 0.83 && one x 0.2 3 0.82 &&
	one x 0.2 4 0.79 && one x 0.2 5 0.81
'

# The values of R: t.test(c(.80, .83, .82, .79, .81), c(.90, .91, .89, .92, .88)):
# t = -9, df = 8, p-value = 1.853e-05, interval -0.11306004 -0.06693996
test_expect_success PYTHON 'the change of means, its p and its interval are those of R' '
	resutil diff --json --only=results base new >actual &&
	python3 - >out <<-\END &&
	import json
	row, = [json.loads(line) for line in open("actual")]
	print(row["name"], row["repeats_a"], row["repeats_b"],
	      *("%.8f" % row[k] for k in ("mean_a", "mean_b", "sd_a", "low", "high")),
	      "%.3e" % row["p"], row["significant"])
	END
	echo "info.acc 5 5 0.90000000 0.81000000 0.01581139 -0.11306004 -0.06693996 1.853e-05 True" \
		>expect &&
	test_cmp expect out &&
	resutil diff --stat base new >page &&
	test_grep "info.acc  0.9 -> 0.8 .*means 0.9 and 0.81, p < 0.0001, significant" page &&
	test_grep "of 5 runs like A, 5 like B" page
'

test_expect_success 'without repeats there is no p' '
	resutil diff --no-repeats --format="%(name) %(p)%(repeats_a)." \
		--only=results base new >actual &&
	echo "info.acc ." >expect && test_cmp expect actual &&
	resutil diff --no-repeats --stat base new >page && ! grep "runs like" page
'

test_expect_success 'what is no repeat does not count' '
	state=fail one x 0.1 6 0.1 && state=running one x 0.1 7 0.1 &&
	one x 0.1 8 0.1 "git: {commit_hash: abc}" &&
	one x 0.1 9 0.1 "dependency: [aakuqj_20240511T174522_data]" &&
	one x 0.3 10 0.1 && one x 0.1 11 0.1 "function: m.f" &&
	make_exp aapfup_20240704T191900_x "state: done" "argv: [python3, o.py]" \
		"params: {lr: 0.1, seed: 1}" "info: {acc: 0.1}" &&
	resutil diff --stat base new >page &&
	test_grep "of 5 runs like A, 5 like B" page
'

test_expect_success '--repeat-over names what may differ besides' '
	resutil diff --repeat-over=lr --stat base new >page &&
	test_grep "A and B repeat each other: 11 runs" page &&
	resutil diff --repeat-over="l*" --stat base new >again &&
	test_cmp page again && ! grep significant page
'

test_expect_success 'repeats of one run: how much they vary' '
	resutil diff --stat base aapfup_20240704T191102_x >page &&
	test_grep "info.acc  0.9 -> 0.91 .*repeats: 0.9 (sd 0.016)" page &&
	test_grep "A and B repeat each other: 5 runs are alike" page
'

test_expect_success 'where the environment differs, only those with the same repeat it' '
	for run in 1 2
	do
		for seed in 1 2 3
		do
			one py$run-$seed 0.5 $seed 0.$run$seed \
				"meta: {python: {version: 3.1$run}, host: {boot_id: \"$seed\"}}" ||
			return 1
		done
	done &&
	resutil diff --stat py1-1 py2-1 >page &&
	test_grep "of 3 runs like A, 3 like B" page &&
	test_grep "meta.python.version" page &&
	resutil diff --stat py1-1 py1-2 >page &&
	test_grep "A and B repeat each other: 6 runs" page
'

test_expect_success 'changes beside the commit have to be the same' '
	for seed in 1 2 3 4
	do
		one dirty$seed 0.7 $seed 0.$seed \
			"git: {commit_hash: abc, uncommited_files: [t.py], patch: uncommited.patch}" &&
		mkdir results/$one_name/uncommited_files &&
		echo $((seed / 3)) >results/$one_name/uncommited.patch &&
		echo $((seed / 3)) >results/$one_name/uncommited_files/t.py ||
		return 1
	done &&
	resutil diff --stat dirty1 dirty3 >page &&
	test_grep "of 2 runs like A, 2 like B" page
'

# e has p = 0.029 (R: t.test(36:66, ...) of 10 apart): of two results that is
# enough by Holm, but neither by Bonferroni; of six it is not.
test_expect_success 'many results: only what stays significant among all of them' '
	for seed in 1 2 3 4
	do
		for lr in 1 2
		do
			one m$lr-$seed 0.9$lr $seed 0.$lr$seed \
				"result: {a: $((lr * 10 + seed)), b: $((lr + seed)), c: $((seed * lr % 3)), d: $lr.0, e: $((lr * 26 + seed * 10))}" &&
			one h$lr-$seed 0.8$lr $seed 0.$lr$seed \
				"result: {e: $((lr * 26 + seed * 10))}" ||
			return 1
		done
	done &&
	resutil diff --format="%(name) %(significant)" --only=results m1-1 m2-1 \
		>actual &&
	cat >expect <<-\END &&
	info.acc true
	result.a true
	result.b false
	result.c false
	result.d true
	result.e false
	END
	test_cmp expect actual &&
	resutil diff --format="%(name) %(significant)" --only=results h1-1 h2-1 \
		>actual &&
	printf "%s true\n" info.acc result.e >expect && test_cmp expect actual
'

# gate STATUS EXPR...: for base and new
gate () {
	gate_status=$1 && shift && gate_args= &&
	test_expect_code $gate_status resutil diff --stat --only=params \
		"$@" base new >page 2>err
}

test_expect_success 'gates: absolute, relative, of one run' '
	gate 1 --fail-if="info.acc < -1%" && test_grep "failed  info.acc < -1%" page &&
	test_grep "info.acc: 0.9 -> 0.8 (-11.1 %)" page &&
	gate 0 --fail-if="info.acc < -20%" && test_grep "passed  info.acc < -20%" page &&
	gate 1 --fail-if="info.acc < -0.05" && gate 0 --fail-if="info.acc < -0.2" &&
	gate 1 --fail-if="-1% > info.acc" && gate 0 --fail-if="info.acc > 1%" &&
	gate 1 --fail-if="relative.info.acc < -0.1" &&
	gate 1 --fail-if="acc < -1%" && gate 0 --fail-if="lr < 99%" --fail-if="lr > 101%" &&
	gate 1 --fail-if="lr >= 99%" &&
	gate 1 --fail-if="b.info.acc < 0.85" && gate 0 --fail-if="a.info.acc < 0.85" &&
	gate 1 --fail-if="b.state != fail" && gate 0 --fail-if="b.state != done" &&
	gate 0 --fail-if="info.acc < -20% or lr > 1" &&
	gate 1 --fail-if="info.acc < -20% or (lr > 0.05 and not lr > 1)" &&
	gate 1 --fail-if="info.acc < -20%" --fail-if="info.acc < -1%"
'

test_expect_success 'gates: means, p, counts' '
	gate 1 --fail-if="mean.info.acc < -9.9% and p.info.acc < 0.001" --only=results &&
	gate 0 --fail-if="mean.info.acc < -10.1%" --only=results &&
	gate 0 --fail-if="info.acc < -1% and p.info.acc > 0.1" --only=results &&
	gate 1 --fail-if="differs.params > 0" && gate 0 --fail-if="differs.params > 1" &&
	gate 0 --fail-if="differs.files > 0" && gate 0 --fail-if="differs.code > 0"
'

test_expect_success 'gates: a value that is missing does not pass' '
	one broken 0.1 77 .nan && one silent 0.1 78 null && one text 0.1 79 bad &&
	for run in broken silent text
	do
		test_expect_code 1 resutil diff --stat --only=params \
			--fail-if="info.acc < -1%" base $run >page &&
		test_grep "failed" page && test_grep "info.acc: " page || return 1
	done &&
	resutil diff --stat --only=params \
		--fail-if="info.acc < -1% and differs.params > 100" base broken >page &&
	test_expect_code 1 resutil diff --stat --no-repeats \
		--fail-if="p.info.acc < 0.05" base new >page &&
	test_grep "no p without repeats" page
'

# A run that has diverged passed a gate on its own accuracy: nothing is less than
# NaN.
test_expect_success 'gates: nor does one of B alone, whatever it asks' '
	for run in broken silent text
	do
		for expr in "b.info.acc < 0.85" "not b.info.acc >= 0.85" \
			"info.acc > 0.1 and info.acc < 0.5" \
			"b.state = done and b.info.acc <= 0.85" \
			"b.info.acc < 0.85 or b.state != done"
		do
			test_expect_code 1 resutil diff --stat --only=params \
				--fail-if="$expr" base $run >page || return 1
		done &&
		resutil diff --stat --only=params \
			--fail-if="b.info.acc < 0.85 and b.state = fail" \
			base $run >page || return 1
	done &&
	test_expect_code 1 resutil diff --stat --only=params \
		--fail-if="b.info.acc < 0.85" base text >page &&
	test_grep "^ *info.acc: bad in B$" page &&
	test_expect_code 1 resutil diff --stat --only=params \
		--fail-if="not has b.info.acc" base silent >page &&
	test_grep "^ *info.acc: B has none$" page &&
	resutil diff --stat --only=params --fail-if="not has b.info.acc" \
		base broken >page &&
	test_expect_code 1 resutil diff --stat --only=params \
		--fail-if="b.info.acc = nan" base broken >page
'

test_expect_success 'gates: what is no gate is an error' '
	gate 10 --fail-if="info.ac < -1%" && test_grep "neither run has the field .info.ac" err &&
	test_must_be_empty page &&
	gate 129 --fail-if="info.acc <" && test_grep "info.acc <" err && test_grep "\^" err &&
	gate 129 --fail-if="state = done" && test_grep "write a.state or b.state" err &&
	gate 129 --fail-if="differs.colours > 1" && test_grep "one of command" err
'

test_expect_success PYTHON 'gates come first in rows' '
	test_expect_code 1 resutil diff --json --only=params --fail-if="acc < -1%" \
		--fail-if="acc > 1%" base new >actual &&
	python3 - >out <<-\END &&
	import json
	for line in open("actual"):
	    row = json.loads(line)
	    print(row["section"], row["name"], row["status"], row["why"])
	END
	cat >expect <<-\END &&
	gate acc < -1% failed info.acc: 0.9 -> 0.8 (-11.1 %)
	gate acc > 1% passed info.acc: 0.9 -> 0.8 (-11.1 %)
	params params.lr M None
	END
	test_cmp expect out
'

test_done
