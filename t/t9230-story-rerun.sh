#!/bin/sh

test_description='story: did it really give that?

Ann has trained for a paper and goes on with other things. A referee asks
whether the numbers hold. Her program is deterministic; the one of Bob, who has
pulled her runs, is not, and somebody has changed a result.
'
. ./test-lib.sh
unset RESUTIL_NO_REMOTE

# ann COMMAND..., bob COMMAND...: in their clones, as themselves.
ann () {
	(cd ann && USER=ann LOGNAME=ann resutil --no-interactive "$@")
}
bob () {
	mkdir -p "$TEST_TOP_DIRECTORY/bob" &&
	(cd bob && USER=bob LOGNAME=bob HOME=$TEST_TOP_DIRECTORY/bob \
		resutil --no-interactive "$@")
}

test_expect_success 'Ann trains on data, with changes that are in no commit' '
	make_repo ann && (
		cd ann && resutil --no-interactive init --project-name paper \
			--storage-type dir -o path="$TRASH_DIRECTORY/store" &&
		cat >train.py <<-\PY &&
		import os, sys
		rows = [float(x) for x in open(sys.argv[1])]
		seed = int(sys.argv[2].split("=")[1])
		state, out = seed, os.environ["RESUTIL_EX_DIR"]
		with open(out + "/weights", "w") as f:
		    for row in rows:
		        state = (state * 1103515245 + 12345) % 2**31
		        f.write("%.9f\n" % (row * state / 2**31))
		print("loss", sum(rows) / (1 + seed))
		PY
		printf "/results\n" >.gitignore && test_commit . train
	) &&
	ann add numbers >data && seq 1 20 >"ann/results/$(cat data)/x" &&
	sed "s/1 + seed/2 + seed/" ann/train.py >changed && cp changed ann/train.py &&
	ann run -m paper -- python3 train.py "results/$(cat data)/x" seed=7 >told &&
	paper=$(ann rev-exp paper) && git -C ann checkout -q train.py &&
	echo "broken(" >ann/train.py
'

test_expect_success 'it gives the same again, whatever she is at' '
	git -C ann stash -q && git -C ann stash apply -q &&
	git -C ann status --porcelain >before &&
	sha256sum ann/.git/index ann/.git/HEAD ann/.git/refs/stash >>before &&
	ann rerun --verify paper >out 2>err &&
	test_grep "^verified: all 4 outcomes of $paper are the same" out &&
	grep "^loss" err >again && test_cmp told again &&
	git -C ann --no-optional-locks status --porcelain >after &&
	sha256sum ann/.git/index ann/.git/HEAD ann/.git/refs/stash >>after &&
	test_cmp before after && test "$(cat ann/train.py)" = "broken("
'

test_expect_success 'the repetition says of what it is one, also in the store' '
	again=$(ann rev-exp @) &&
	ann read-exp --json "$again" >json &&
	test_grep "\"rerun_of\":\"$paper\"" json &&
	ann list-remote >names && test_grep "^$again" names
'

test_expect_success 'Bob has nothing but the clone of the code' '
	git clone -q ann bob && cp ann/resutil-conf.yaml bob/ &&
	test_path_is_missing bob/results &&
	test_expect_code 129 bob rerun --verify "$paper" 2>err &&
	test_grep "was recorded by .*, and its command would run as .bob." err &&
	bob rerun --as-me --no-push --verify --json "$paper" >json 2>err &&
	test_grep "\"verdict\":\"same\"" json &&
	test_path_is_file "bob/results/$(cat data)/x"
'

test_expect_success 'a result that somebody changed is found' '
	sed "3s/.*/9.999999999/" "bob/results/$paper/weights" >w &&
	cat w >"bob/results/$paper/weights" &&
	test_expect_code 1 bob rerun --as-me --no-push --verify "$paper" \
		>out 2>err &&
	test_grep "^differs	weights	line 3: .9.999999999. then" out &&
	test_grep "^not verified: 1 of 4 outcomes" out &&
	sed "3s/9999/9998/" w >"bob/results/$paper/weights" &&
	test_expect_code 1 bob rerun --as-me --no-push --verify --rtol=1e-3 \
		"$paper" >out 2>err
'

test_expect_success 'data that somebody changed are told' '
	echo 21 >>"bob/results/$(cat data)/x" &&
	test_expect_code 1 bob rerun --as-me --no-push --verify "$paper" \
		>out 2>err &&
	test_grep "warning: .$(cat data)/x. has .* bytes, and had" err &&
	test_grep "^differs	stdout.log" out
'

test_expect_success 'a program that draws lots is found out, and may be near' '
	bob run --no-push -m lots -- sh -c "
		echo \"mean 0.50000\$\$\" >\"\$RESUTIL_EX_DIR/mean\"; date +%N" &&
	test_expect_code 1 bob rerun --verify --no-push lots >out 2>err &&
	test_grep "^differs	mean" out && test_grep "^differs	stdout.log" out &&
	bob rerun --verify --no-push --rtol=0.001 --ignore=stdout.log \
		lots >out 2>err &&
	test_grep "^near	mean" out && test_grep "^verified: " out
'

test_expect_success 'the referee has git and a shell' '
	ann rerun --script "$paper" >again.sh && git clone -q ann referee &&
	(
		cd referee && mkdir -p "results/$(cat ../data)" &&
		seq 1 20 >"results/$(cat ../data)/x" &&
		sh ../again.sh ../out.dir >../out 2>../err
	) &&
	test_cmp told out && test_cmp "ann/results/$paper/weights" out.dir/weights
'

test_done
