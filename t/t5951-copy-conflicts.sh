#!/bin/sh

test_description='copy-pack: what is replaced, and what is damaged'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-sync.sh

copy () {
	lib_sync_tell copy-pack --from=origin --to=b "$@"
}

# the stores hold the same bytes
same_bytes () {
	diff -r "$objects" b/project >differ && test_must_be_empty differ
}

zip_as_python () {
	(
		cd "$1" && find . -type f | sort | python3 -c "
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], \"w\", zipfile.ZIP_DEFLATED) as z:
    for line in sys.stdin:
        z.write(line.rstrip()[2:])
" "$2"
	)
}

test_expect_success 'setup: a store, and one that follows it' '
	mkdir "$store" b && make_conf && resutil remote add b dir:b &&
	export RESUTIL_TEST_NOW=1720091755 &&
	one=$(resutil add one) && echo 1 >results/$one/data &&
	RESUTIL_TEST_NOW=1720091756 &&
	two=$(resutil add two) && resutil send-pack $one $two >out &&
	copy --all && says "new\t$one\t-" "new\t$two\t-"
'

test_expect_success 'a later state follows, also of a run that is over' '
	resutil update-exp --set=info.more=1 $one && resutil send-pack $one >out &&
	copy --all && says "grown\t$one\t-" "same\t$two\t-" && same_bytes
'

# by a clone that never had it, and knows it by its copies alone
test_expect_success 'also where only copies were made' '
	mkdir thin && make_conf thin && (
		cd thin && mkdir c &&
		resutil copy-pack --from=origin --to=dir:c --all >../out
	) && test_line_count = 2 out &&
	resutil update-exp --set=info.more=2 $one && resutil send-pack $one >out &&
	(
		cd thin &&
		resutil copy-pack --from=origin --to=dir:c --all | sort >../out &&
		diff -r "$objects" c/project
	) && sed "s/	.*//" out >told && printf "%s\n" grown same >want &&
	test_cmp want told
'

test_expect_success 'what was changed there is a conflict, and stays' '
	mkdir other && make_conf other && (
		cd other && sed -i "s|path: .*|path: ../b|" resutil-conf.yaml &&
		resutil fetch-exp $one >out &&
		resutil update-exp --set=info.their=1 $one &&
		resutil send-pack $one >out
	) && cp b/project/$one.zip theirs.zip &&
	test_expect_code 14 copy one && says "conflict\t$one\t-" &&
	test_grep "of revision" err && test_grep "force replaces it" err &&
	resutil update-exp --set=info.more=3 $one &&
	resutil send-pack $one >out &&
	test_expect_code 14 copy one && test_grep "was not copied from here" err &&
	cmp theirs.zip b/project/$one.zip &&
	copy -n --force one && says "grown\t$one\t-" &&
	cmp theirs.zip b/project/$one.zip &&
	copy --force one && says "grown\t$one\t-" && same_bytes
'

test_expect_success 'a later revision there is not replaced' '
	resutil send-pack --remote=b $one >out &&
	resutil update-exp --set=info.more=4 $one &&
	resutil send-pack --remote=b $one >out &&
	cp b/project/$one.zip later.zip && copy --all &&
	says "newer\t$one\t-" "same\t$two\t-" &&
	cmp later.zip b/project/$one.zip &&
	resutil send-pack $one >out
'

# what this clone had is known to have been in both, so it may grow there
test_expect_success 'what was copied can be pushed when it grows' '
	RESUTIL_TEST_NOW=1720091757 &&
	three=$(resutil add three) && resutil send-pack $three >out &&
	copy three && resutil update-exp --set=info.more=1 $three &&
	lib_sync_tell send-pack --remote=b $three && says "grown\t$three\t-" &&
	resutil send-pack $three >out
'

test_expect_success 'another run under the name' '
	cp b/project/$two.zip saved.zip && cp "$objects"/$one.zip b/project/$two.zip &&
	test_expect_code 14 copy two && test_grep "another run" err &&
	mv saved.zip b/project/$two.zip
'

test_expect_success 'the same run under another name' '
	mv b/project/$two.zip b/project/${two}_old.zip &&
	test_expect_code 14 copy two && test_grep "is called .${two}_old. in" err &&
	copy --force two && says "new\t$two\t-" && rm b/project/${two}_old.zip &&
	cp "$objects"/$two.zip "$objects"/${two}_twin.zip &&
	copy --all && same_bytes && copy --all && same_bytes &&
	rm "$objects"/${two}_twin.zip b/project/${two}_twin.zip
'

test_expect_success 'a damaged pack is named and not copied; others are' '
	cp "$objects"/$two.zip saved.zip && rm -r b/project &&
	python3 - "$objects"/$two.zip <<-\EOF &&
	import sys
	with open(sys.argv[1], "r+b") as f:
	    f.seek(120)
	    byte = f.read(1)
	    f.seek(120)
	    f.write(bytes([byte[0] ^ 1]))
	EOF
	test_expect_code 3 copy --all &&
	says "new\t$one\t-" "failed\t$two\t-" "new\t$three\t-" &&
	test_grep "origin:$two" err && test_path_is_missing b/project/$two.zip &&
	test_expect_code 13 copy two && mv saved.zip "$objects"/$two.zip &&
	copy --all && same_bytes
'

test_expect_success 'packs of other tools, and without a record' '
	mkdir py && echo a >py/a && echo b >py/b && rm -rf b/project &&
	zip_as_python py "$objects"/aapfcd_20240704T111601_bare.zip &&
	echo "cmd: python train.py" >py/resutil-exp.yaml &&
	py=aapfcd_20240704T111600_python &&
	zip_as_python py "$objects"/$py.zip && copy --all &&
	same_bytes && copy --all && test_grep ! "new" out &&
	echo c >>py/a && zip_as_python py "$objects"/$py.zip &&
	copy python && says "grown\t$py\t-" && same_bytes &&
	echo d >>py/a && zip_as_python py "$PWD"/b/project/$py.zip &&
	test_expect_code 14 copy python && test_grep "cannot be told" err &&
	rm b/project/$py.zip && copy python && same_bytes &&
	rm "$objects"/*_bare.zip b/project/*_bare.zip
'

test_expect_success 'no experiments stay' '
	: >"$objects"/notes.txt && mkdir "$objects"/sub &&
	: >"$objects"/sub/$one.zip && : >"$objects"/bad.zip &&
	copy --all && test_path_is_missing b/project/notes.txt &&
	test_path_is_missing b/project/bad.zip &&
	test_path_is_missing b/project/sub && test_grep "no experiments" err &&
	rm -r "$objects"/sub "$objects"/notes.txt "$objects"/bad.zip
'

test_expect_success 'after all of it both are the same, and sound' '
	resutil list-remote >here && resutil list-remote --remote=b >there &&
	test_cmp here there && same_bytes &&
	resutil fsck --remote=b --read-data && resutil fsck
'

test_expect_success 'what is needed and not there' '
	RESUTIL_TEST_NOW=1720091760 &&
	lost=$(resutil add lost) && RESUTIL_TEST_NOW=1720091761 &&
	needs=$(resutil add needs -d lost) && resutil send-pack $needs >out &&
	test_expect_code 3 copy needs &&
	says "new\t$needs\t-" "missing\t$lost\t-" &&
	test_grep "is needed and is not in .origin.$" err &&
	resutil send-pack --remote=b $lost >out && copy needs &&
	says "same\t$needs\t-" "same\t$lost\t-" &&
	test_grep "not in .origin., but in .b.$" err
'

test_expect_success AS_USER 'a store that nobody may write to' '
	mkdir ro && chmod 555 ro && chmod -R a+rwX .resutil store &&
	test_expect_code 11 as_user resutil copy-pack --from=origin \
		--to="dir:$PWD/ro" --all >out 2>err &&
	test_grep "denied" err
'

test_expect_success 'wrong usage' '
	test_expect_code 129 resutil copy-pack --from=origin x 2>err &&
	test_expect_code 129 resutil copy-pack --from=origin --to=b 2>err &&
	test_expect_code 129 resutil copy-pack --from=b --to=b --all 2>err &&
	test_grep "same store" err &&
	test_expect_code 129 resutil copy-pack --from=b --to=b --all x 2>err &&
	test_expect_code 10 resutil copy-pack --from=b --to=nosuch --all 2>err
'

test_done
