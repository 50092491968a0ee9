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

test_expect_success PYTHON 'layers: nor has a room of lib/exp what stands on it' '
	new_tree && mkdir lib/exp/conf &&
	echo "#include \"lib/exp/record/x.h\"" | edit lib/exp/conf/new.c &&
	finds check-layers lib/exp/conf/new.c:2 \
		"no arrow from lib/exp/conf to lib/exp/record" &&
	new_tree && mkdir lib/exp/else &&
	echo "#include \"lib/exp/conf/x.h\"" | edit lib/exp/else/new.c &&
	finds check-layers lib/exp/else/new.c:2 "no room of lib/exp"
'

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
	mkdir lib/exp/git && edit lib/exp/git/git-x.c <body &&
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

test_expect_success PYTHON 'style: no processor is needed' '
	new_tree &&
	printf "#ifdef __SSE2__\nint g;\n#endif\n" | edit lib/base/new.c &&
	finds check-style lib/base/new.c RESUTIL_GENERIC &&
	printf "#if defined(__SSE2__) && !defined(RESUTIL_GENERIC)\nint g;\n#endif\n" |
		edit lib/base/new.c &&
	python3 -B "$tools/check-style"
'

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

test_expect_success PYTHON 'each variable that is read is documented' '
	(
		cd "$SOURCE_DIRECTORY" &&
		python3 -B "$tools/check-environment"
	) &&
	rm -rf env && mkdir -p env/lib/exp env/Documentation env/python &&
	cp "$SOURCE_DIRECTORY"/Documentation/resutil-environment.adoc \
		env/Documentation &&
	cd env &&
	cat >lib/exp/a.c <<-\END &&
	/* getenv("NOT_READ") */
	#define NAME "BY_A_MACRO"
	static const char *const list[] = { "FROM_A_LIST" };
	void f(int i)
	{
		getenv("A_LITERAL");
		getenv(NAME);
		env_is_true("RESUTIL_TRUTH");
		path_xdg(out, "XDG_NEW_HOME", ".new", err);
		getenv("HOME");
	}
	END
	echo "void g(int i) { getenv(list[i]); h(\"IN_A_LIST\"); }" >lib/exp/b.c &&
	echo "x = os.environ.get(\"OF_PYTHON\", 1)" >python/x.py &&
	test_must_fail python3 -B "$tools/check-environment" >out &&
	printf "%s\n" A_LITERAL BY_A_MACRO IN_A_LIST OF_PYTHON RESUTIL_TRUTH \
		XDG_NEW_HOME >want &&
	sed -n "s/^[^:]*: .*tell of //p" out | sort >got &&
	test_cmp want got &&
	test_grep "resutil-environment.adoc: nobody reads CURL_CA_BUNDLE" out
'

# The list, the pages and the program of this build, in a copy.
copy_of_this () {
	rm -rf copy && mkdir copy && cd copy &&
	cp -r "$SOURCE_DIRECTORY"/Documentation "$SOURCE_DIRECTORY"/builtin \
		"$SOURCE_DIRECTORY"/plumbing "$SOURCE_DIRECTORY"/lib \
		"$SOURCE_DIRECTORY"/*.[ch] "$SOURCE_DIRECTORY"/README*.md \
		"$SOURCE_DIRECTORY"/tools . &&
	mkdir -p t/fixtures python/build_backend &&
	cp -r "$SOURCE_DIRECTORY"/t/fixtures/output t/fixtures &&
	cp "$SOURCE_DIRECTORY"/python/build_backend/*.py python/build_backend &&
	for test in "$SOURCE_DIRECTORY"/t/t[0-9]*.sh
	do
		: >"t/${test##*/}" || return 1
	done
}

# they_find CHECK WORD PATTERN...: it fails, and a line of its findings has each
# pattern. A tree is looked through once for several wrong things, of which each
# has a line that no other one brings.
they_find () {
	check=$1 word=$2 && shift 2 &&
	test_must_fail python3 -B "$tools/$check" "$word" >out &&
	for pattern
	do
		test_grep -e "$pattern" out || return 1
	done
}

test_expect_success PYTHON 'commands: this tree passes' '
	copy_of_this &&
	python3 -B "$tools/check-commands" "$BUILD_DIRECTORY/resutil"
'

# spoil FILE SED-SCRIPT: a file of the copy
spoil () {
	sed "$2" "$1" >new && test_must_fail test_cmp_bin "$1" new &&
	mv new "$1"
}

test_expect_success PYTHON 'commands: file, page and test; page and key' '
	copy_of_this &&
	mv plumbing/read-deps.c plumbing/other.c &&
	mv t/t*-scan-deps.sh t/other &&
	rm Documentation/resutil-cat-pack.adoc &&
	page=Documentation/resutil-rm.adoc &&
	spoil $page "s/^resutil-rm - .*/resutil-rm - another/
		s/\] EXP/] THING/
		s/^\`-y\`\(.*::\)/\`-Y\`\1/
		s/^== EXAMPLES/== EXAMPLE/" &&
	mv Documentation/config/run.prompt.adoc Documentation/config/run.pr.adoc &&
	they_find check-commands "$BUILD_DIRECTORY/resutil" \
		"plumbing/read-deps.c: missing" \
		"scan-deps.sh: missing" "resutil-cat-pack.adoc: missing" \
		"rm.adoc.*summary" "rm.adoc.*SYNOPSIS" \
		"rm.adoc.*not describe -y" "rm.adoc.*describes -Y" \
		"rm.adoc.*no section EXAMPLES" \
		"run.prompt.adoc is missing" "no code reads .run.pr"
'

test_expect_success PYTHON 'outputs: a form without its bytes, a page without a promise' '
	copy_of_this &&
	python3 -B "$tools/check-outputs" "$BUILD_DIRECTORY/resutil" &&
	outputs=t/fixtures/output &&
	rm $outputs/tag && mv $outputs/graph $outputs/grape &&
	spoil $outputs/status "s/porcelain=v1/porcelain/" &&
	spoil $outputs/list "s/--format=csv/--format=tsv/; s/ -z$//" &&
	spoil Documentation/resutil-log.adoc "s/^== OUTPUT/== PRINTED/" &&
	they_find check-outputs "$BUILD_DIRECTORY/resutil" \
		"output/tag: missing" "output/graph: missing" \
		"output/grape: is no command" \
		"output/status: does not hold what --porcelain=v1" \
		"output/list: does not hold what --format=csv" \
		"output/list: does not hold what -z" \
		"resutil-log.adoc: no section OUTPUT"
'

test_expect_success PYTHON 'docs: links, tables and the translation' '
	copy_of_this &&
	echo "See *resutil-nothing*(1)." >>Documentation/resutil-rm.adoc &&
	spoil Documentation/resutil-rm.adoc \
		"s/^[*]resutil[*]/'\''resutil'\''/" &&
	spoil README.md "/resutil-rm.adoc/d" &&
	echo "[x](gone.adoc)" >>README.md &&
	printf "\n## More\n\n    \$ resutil more\n" >>README.md &&
	spoil Documentation/resutil-overview.adoc "s/── push ──►/&      &/" &&
	echo "\`lib/gone.h\` and plumbing/NAME.c" >>CONTRIBUTING.md &&
	they_find check-docs "$BUILD_DIRECTORY/doc" \
		"CONTRIBUTING.md.*no .lib/gone.h." "no page resutil-nothing(1)" "write .resutil., not" \
		"resutil-overview.adoc:.*at most 69 columns" \
		"gone.adoc. is not there" \
		"README.md: the table of commands is old" \
		"README.ja.md: the headings" \
		"README.ja.md: lacks the command"
'

test_done
