#!/bin/sh

test_description='the examples of the manual pages do what the pages say'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-examples.sh

TZ=Asia/Tokyo
export TZ
test_set_now 1720088155

pages=$SOURCE_DIRECTORY/Documentation

cat >right.adoc <<'END'
[source,console]
----
$ echo one; echo two >&2
...
two
$ cat <<x
> the word is ${word-unset}
> x
the word is unset
$ word=set; echo 'some.text here'
so...here
$ echo "$word"; false
set
$ echo $?
1
$ printf '%s' 'no newline'
no newline
----
END

# The same page with one thing changed, which its examples do not do.
check_wrong () {
	sed "$1" right.adoc >wrong.adoc &&
	test_must_fail test_cmp right.adoc wrong.adoc &&
	test_must_fail run_examples runner "$PWD/wrong.adoc"
}

test_expect_success PYTHON 'the runner sees what is right and what is wrong' '
	mkdir -p runner/home runner/project &&
	run_examples runner "$PWD/right.adoc" &&
	check_wrong "s/^two$/three/" &&
	check_wrong "s/^two$/two\\nthree/" &&
	check_wrong "/^\.\.\.$/d" &&
	check_wrong "s/^so\.\.\.here/sox...here/" &&
	check_wrong "s/^some.text/someXtext/;s/^so.*here/some.text h/" &&
	check_wrong "s/^set$/unset/" &&
	check_wrong "s/^no newline//" &&
	check_wrong "s/; false/; kill -SEGV \\$\\$/" &&
	check_wrong "s/^> x$/> y/"
'

for page in "$pages"/*.adoc
do
	grep -q '^\[source,console\]' "$page" || continue
	name=${page##*/}
	name=${name%.adoc}
	# these need servers, which t5781 and t5882 start
	case "$name" in
	resutil-s3|resutil-gcs|resutil-gdrive|resutil-ssh)
		continue
		;;
	esac
	test_expect_success PYTHON "examples of $name" '
		prepare_examples "$name" &&
		run_examples "$name" "$page"
	'
done

# Those of the list are the first ones of the commands' pages.
test_expect_success PYTHON 'the day of resutil-everyday' '
	mkdir everyday && "$SOURCE_DIRECTORY"/tools/make-everyday \
		>everyday/resutil-everyday.adoc &&
	test_grep "^\$ resutil rm" everyday/resutil-everyday.adoc &&
	prepare_examples everyday &&
	run_examples everyday "$PWD/everyday/resutil-everyday.adoc"
'

# A page without an example says nothing that a test could hold it to.
test_expect_success PYTHON 'each command has an example in its page' '
	(
		cd "$SOURCE_DIRECTORY" &&
		python3 -B tools/command-table names
	) >list &&
	cut -f 1 list >commands &&
	test -s commands &&
	while read -r command
	do
		grep -q "^\[source,console\]" "$pages/resutil-$command.adoc" ||
		echo "$command"
	done <commands >without &&
	test_must_be_empty without
'

test_done
