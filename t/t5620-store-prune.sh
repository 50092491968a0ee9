#!/bin/sh

test_description='check-store --prune: what crashes left in a store'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-sync.sh
. "$TEST_DIRECTORY"/lib-checks.sh

rest=.resutil-put-0123456789abcdef

# check [OPTION...]: LEVEL, ID, STATE, WHERE, BYTES of what is found; exit 0
check () {
	resutil check-store "$@" >out 2>err
	check_status=$?
	cut -f 1-4,6 out >told
	return $check_status
}

begin () {
	rm -rf "$store" results .resutil && mkdir "$store" &&
	make_exp $one "id: $(test_id 1)" "revision: 1" "state: done" &&
	send $one
}

# leave DIR [AGE]: a rest of ten bytes there, as of a process that has died
leave () {
	mkdir -p "$store/$1" && printf 0123456789 >"$store/$1/$rest" &&
	touch -d "${2:-2 hours} ago" "$store/$1/$rest"
}

mid_upload () {
	rm -f "$objects"/object &&
	python3 "$TEST_DIRECTORY/helper/mid-upload.py" "$store" "$@"
}

test_expect_success 'setup' '
	make_conf && begin
'

test_expect_success 'a rest is told, and stays' '
	leave project && check &&
	finds "leftover upload-rest open project/$rest 10" &&
	grep "gc --remote" out && test_path_is_file "$objects"/$rest
'

test_expect_success 'it is removed on demand, and nothing else' '
	check --prune -n &&
	finds "leftover upload-rest would project/$rest 10" &&
	test_path_is_file "$objects"/$rest && check --prune &&
	finds "leftover upload-rest removed project/$rest 10" &&
	(cd "$store" && find . -type f | sort) >files &&
	echo ./project/$one.zip >want && test_cmp want files && check --read-data && finds
'

test_expect_success 'not when it is younger' '
	begin && leave project "50 minutes" && check --prune &&
	finds "leftover upload-rest open project/$rest 10" &&
	check --prune --older-than=49m &&
	finds "leftover upload-rest removed project/$rest 10" &&
	leave project "0 minutes" && check --prune --older-than=0 &&
	finds "leftover upload-rest removed project/$rest 10"
'

test_expect_success 'a directory that is empty by then goes as well' '
	begin && leave project/a/b && check --prune &&
	finds "leftover upload-rest removed project/a/b/$rest 10" &&
	test_path_is_missing "$objects"/a && test_path_is_dir "$objects"
'

test_expect_success 'what belongs to other projects, or is no file' '
	begin && leave other && leave . && mkdir "$objects"/$rest &&
	echo x >"$objects"/$rest/$rest &&
	ln -s $one.zip "$objects"/.resutil-put-link &&
	echo x >"$objects"/.resutil-other &&
	(cd "$store" && find . | sort) >before &&
	check --prune --older-than=0 && finds &&
	(cd "$store" && find . | sort) >after && test_cmp before after
'

test_expect_success PYTHON 'an upload under way is none' '
	begin && mid_upload go "resutil check-store >found" \
		"resutil check-store --prune --older-than=0 >>found" &&
	test_must_be_empty found && test_cmp_bin upload "$objects"/object
'

test_expect_success PYTHON 'when it is killed it is one' '
	begin && mid_upload kill "resutil check-store --prune >young" \
		"resutil check-store --prune --older-than=0 >old" &&
	test_line_count = 1 young && grep "	open	" young &&
	test_line_count = 1 old && grep "	removed	" old && check && finds &&
	test_path_is_missing "$objects"/object
'

test_expect_success FAULTS 'where nobody can hold anything, a day has to pass' '
	begin && leave project "23 hours" &&
	with_faults RESUTIL_TEST_FAULT=lock:1+:ENOLCK resutil check-store \
		--prune --older-than=0 >out && test_must_be_empty out &&
	leave project "25 hours" &&
	with_faults RESUTIL_TEST_FAULT=lock:1+:ENOLCK resutil check-store \
		--prune --older-than=0 >out && grep "	removed	" out &&
	test_path_is_missing "$objects"/$rest
'

test_expect_success FAULTS 'a store that does not answer at once is asked again' '
	begin && leave project &&
	with_faults RESUTIL_TEST_STORE_FAULT=rests:1:transient,prune:1:lost \
		resutil check-store --prune >out && grep "	removed	" out &&
	test_path_is_missing "$objects"/$rest
'

test_expect_success FAULTS 'killed at any point of a push, nothing is left in the end' '
	begin && for point in 1 2 3 4 5 6 7 8 9 10 11 12
	do
		rm -rf "$objects" .resutil &&
		with_faults RESUTIL_TEST_FAULT=any:$point:kill-after \
			resutil send-pack $one >out 2>&1
		resutil check-store --prune --older-than=0 >out &&
		send $one && check --read-data && finds &&
		find "$store" -name ".resutil-put-*" >files &&
		test_must_be_empty files || return 1
	done
'

test_expect_success 'a store that may only be read' '
	begin && leave project && chmod -R a+rX . && chmod 777 . &&
	find "$store" -type d -exec chmod 555 {} + &&
	as_user env HOME="$HOME" resutil check-store --prune >out &&
	cut -f 1-4,6 out >told &&
	finds "leftover upload-rest open project/$rest 10" &&
	grep "not removed: " out && test_path_is_file "$objects"/$rest &&
	find "$store" -type d -exec chmod 755 {} +
'

test_expect_success 'nobody loses an upload to who prunes all the time' '
	begin && {
		while ! test -e stop
		do
			resutil check-store --prune --older-than=0 || break
		done >pruned 2>&1 &
	} && pruner=$! && for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
	do
		for j in 1 2 3 4
		do
			echo $i-$j | resutil put-object --remote "dir:$store" \
				project/$i-$j - >put-$j 2>&1 || >failed &
			eval "put$j=\$!"
		done
		wait $put1 $put2 $put3 $put4
	done && >stop && wait $pruner && rm stop &&
	test_path_is_missing failed &&
	ls "$objects" | grep -c -- "-" >count && echo 60 >want &&
	test_cmp want count && test_grep ! -v "	removed	" pruned
'

test_expect_success 'what a test of the store left' '
	begin && resutil test-store --keep "dir:$store" >out &&
	dir=$(cd "$store" && echo resutil-test-*) && check --prune &&
	cut -f 1-4 told >short &&
	printf "leftover\tupload-rest\topen\t%s/\n" $dir >want &&
	test_cmp want short && check --prune --older-than=0 &&
	grep "	open	" told &&
	find "$store/$dir" -type f -exec touch -d "2 hours ago" {} + &&
	check --prune && grep "	removed	" told &&
	test_path_is_missing "$store/$dir" && check && finds
'

test_expect_success 'a project of that name is none' '
	begin && mv "$objects" "$store"/resutil-test-01234567 &&
	cp "$store"/resutil-test-01234567/$one.zip keep.zip &&
	touch -d "2 days ago" "$store"/resutil-test-01234567/$one.zip &&
	test_expect_code 1 check --prune --older-than=0 &&
	test_cmp_bin keep.zip "$store"/resutil-test-01234567/$one.zip
'

test_done
