#!/bin/sh

test_description='help: lists, pages with man and without, aliases'

. ./test-lib.sh

all_commands () {
	sed -n '/^COMMAND/,$s/^[^"]*"\([a-z-]*\)",.*cmd_.*/\1/p' \
		"$SOURCE_DIRECTORY"/command-list.h
}

porcelain () {
	sed -n '/^COMMAND/,$s/^[^"]*"\([a-z-]*\)",.*BUILTIN.*/\1/p' \
		"$SOURCE_DIRECTORY"/command-list.h
}

test_lazy_prereq PAGES 'test -f "$BUILD_DIRECTORY"/man/man1/resutil-run.1'
test_lazy_prereq MAN '
	man "$BUILD_DIRECTORY"/man/man1/resutil-run.1 >out && grep SYNOPSIS out
'

# A PATH on which there is no man, but what the tests need.
test_expect_success 'setup' '
	mkdir few &&
	for program in sh cat env sed
	do
		path=$(command -v $program) && ln -s "$path" few/ || return 1
	done &&
	no_man=$BUILD_DIRECTORY:$PWD/few
'

test_expect_success 'help lists each command for people once' '
	resutil help >out &&
	porcelain | sort >expect &&
	sed -n "s/^   \([a-z-]*\)  *[a-z].*/\1/p" out | sort >actual &&
	test_cmp expect actual &&
	test_grep "^look at them$" out &&
	test_grep ! "^other$" out &&
	test_grep ! "^.\{81\}" out
'

test_expect_success 'help -a lists all commands, and programs on PATH' '
	mkdir bin &&
	write_script bin/resutil-zzz </dev/null &&
	write_script bin/resutil-list </dev/null &&
	: >bin/resutil-no-program &&
	PATH=$PWD/bin:$PATH resutil help -a >out &&
	{
		all_commands &&
		echo zzz
	} | sort >expect &&
	sed -n "/^guides/q; s/^   \([a-z-]*\)\(  *[a-z].*\)*$/\1/p" out |
		sort >actual &&
	test_cmp expect actual
'

test_expect_success PAGES 'help -a lists guides and formats' '
	resutil help -a >out &&
	test_grep "^   resutilformat-name  *names of" out &&
	test_grep "^   everyday  *each command" out
'

test_expect_success PAGES 'help -g lists each guide and format, and its subject' '
	PATH=$no_man resutil help -g >out &&
	for page in "$BUILD_DIRECTORY"/man/man[57]/*
	do
		name=${page##*/} && name=${name%.*} &&
		source=$SOURCE_DIRECTORY/Documentation/$name.adoc &&
		{
			test -f "$source" ||
			source=$BUILD_DIRECTORY/doc/$name.adoc
		} &&
		subject=$(sed -n "s/^$name - //p" "$source") &&
		test -n "$subject" &&
		test_grep "^   ${name#resutil-}  *$subject\$" out || return 1
	done &&
	test_grep ! "^.\{91\}" out &&
	resutil help -a >all &&
	sed -n "/^guides/,\$p" all >actual &&
	test_cmp out actual &&
	test_expect_code 129 resutil help -g run
'

# The examples are not broken, so that they can be typed as they stand.
test_expect_success PAGES 'a SYNOPSIS fits a terminal, and so does a table' '
	for page in "$BUILD_DIRECTORY"/man/man1/* \
		"$BUILD_DIRECTORY"/man/man7/resutil-everyday.7
	do
		name=${page##*/} &&
		COLUMNS=80 PATH=$no_man resutil help "${name%.*}" >out &&
		sed -n "/^SYNOPSIS/,/^DESCRIPTION/p; /^       resutil/p" out \
			>synopsis &&
		test -s synopsis && test_grep ! "^.\{81\}" synopsis &&
		test_grep ! "^lt .*lt[.]\$" "$page" || return 1
	done &&
	PATH=$no_man resutil help bench >out &&
	sed -n "s/^       *resutil bench //p; s/^  *\[--timeout/[--timeout/p" out \
		>actual &&
	cat >expect <<-\EOF &&
	[-n N | -d DURATION] [-c N] [-w N] [--rate=R]
	[--timeout=DURATION] [--compare=CMD]... [--strict]
	EOF
	head -n 2 actual | test_cmp expect -
'

test_expect_success PAGES,MAN 'help COMMAND shows the page by man' '
	resutil help run >out 2>err &&
	test_grep "RESUTIL-RUN(1)" out &&
	test_grep "^SYNOPSIS" out &&
	test_must_be_empty err
'

test_expect_success PAGES 'each command, guide and format has a page' '
	all_commands >names &&
	printf "%s\n" everyday resutil resutilformat-name conf >>names &&
	while read -r name
	do
		PATH=$no_man resutil help "$name" >out 2>err &&
		test_must_be_empty err &&
		test_grep "^NAME$" out &&
		test_grep "^DESCRIPTION$" out || return 1
	done <names
'

test_expect_success PAGES 'everyday has each command with an example' '
	PATH=$no_man resutil help everyday >out &&
	all_commands >names &&
	while read -r name
	do
		test_grep "^   $name\$" out &&
		test_grep "\$ .*resutil $name" out || return 1
	done <names
'

test_expect_success PAGES,PTY 'RESUTIL_PAGER shows the page on a terminal' '
	write_script pager <<-\EOF &&
	echo "paged: $(sed -n "s/^SYNOPSIS$/yes/p")"
	EOF
	RESUTIL_PAGER=$PWD/pager pty-run env PATH="$no_man" \
		resutil help version >screen &&
	test_grep "paged: yes" screen
'

test_expect_success PAGES,MAN,PTY 'man, too, is told about RESUTIL_PAGER' '
	RESUTIL_PAGER=$PWD/pager pty-run resutil help version >screen &&
	test_grep "paged:" screen
'

test_expect_success 'without pages there is the usage' '
	mkdir alone &&
	cp "$BUILD_DIRECTORY"/resutil alone/ &&
	alone/resutil help version >out 2>err &&
	test_grep "^usage: resutil version" out &&
	test_grep "not installed" err &&
	test_line_count = 1 err
'

test_expect_success 'pages are found beside the program that is installed' '
	mkdir -p inst/bin inst/share/man/man1 &&
	cp alone/resutil inst/bin/ &&
	cat >inst/share/man/man1/resutil-version.1 <<-\EOF &&
	.TH "RESUTIL\-VERSION" "1"
	.SH "NAME"
	resutil\-version \- found here
	EOF
	PATH=$no_man inst/bin/resutil help version >actual &&
	printf "NAME\n       resutil-version - found here\n" >expect &&
	test_cmp expect actual
'

test_expect_success 'pages that a distribution has packed are found, too' '
	mkdir -p inst/share/man/man7 &&
	gzip -c inst/share/man/man1/resutil-version.1 \
		>inst/share/man/man1/resutil-push.1.gz &&
	cp inst/share/man/man1/resutil-push.1.gz \
		inst/share/man/man7/resutil-mine.7.gz &&
	>inst/share/man/man7/resutil-yours.7 &&
	ln -s "$(command -v gzip)" few/ &&
	PATH=$no_man inst/bin/resutil help push >actual &&
	test_cmp expect actual &&
	PATH=$no_man inst/bin/resutil help -a >all &&
	sed -n "s/^   \(mine\|yours\)\(.*\)/\1\2/p" all >actual &&
	printf "mine\nyours\n" | test_cmp - actual &&
	echo broken >inst/share/man/man1/resutil-push.1.gz &&
	PATH=$no_man test_expect_code 13 inst/bin/resutil help push 2>err &&
	test_grep "gzip cannot read" err
'

test_lazy_prereq ASCIIDOCTOR 'command -v "${ASCIIDOCTOR:-asciidoctor}"'

test_expect_success PYTHON,ASCIIDOCTOR 'for a browser, pages lead to each other' '
	html=$PWD/html &&
	(
		cd "$SOURCE_DIRECTORY" &&
		python3 -B tools/make-html "$html" -a generated="$html" \
			Documentation/resutil-tag.adoc \
			Documentation/resutil-tid.adoc \
			Documentation/resutil-rev-exp.adoc \
			Documentation/resutil-tutorial.adoc \
			Documentation/resutil-overview.adoc \
			Documentation/technical/durability.adoc \
			Documentation/technical/http.adoc
	) &&
	link="<a href=\"resutil-rev-exp.html\"><strong>resutil-rev-exp</strong>(1)" &&
	test_grep "$link" html/resutil-tag.html &&
	test_grep "[^>]<strong>resutil-[a-z-]*</strong>([157])" \
		html/resutil-tag.html &&
	grep -o "href=\"[^:\"#][^:\"#]*[\"#]" html/*.html \
		html/technical/*.html >links &&
	sed "s/:href=\"/ /; s/.\$//" links >pairs &&
	test_grep "index.html technical/http.html" pairs &&
	while read -r page target
	do
		test -f "${page%/*}/$target" || echo "$page: $target"
	done <pairs >dead &&
	test_must_be_empty dead &&
	test_grep "resutil-tutorial(7)</a></td><td>the first half hour" \
		html/index.html
'

test_expect_success 'an alias is explained' '
	resutil -c "alias.last=log -n 1" help last >out &&
	echo "'\''last'\'' is an alias of '\''log -n 1'\''" >expect &&
	test_cmp expect out
'

test_expect_success 'what there is no page on' '
	test_expect_code 10 resutil help lst >out 2>err &&
	test_must_be_empty out &&
	test_grep "did you mean .list.?" err &&
	test_expect_code 10 resutil help tutorail 2>err &&
	test_grep "did you mean .tutorial.?" err &&
	test_expect_code 10 resutil help xyzzy 2>err &&
	test_grep "resutil help -a" err &&
	test_expect_code 10 resutil help ../version &&
	test_expect_code 129 resutil help a b &&
	test_expect_code 129 resutil help -a list
'

test_done
