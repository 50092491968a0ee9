#!/bin/sh

test_description='the checks of the build find what they are for

Each test makes a small tree in which one thing is wrong. A check that finds
nothing any more would not be missed otherwise.'

. ./test-lib.sh

tools=$SOURCE_DIRECTORY/tools

# new_tree: a tree in which nothing is wrong.
new_tree () {
	rm -rf tree &&
	mkdir -p tree/lib/base tree/lib/wrap tree/lib/exp tree/builtin \
		tree/plumbing &&
	for file in lib/base/one lib/wrap/two lib/exp/three builtin/four \
		plumbing/five
	do
		printf "#include \"lib/base/compat.h\"\n\nint f(int a)\n{\n\treturn a;\n}\n" \
			>"tree/$file.c" || return 1
	done &&
	cd tree
}

# finds CHECK FILE:LINE WORDS: the only finding.
finds () {
	test_must_fail python3 -B "$tools/$1" >out &&
	grep "^$2: .*$3" out &&
	test_line_count = 2 out
}

# edit FILE, new contents on stdin, behind the include that all files have.
edit () {
	{
		printf "#include \"lib/base/compat.h\"\n" &&
		cat
	} >"$1"
}

test_expect_success PYTHON 'a tree in which nothing is wrong' '
	new_tree &&
	python3 -B "$tools/check-layers" &&
	python3 -B "$tools/check-style"
'

test_expect_success PYTHON 'layers: compat.h comes first' '
	new_tree &&
	printf "#include <stdio.h>\n#include \"lib/base/compat.h\"\n" \
		>lib/base/one.c &&
	finds check-layers lib/base/one.c:1 compat
'

for arrow in base:lib/exp/name.h base:lib/wrap/yaml.h wrap:lib/exp/name.h \
	exp:plumbing/x.h exp:command.h
do
	room=${arrow%%:*} header=${arrow#*:}
	test_expect_success PYTHON "layers: lib/$room may not have $header" '
		new_tree &&
		echo "#include \"$header\"" | edit lib/$room/new.c &&
		finds check-layers lib/$room/new.c:2 ""
	'
done

test_expect_success PYTHON 'layers: builtin and plumbing know nothing of each other' '
	new_tree &&
	echo "#include \"plumbing/x.h\"" | edit builtin/four.c &&
	finds check-layers builtin/four.c:2 "no arrow from builtin to plumbing" &&
	new_tree &&
	echo "#include \"builtin/x.h\"" | edit plumbing/five.c &&
	finds check-layers plumbing/five.c:2 "no arrow from plumbing to builtin"
'

test_expect_success PYTHON 'layers: an include names its room' '
	new_tree &&
	echo "#include \"strbuf.h\"" | edit lib/base/one.c &&
	finds check-layers lib/base/one.c:2 "does not name its room"
'

test_expect_success PYTHON 'layers: a library enters by its door' '
	new_tree &&
	echo "#include <yaml.h>" | edit lib/wrap/yaml.c &&
	python3 -B "$tools/check-layers" &&
	echo "#include <yaml.h>" | edit lib/wrap/two.c &&
	finds check-layers lib/wrap/two.c:2 "yaml.h" &&
	new_tree &&
	echo "#include <curl/curl.h>" | edit lib/exp/three.c &&
	finds check-layers lib/exp/three.c:2 "http-internal.h" &&
	new_tree &&
	echo "#include <zstd.h>" | edit lib/exp/zst.c &&
	finds check-layers lib/exp/zst.c:2 "no door"
'

for call in 'rename(a, b)' 'unlink(a)' 'mkdir(a, 0777)' 'fsync(fd)' \
	'write(fd, a, n)' 'ftruncate(fd, 0)' 'symlink(a, b)' 'fork()' \
	'execv(a, b)' 'posix_spawn(p, a, n, n, b, e)' \
	'open(a, O_WRONLY)' 'openat(fd, a, O_RDWR | O_CREAT, 0666)' \
	'fopen(a, "w")'
do
	test_expect_success PYTHON "layers: $call passes the door" '
		new_tree &&
		printf "int g(void)\n{\n\treturn %s;\n}\n" "$call" >body &&
		edit lib/exp/three.c <body &&
		rm body &&
		finds check-layers lib/exp/three.c:4 "door"
	'
done

test_expect_success PYTHON 'layers: reading, comments and words are no calls' '
	new_tree &&
	edit lib/exp/three.c <<-\END &&
	/* rename(a, b) and unlink(a) */
	int g(struct x *x)
	{
		x->write(x);
		say_it("unlink(a)");
		sys_rename(a, b);
		return open(a, O_RDONLY);
	}
	END
	python3 -B "$tools/check-layers"
'

test_expect_success PYTHON 'layers: lib/ neither prints nor exits' '
	for call in "printf(a)" "exit(1)" "die(a)" "fprintf(stderr, a)" \
		"fputs(a, stdout)"
	do
		new_tree &&
		printf "int g(void)\n{\n\t%s;\n}\n" "$call" >body &&
		edit lib/exp/three.c <body &&
		rm body &&
		finds check-layers lib/exp/three.c:4 "lib/ fails" || return 1
		cd .. || return 1
	done
'

test_expect_success PYTHON 'layers: commands print through the door' '
	for call in "printf(a)" "puts(a)" "fputs(a, stdout)" "putchar(a)" \
		"fwrite(a, 1, 2, stdout)" "fprintf(stdout, a)"
	do
		new_tree &&
		printf "int g(void)\n{\n\t%s;\n}\n" "$call" >body &&
		edit builtin/four.c <body &&
		rm body &&
		finds check-layers builtin/four.c:4 "output.h" || return 1
		cd .. || return 1
	done &&
	new_tree &&
	printf "int g(void)\n{\n\tputs(\"a\");\n}\n" | edit builtin/four.c &&
	python3 -B "$tools/check-layers"
'

test_expect_success PYTHON 'layers: names become paths by one door' '
	new_tree &&
	printf "void g(void)\n{\n\tstrbuf_addf(a, \"%%s/%%s\", p->results_path, n);\n}\n" |
		edit builtin/four.c &&
	finds check-layers builtin/four.c:4 "project_exp_path"
'

test_expect_success PYTHON 'layers: only git-*.c runs git' '
	new_tree &&
	echo "int x = strvec_pushl(&a, \"git\", \"diff\", NULL);" >body &&
	edit builtin/four.c <body &&
	edit lib/exp/git-x.c <body &&
	rm body &&
	finds check-layers builtin/four.c:2 "runs git"
'

test_expect_success PYTHON 'layers: only openssh*.c runs ssh' '
	new_tree &&
	echo "int x = strvec_push(&a, \"ssh\");" >body &&
	edit plumbing/five.c <body &&
	edit lib/wrap/openssh-x.c <body &&
	rm body &&
	finds check-layers plumbing/five.c:2 "runs ssh"
'

test_expect_success PYTHON 'layers: file names are unique' '
	new_tree &&
	cp lib/base/one.c plumbing/one.c &&
	finds check-layers plumbing/one.c "unique"
'

# Each line: what is wrong, and what the check says of it.
while IFS='|' read -r code words
do
	test_expect_success PYTHON "style: $words" '
		new_tree &&
		printf "$code\n" | edit lib/base/one.c &&
		finds check-style lib/base/one.c:2 "$words"
	'
done <<\END
int a; // b|for comments
        int a;|tabs of 8
int a; |blanks at the end
int a;\r|carriage return
typedef struct x y;|no typedef
char* p;|char
int a = f(1,2);|a blank after
int f(int a) {|line of its own
int a = 1000000 + 1000000 + 1000000 + 1000000 + 1000000 + 1000000 + 100000000000;|columns
/* FIX\115E */|left over
END

test_expect_success PYTHON 'style: long functions and files need a reason' '
	new_tree &&
	{
		printf "int g(void)\n{\n" &&
		i=0 &&
		while test $i -lt 61
		do
			printf "\ta(%d);\n" $i && i=$((i + 1)) || return 1
		done &&
		printf "}\n"
	} >body &&
	edit lib/base/one.c <body &&
	finds check-style lib/base/one.c:3 "61 lines" &&
	{ echo "/* long function g: a table */" && cat body; } >with-reason &&
	edit lib/base/one.c <with-reason &&
	rm body with-reason &&
	python3 -B "$tools/check-style" &&
	yes "int a;" | head -n 800 | edit lib/base/one.c &&
	finds check-style lib/base/one.c "801 lines"
'

test_expect_success PYTHON 'style: scripts are POSIX' '
	new_tree &&
	printf "#!/bin/sh\nif [[ -f x ]]; then echo; fi\n" >script.sh &&
	finds check-style script.sh:2 "POSIX" &&
	printf "echo\n" >script.sh &&
	finds check-style script.sh:1 "interpreter"
'

# The list, the pages and the program of this build, in a copy.
copy_of_this () {
	rm -rf copy && mkdir copy && cd copy &&
	cp -r "$SOURCE_DIRECTORY"/Documentation "$SOURCE_DIRECTORY"/builtin \
		"$SOURCE_DIRECTORY"/plumbing "$SOURCE_DIRECTORY"/lib \
		"$SOURCE_DIRECTORY"/*.[ch] "$SOURCE_DIRECTORY"/README*.md \
		"$SOURCE_DIRECTORY"/tools . &&
	mkdir -p t python/build_backend &&
	cp "$SOURCE_DIRECTORY"/python/build_backend/*.py python/build_backend &&
	for test in "$SOURCE_DIRECTORY"/t/t[0-9]*.sh
	do
		: >"t/${test##*/}" || return 1
	done
}

commands_find () {
	test_must_fail python3 -B "$tools/check-commands" \
		"$BUILD_DIRECTORY/resutil" >out &&
	grep "$1" out
}

test_expect_success PYTHON 'commands: this tree passes' '
	copy_of_this &&
	python3 -B "$tools/check-commands" "$BUILD_DIRECTORY/resutil"
'

test_expect_success PYTHON 'commands: file, function, page and test' '
	copy_of_this &&
	mv plumbing/read-deps.c plumbing/other.c &&
	commands_find "plumbing/read-deps.c: missing" &&
	mv plumbing/other.c plumbing/read-deps.c &&
	mv t/t*-read-deps.sh t/other &&
	commands_find "read-deps.sh: missing" &&
	rm Documentation/resutil-rm.adoc &&
	commands_find "resutil-rm.adoc: missing"
'

test_expect_success PYTHON 'commands: the page says what the program says' '
	copy_of_this &&
	page=Documentation/resutil-rm.adoc &&
	cp $page kept &&
	sed "s/^resutil-rm - .*/resutil-rm - another/" kept >$page &&
	commands_find "rm.adoc.*summary" &&
	sed "s/\] EXP/] THING/" kept >$page &&
	commands_find "rm.adoc.*SYNOPSIS" &&
	sed "/^\`-y\`.*::/s/-y/-Y/" kept >$page &&
	commands_find "rm.adoc.*not describe -y" &&
	commands_find "rm.adoc.*describes -Y" &&
	sed "s/^== EXAMPLES/== EXAMPLE/" kept >$page &&
	commands_find "rm.adoc.*no section EXAMPLES"
'

test_expect_success PYTHON 'commands: a key has a page, a page has a key' '
	copy_of_this &&
	mv Documentation/config/run.prompt.adoc Documentation/config/run.pr.adoc &&
	commands_find "run.prompt.adoc is missing" &&
	commands_find "no code reads .run.pr"
'

docs_find () {
	test_must_fail python3 -B "$tools/check-docs" \
		"$BUILD_DIRECTORY/doc" >out &&
	grep "$1" out
}

test_expect_success PYTHON 'docs: links, tables and the translation' '
	copy_of_this &&
	echo "See *resutil-nothing*(1)." >>Documentation/resutil-rm.adoc &&
	docs_find "no page resutil-nothing(1)" &&
	copy_of_this &&
	sed "s/^[*]resutil[*]/'\''resutil'\''/" Documentation/resutil-rm.adoc >new &&
	mv new Documentation/resutil-rm.adoc &&
	docs_find "write .resutil., not" &&
	copy_of_this &&
	echo "[x](gone.adoc)" >>README.md &&
	docs_find "gone.adoc. is not there" &&
	copy_of_this &&
	sed "/resutil-rm.adoc/d" README.md >new && mv new README.md &&
	docs_find "README.md: the table of commands is old" &&
	copy_of_this &&
	printf "\n## More\n\n    \$ resutil more\n" >>README.md &&
	docs_find "README.ja.md: the headings" &&
	docs_find "README.ja.md: lacks the command"
'

test_done
