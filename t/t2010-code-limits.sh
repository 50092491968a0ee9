#!/bin/sh
test_description='code state: limits, and the hashes of what is left out'
. ./test-lib.sh
. "$TEST_DIRECTORY/lib-code.sh"

# blob SIZE >FILE
blob () {
	head -c "$1" /dev/zero | tr '\0' 'x'
}

sha () {
	sha256sum "$1" | cut -c1-64
}

# limits FILE RUN REPO
limits () {
	rm -rf snap && mkdir snap &&
	resutil -C "$3" -c code.max-file="$1" -c code.max-run="$2" \
		snapshot-code --json "$TRASH_DIRECTORY/snap" >json 2>err &&
	test_must_be_empty err &&
	python3 -S "$TEST_DIRECTORY/helper/json-lines.py" json >out
}

test_expect_success 'without settings: 10 MiB a file' '
	make_repo default &&
	truncate -s 10M default/fits && truncate -s 10485761 default/large &&
	snap default &&
	captured fits &&
	has left_out.nr=1 left_out.0.path=large left_out.0.size=10485761 \
		"left_out.0.reason=too large" \
		"left_out.0.sha256=$(sha default/large)"
'

test_expect_success 'without settings: 100 MiB a run' '
	make_repo default-run &&
	for i in 0 1 2 3 4 5 6 7 8 9
	do
		truncate -s 10M default-run/f$i || return 1
	done &&
	echo x >default-run/g && : >default-run/h &&
	snap default-run &&
	captured f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 h &&
	has left_out.nr=1 left_out.0.path=g "left_out.0.reason=run limit" \
		"left_out.0.sha256=$(sha default-run/g)"
'

test_expect_success 'a bad limit is refused' '
	test_expect_code 13 resutil -C default -c code.max-file=lots \
		snapshot-code -n >actual 2>err &&
	test_grep code.max-file err &&
	test_must_be_empty actual
'

test_expect_success 'a large tracked file is left out of the patch, too' '
	make_repo tracked &&
	blob 3000 >tracked/train.py &&
	echo new >>tracked/data.csv &&
	limits 1K 1M tracked &&
	captured data.csv &&
	has left_out.0.path=train.py "left_out.0.reason=too large" \
		left_out.0.size=3000 "left_out.0.sha256=$(sha tracked/train.py)" &&
	test_grep "^+new" snap/uncommited.patch &&
	test_grep ! train.py snap/uncommited.patch &&
	has_not error
'

test_expect_success 'a large tracked file is not read by git' '
	make_repo huge &&
	echo new >>huge/data.csv &&
	truncate -s 1G huge/train.py &&
	resutil -C huge snapshot-code -n >actual &&
	printf "%s\ttoo large\ttrain.py\n" 1073741824 >expect &&
	grep train.py actual >actual.train &&
	test_cmp expect actual.train &&
	test_grep "captured	data.csv" actual
'

test_expect_success 'a long patch loses a part that is too large, and no other' '
	make_repo long &&
	(
		cd long && yes 1234567 | head -n 800000 >b &&
		echo a >a && echo c >c && git add . &&
		git -c user.name=x -c user.email=x@x commit -q -m more &&
		yes 12345678 | head -n 400000 >a && echo b >b &&
		yes 87654321 | head -n 400000 >c && echo new >>data.csv
	) &&
	limits 5M 100M long &&
	git -C long diff --binary --full-index --no-renames HEAD -- a c \
		data.csv >want &&
	test_cmp_bin want snap/uncommited.patch
'

test_expect_success 'a file that does not fit does not keep the next one out' '
	make_repo next &&
	blob 600 >next/a && blob 600 >next/b && blob 100 >next/c &&
	limits 1K 1000 next &&
	captured a c &&
	has left_out.nr=1 left_out.0.path=b "left_out.0.reason=run limit"
'

test_expect_success 'the patch counts, last' '
	make_repo patch &&
	blob 300 | tr x "\n" >patch/train.py &&
	limits 1K 500 patch &&
	captured train.py &&
	has patch=null left_out.nr=1 left_out.0.path=uncommited.patch \
		"left_out.0.reason=run limit" &&
	test_path_is_missing snap/uncommited.patch
'

test_expect_success 'the removal of a large file is named' '
	make_repo removed &&
	seq 1 1000 >removed/numbers && test_commit removed second &&
	rm removed/numbers && echo new >>removed/data.csv &&
	limits 1K 1M removed &&
	captured data.csv &&
	has left_out.nr=1 left_out.0.path=numbers "left_out.0.reason=too large" &&
	has_not left_out.0.size &&
	test_grep ! numbers snap/uncommited.patch &&
	test_grep "^+new" snap/uncommited.patch
'

test_expect_success 'a part of the patch that is too large is in the copy' '
	make_repo part &&
	seq 1 1000 >part/numbers && test_commit part second &&
	echo 1 >part/numbers && echo new >>part/data.csv &&
	limits 1K 1M part &&
	captured data.csv numbers &&
	has left_out.nr=0 &&
	test_grep ! numbers snap/uncommited.patch &&
	rebuilds part
'

test_expect_success 'a patch larger than memory likes' '
	make_repo large-patch &&
	for i in 1 2 3
	do
		seq 1 400000 >large-patch/f$i || return 1
	done &&
	git -C large-patch add . &&
	snap large-patch &&
	captured f1 f2 f3 &&
	test "$(stat -c %s snap/uncommited.patch)" -gt 8000000 &&
	rebuilds large-patch &&
	test -z "$(ls "$TMPDIR")"
'

# A time stamp of the last two seconds may be given again to other content.
old_enough () {
	test "$(($(date +%s) - $(stat -c %Z "$1")))" -gt 2
}

test_expect_success 'hashes are remembered outside of the project' '
	XDG_CACHE_HOME=$TRASH_DIRECTORY/cache &&
	export XDG_CACHE_HOME &&
	test_when_finished "unset XDG_CACHE_HOME" &&
	make_repo cached && make_project cached &&
	blob 3000 >cached/a && blob 3000 >cached/b &&
	touch -d 2001-02-03 cached/a cached/b &&
	test_wait_for 10 old_enough cached/b &&
	limits 1K 1M cached &&
	find cache -name left-out-hashes >where &&
	test_line_count = 1 where &&
	test_line_count = 2 "$(cat where)" &&
	sha cached/a >hash &&
	test_grep "$(cat hash)" "$(cat where)" &&
	# what is remembered is believed
	sed "s/$(cat hash)/$(printf "%064d" 7)/" "$(cat where)" >changed &&
	cp changed "$(cat where)" &&
	limits 1K 1M cached &&
	has "left_out.0.sha256=$(printf "%064d" 7)"
'

test_expect_success 'a file that changed is hashed again' '
	XDG_CACHE_HOME=$TRASH_DIRECTORY/cache &&
	export XDG_CACHE_HOME &&
	test_when_finished "unset XDG_CACHE_HOME" &&
	blob 2999 >cached/a && echo >>cached/a &&
	touch -d 2001-02-03 cached/a &&
	limits 1K 1M cached &&
	has "left_out.0.sha256=$(sha cached/a)"
'

test_expect_success 'a young file is hashed, but not remembered' '
	XDG_CACHE_HOME=$TRASH_DIRECTORY/cache2 &&
	export XDG_CACHE_HOME &&
	test_when_finished "unset XDG_CACHE_HOME" &&
	make_repo young && make_project young &&
	blob 3000 >young/a &&
	limits 1K 1M young &&
	has "left_out.0.sha256=$(sha young/a)" &&
	find cache2 -name left-out-hashes >where &&
	test_must_be_empty where
'

test_expect_success 'a damaged cache is made anew' '
	XDG_CACHE_HOME=$TRASH_DIRECTORY/cache &&
	export XDG_CACHE_HOME &&
	test_when_finished "unset XDG_CACHE_HOME" &&
	find cache -name left-out-hashes >where &&
	head -c 5000 /dev/urandom >"$(cat where)" &&
	limits 1K 1M cached &&
	has "left_out.1.sha256=$(sha cached/b)"
'

test_expect_success 'without a place for the cache everything is hashed' '
	XDG_CACHE_HOME=/dev/null &&
	export XDG_CACHE_HOME &&
	test_when_finished "unset XDG_CACHE_HOME" &&
	limits 1K 1M cached &&
	has "left_out.1.sha256=$(sha cached/b)"
'

test_expect_success 'a list of what is left out has an end' '
	make_repo many &&
	python3 -c "
for i in range(10050):
	open(\"many/%05d\" % i, \"w\").write(\"xx\")
" &&
	limits 1 1M many &&
	has left_out.nr=10000 left_out_more.files=50 left_out_more.size=100 \
		left_out.9999.path=09999
'

test_expect_success 'a results_dir with many files is not walked' '
	make_repo results && make_project results &&
	rm -f results/results/.gitignore &&
	mkdir results/results/sub && touch results/results/sub/f &&
	snap results &&
	captured resutil-conf.yaml &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" resutil -C results \
		snapshot-code -n >actual &&
	test_grep "ls-files .*-x /results" trace
'

test_done
