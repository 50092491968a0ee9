#!/bin/sh

test_description='where resutil finds itself and its other programs

A run may take weeks, in which a new version is installed: a program is put in
the place of the one that runs.
'
. ./test-lib.sh

unset RESUTIL_NO_REMOTE

# in_place LAYOUT: copies of the programs below inst/
in_place () {
	rm -rf inst &&
	case $1 in
	build)
		mkdir -p inst/libexec &&
		cp "$BUILD_DIRECTORY"/resutil inst/ &&
		cp "$BUILD_DIRECTORY"/libexec/resutil-* inst/libexec/ &&
		bin=$PWD/inst ;;
	installed)
		mkdir -p inst/bin inst/libexec/resutil &&
		cp "$BUILD_DIRECTORY"/resutil inst/bin/ &&
		cp "$BUILD_DIRECTORY"/libexec/resutil-* inst/libexec/resutil/ &&
		bin=$PWD/inst/bin ;;
	esac
}

test_lazy_prereq LACKING '
	lacking-kernel readlink -- true
'

test_expect_success 'setup' '
	make_project
'

for layout in build installed
do
	test_expect_success "$layout: programs find each other" '
		in_place $layout &&
		(PATH=$bin:$PATH && resutil add here >name &&
			resutil push here) >out &&
		test_grep "new.*here\|Sent\|sent" out &&
		test "$("$bin"/resutil --exec-path)" = "$(
			cd inst/libexec && { cd resutil 2>/dev/null; pwd -P; })" &&
		resutil rm -y "$(cat name)" >/dev/null
	'

	test_expect_success "$layout: a program of libexec finds the main one" '
		resutil list-exps >expect &&
		"$(echo inst/libexec/resutil-pack inst/libexec/resutil/resutil-pack |
			tr " " "\n" | xargs ls 2>/dev/null)" list-exps >actual &&
		test_cmp expect actual
	'

	test_expect_success "$layout: an upgrade in the middle of a run" '
		(PATH=$bin:$PATH && resutil run -m $layout -- sh -c "
			cp $bin/resutil $bin/new && mv $bin/new $bin/resutil &&
			resutil checkpoint") >out 2>err &&
		test_must_be_empty err &&
		resutil list --format="%(comment) %(state) %(remote)" >actual &&
		test_grep "^$layout done true" actual
	'

	test_expect_success "$layout: it is not there any more" '
		(PATH=$bin:$PATH && resutil run -m $layout-gone -- \
			rm -r "$PWD/inst") >out 2>err &&
		test_grep "is kept here" err &&
		resutil list --format="%(comment) %(state) %(remote)" >actual &&
		test_grep "^$layout-gone done false" actual
	'
done

test_expect_success LACKING 'without /proc it is found as a shell finds it' '
	in_place installed &&
	lacks="lacking-kernel readlink readlinkat --" &&
	echo "$PWD/inst/libexec/resutil" >expect &&
	PATH=$bin:$PATH $lacks resutil --exec-path >actual &&
	test_cmp expect actual &&
	$lacks "$bin/resutil" --exec-path >actual &&
	test_cmp expect actual &&
	(cd inst && $lacks bin/resutil --exec-path) >actual &&
	test_cmp expect actual
'

test_done
