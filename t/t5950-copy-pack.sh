#!/bin/sh

test_description='copy-pack: what is copied, and what is a conflict'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-sync.sh

# copy ARG...: from origin to dir:b, unless told otherwise
copy () {
	lib_sync_tell copy-pack --from=origin --to=dir:b "$@"
}

# zip_as_python DIR ZIP: as the Python tool packs, without directories
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

# same_stores: the other one has what origin has, and is sound
same_stores () {
	resutil list-remote --long | cut -f 1,2,4- >one &&
	resutil list-remote --long --remote=dir:b | cut -f 1,2,4- >two &&
	test_cmp one two &&
	resutil fsck --remote=dir:b --read-data >found 2>&1 ||
		{ cat found; return 1; }
	# nothing stays on the way
	find .resutil/copies -type f >left 2>/dev/null || : >left
	test_must_be_empty left
}

test_expect_success 'setup: a store with runs that need each other' '
	mkdir "$store" b && make_conf &&
	export RESUTIL_TEST_NOW=1720091755 &&
	base=$(resutil add base) && echo 1 >results/$base/data &&
	RESUTIL_TEST_NOW=1720091756 &&
	middle=$(resutil add middle -d base) &&
	RESUTIL_TEST_NOW=1720091757 &&
	top=$(resutil add top -d middle) &&
	head -c 9000000 /dev/urandom >results/$top/large &&
	RESUTIL_TEST_NOW=1720091758 &&
	alone=$(resutil add alone) &&
	resutil send-pack $base $middle $top $alone >out
'

test_expect_success 'one needs others, which go along' '
	copy -n top &&
	says "new\t$base\t-" "new\t$middle\t-" "new\t$top\t-" &&
	test_path_is_missing b/project &&
	copy top &&
	says "new\t$base\t-" "new\t$middle\t-" "new\t$top\t-" &&
	cmp "$objects"/$top.zip b/project/$top.zip &&
	cmp "$objects"/$base.zip b/project/$base.zip &&
	copy --no-dependency top &&
	says "same\t$top\t-"
'

test_expect_success 'all of them; what is there is not sent again' '
	copy --all &&
	says "same\t$base\t-" "same\t$middle\t-" "same\t$top\t-" \
		"new\t$alone\t-" &&
	same_stores &&
	touch -d 2001-01-01 b/project/*.zip &&
	copy --all &&
	says "same\t$base\t-" "same\t$middle\t-" "same\t$top\t-" \
		"same\t$alone\t-" &&
	find b -newermt 2002-01-01 -type f >moved && test_must_be_empty moved
'

test_expect_success 'names on the standard input are exact' '
	test_expect_code 10 sh -c "
		echo ${base%_base} |
		resutil copy-pack --from=origin --to=dir:b --stdin" &&
	resutil list-remote |
	resutil copy-pack --from=origin --to=dir:b --stdin --json >out &&
	test_line_count = 4 out && grep "\"status\": *\"same\"" out
'
test_done
