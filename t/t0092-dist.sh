#!/bin/sh

test_description='make dist: a tarball that builds without git; settings of the build'

. ./test-lib.sh

# A clone is needed to make one of, and asciidoctor for the pages in it.
test_lazy_prereq CLONE 'test -e "$SOURCE_DIRECTORY/.git" &&
	test -f "$BUILD_DIRECTORY/man/done"'

version=$(sh "$SOURCE_DIRECTORY/tools/version" none)
case $version in
none)	version=$(sed -n 's/^RELEASE = //p' "$SOURCE_DIRECTORY"/Makefile) ;;
esac
name=resutil-$version

# The sources as somebody else's, read by whoever runs this.
source_git () {
	git -c safe.directory='*' -C "$SOURCE_DIRECTORY" "$@"
}

# A small project that tools/make-dist is good enough for.
make_sources () {
	mkdir "$1" && (
		cd "$1" && git init -q . &&
		git config user.name "A" && git config user.email a@example.com &&
		mkdir -p Documentation pages/man1 pages/man5 pages/man7 &&
		echo text >Documentation/text && echo x >"a name" &&
		echo y >tool && chmod 700 tool && chmod 600 "a name" &&
		for n in 1 5 7
		do
			echo .TH >pages/man$n/x.$n || exit 1
		done && ln -s tool link &&
		git add . && GIT_COMMITTER_DATE="@1700000000 +0000" \
			git commit -q -m first
	)
}

make_dist () {
	( cd "$1" && sh "$SOURCE_DIRECTORY/tools/make-dist" 1.2 out pages )
}

test_expect_success 'the same commit is the same tarball, wherever it is made' '
	make_sources one && git clone -q one two &&
	make_dist one >path && echo "$PWD/one/out/resutil-1.2.tar.gz" >expect &&
	test_cmp expect path &&
	( umask 077 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 make_dist two ) &&
	cmp one/out/resutil-1.2.tar.gz two/out/resutil-1.2.tar.gz &&
	ls one/out >left && test_line_count = 1 left
'

test_expect_success PYTHON 'names, modes and times say nothing of a machine' '
	python3 -B - one/out/resutil-1.2.tar.gz >actual <<-\END &&
	import sys, tarfile
	for m in tarfile.open(sys.argv[1]):
	    assert (m.uid, m.gid, m.uname, m.gname) == (0, 0, "root", "root"), m
	    assert m.mtime == 1700000000, (m.name, m.mtime)
	    print(f"{m.mode:o}", m.name, m.linkname)
	END
	sed "s/ *$//" >expect <<-\END &&
	755 resutil-1.2
	755 resutil-1.2/Documentation
	755 resutil-1.2/Documentation/man
	755 resutil-1.2/Documentation/man/man1
	644 resutil-1.2/Documentation/man/man1/x.1
	755 resutil-1.2/Documentation/man/man5
	644 resutil-1.2/Documentation/man/man5/x.5
	755 resutil-1.2/Documentation/man/man7
	644 resutil-1.2/Documentation/man/man7/x.7
	644 resutil-1.2/Documentation/text
	644 resutil-1.2/a name
	END
	sed "s/ *$//" actual | sed -n "1,11p" | test_cmp expect - &&
	test_grep "^755 resutil-1.2/tool" actual &&
	test_grep "/link tool" actual &&
	test_grep "^644 resutil-1.2/version" actual
'

test_expect_success 'it holds what is committed, and that is said' '
	echo changed >one/Documentation/text && echo new >one/untracked &&
	make_dist one 2>err &&
	test_grep "what is not committed is not in it" err &&
	cmp one/out/resutil-1.2.tar.gz two/out/resutil-1.2.tar.gz
'

test_expect_success 'where there is no git, there is none to be made' '
	mkdir plain &&
	test_must_fail make_dist plain >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	test_grep "no clone" err
'

test_expect_success 'the version: of the file, of a tag, or the release' '
	mkdir -p repo/tools && cp "$SOURCE_DIRECTORY"/tools/version repo/tools/ &&
	say () { sh repo/tools/version 0.9; } &&
	test "$(say)" = 0.9 &&
	make_sources tagged && mv tagged/.git repo/ &&
	test "$(say)" = 0.9 &&
	git -C repo tag -a -m x nightly && test "$(say)" = 0.9 &&
	git -C repo tag -a -m x v1.0-rc1 && test "$(say)" = 1.0.rc1 &&
	git -C repo commit -q --allow-empty -m second &&
	say >actual && test_grep -E "^1\.0\.rc1\.1\.g[0-9a-f]{7,}$" actual &&
	git -C repo tag -a -m x "v2\";id" && test "$(say)" = 0.9 &&
	echo 1.0 >repo/version && test "$(say)" = 1.0 &&
	echo "\$(touch bad)" >repo/version && test "$(say)" = 0.9 &&
	test_path_is_missing bad
'

test_expect_success CLONE 'make dist: all that is committed, version, pages' '
	make -s -C "$SOURCE_DIRECTORY" B="$BUILD_DIRECTORY" DIST="$PWD/dist" \
		DIST_PAGES="$BUILD_DIRECTORY/man" dist >path &&
	echo "$PWD/dist/$name.tar.gz" >expect && test_cmp expect path &&
	tar -xzf dist/$name.tar.gz &&
	( cd $name && find . -type f -o -type l ) | sed "s|^\./||" | sort >actual &&
	{
		source_git -c core.quotePath=false ls-tree -r --name-only HEAD &&
		echo version &&
		( cd "$BUILD_DIRECTORY"/man && find man? -name "*.[1-9]" ) |
			sed "s|^|Documentation/man/|"
	} | sort >expect &&
	test_cmp expect actual &&
	echo "$version" >expect && test_cmp expect $name/version
'

# What a build needs, and neither git nor asciidoctor nor a pkg-config that knows.
few_programs () {
	mkdir few &&
	for program in sh env make gcc ar as ld sed grep mkdir rm cp mv ln cmp \
		touch head tail sort find install cat dirname basename uname \
		tr awk nproc python3 cut expr printf test chmod mktemp
	do
		# Not what somebody puts before it: a script, say.
		found=$(PATH=/usr/bin:/bin:$PATH command -v "$program") ||
		return 1
		case $found in
		/*)	ln -s "$found" few/ || return 1 ;;
		esac
	done &&
	write_script few/pkg-config <<-END
	echo "\$*" >>"$PWD/asked"
	exit 1
	END
}

in_tarball () {
	env -i PATH="$PWD/few" HOME="$HOME" make -s -C "$PWD/$name" B="$PWD/b" "$@"
}

# The rest of the build is in .ci/run.
test_expect_success CLONE 'it compiles and has its pages without git and asciidoctor' '
	few_programs && >asked &&
	echo 7.8.9 >$name/version &&
	in_tarball "$PWD/b/builtin/version.o" man &&
	grep -q "7\.8\.9" b/builtin/version.o &&
	test_path_is_file b/man/man1/resutil-run.1 &&
	cmp b/man/man5/resutilformat-exp.5 \
		"$BUILD_DIRECTORY"/man/man5/resutilformat-exp.5 &&
	test_grep yaml-0.1 asked
'

test_expect_success CLONE 'pages are made in a directory with blanks' '
	mkdir "a b c" && tar -C "a b c" -xzf dist/$name.tar.gz && (
		cd "a b c/$name" && make -s B=b PAGES=Documentation/resutil.adoc \
			EVERYDAY= man &&
		test_grep "make a project from a store" b/man/man1/resutil.1
	) && rm -r "a b c"
'

# Whatever may be answered stands in the Makefiles like this.
list_answers () {
	sed -n "s/^\$(call answer,\([A-Z_]*\),.*/\1/p" \
		"$SOURCE_DIRECTORY"/Makefile "$SOURCE_DIRECTORY"/packaging/*.mak
}

test_expect_success CLONE 'what config.mak answers, pkg-config is not asked' '
	list_answers >answers && test_grep YAML_LIBS answers &&
	test_line_count -gt 15 answers &&
	sed "s/.*_CFLAGS$/& = -DIS_&/; s/^\([A-Z_]*_LIBS\)$/\1 = -lIS_\1/" \
		answers >$name/config.mak &&
	>asked && in_tarball "$PWD/b/flags" && test_must_be_empty asked &&
	for flag in YAML_CFLAGS YAML_LIBS JSON_CFLAGS EDIT_LIBS SQLITE_LIBS \
		ZLIB_LIBS CRYPTO_CFLAGS CURL_CFLAGS EXPAT_CFLAGS ISAL_CFLAGS \
		ISAL_LIBS LIBDEFLATE_CFLAGS LIBDEFLATE_LIBS
	do
		test_grep "IS_$flag" b/flags || return 1
	done &&
	test_grep -e "-DWITH_ISAL" b/flags &&
	in_tarball -n "$PWD/b/resutil" >commands &&
	test_grep "b/resutil.*-lIS_YAML_LIBS -lIS_JSON_LIBS" commands
'

test_expect_success CLONE 'WITHOUT_ISAL and WITHOUT_LIBDEFLATE take that back' '
	in_tarball WITHOUT_ISAL=1 "$PWD/b/flags" &&
	test_must_fail grep ISAL b/flags && test_grep WITH_LIBDEFLATE b/flags &&
	echo "WITHOUT_LIBDEFLATE = 1" >>$name/config.mak &&
	in_tarball WITHOUT_ISAL=1 "$PWD/b/flags" &&
	test_must_fail grep -e ISAL -e DEFLATE b/flags
'

test_expect_success CLONE 'answers are used: what they name is compiled' '
	echo "YAML_CFLAGS = -I$PWD/mine" >$name/config.mak && mkdir mine &&
	printf "#include_next <yaml.h>\n#define MINE 1\n" >mine/yaml.h &&
	rm -rf b && in_tarball "$PWD/b/lib/wrap/yaml.o" &&
	test_grep "mine/yaml.h" b/lib/wrap/yaml.d
'

test_done
