#!/bin/sh

test_description='make deb: Debian packages, installed and tried

What the tests run with is packed, and nothing is compiled; with DEB_DIRECTORY=DIR
the packages in DIR are tried, which `make deb` has made.'

. ./test-lib.sh

if ! command -v dpkg-buildpackage >/dev/null || ! command -v dh >/dev/null ||
	! command -v dh_python3 >/dev/null
then
	test_skip_all "this is no Debian, or debhelper and dh-python are missing"
fi
# Packages are for what people get; sanitizers bring libraries of their own.
if test_have_prereq SANITIZED
then
	test_skip_all "!SANITIZED"
fi
if ! test -f "$BUILD_DIRECTORY/man/done"
then
	test_skip_all PAGES
fi
DEBS=${DEB_DIRECTORY:-$PWD/debs}

field () {
	dpkg-deb -f "$DEBS"/$1_*.deb "$2"
}

test_expect_success 'make deb' '
	test -n "${DEB_DIRECTORY-}" ||
	DEB_BUILD_OPTIONS=noautodbgsym DEBFULLNAME="A. Builder" \
		DEBEMAIL=builder@example.com \
		make -s -C "$SOURCE_DIRECTORY" B="$BUILD_DIRECTORY" \
			DEB="$DEBS" DEB_BUILT="$BUILD_DIRECTORY" deb >out &&
	test_path_is_file "$(echo "$DEBS"/resutil_*.deb)" &&
	test_path_is_file "$(echo "$DEBS"/python3-resutil_*.deb)"
'

test_expect_success 'what it needs, what it can use, whose it is' '
	version=$(resutil version) && version=${version##* } &&
	test "$(field resutil Version)" = "$(echo "$version" |
		sed "s/\.rc/~rc/")" &&
	field resutil Depends >needs && field resutil Recommends >likes &&
	for library in libc6 libjansson4 libyaml-0-2 libedit2 libsqlite3-0 \
		zlib1g libssl3
	do
		test_grep "$library" needs && test_must_fail grep "$library" likes ||
		return 1
	done &&
	for package in git libcurl libexpat1
	do
		test_grep "$package" likes && test_must_fail grep "$package" needs ||
		return 1
	done &&
	field python3-resutil Depends >needs &&
	test_grep "resutil (>= " needs && test_grep python3 needs &&
	if test -z "${DEB_DIRECTORY-}"
	then
		test "$(field resutil Maintainer)" = \
			"A. Builder <builder@example.com>"
	fi
'

# into_root dpkg's words, about a root of its own that nobody else looks at.
into_root () {
	PATH=$PATH:/usr/sbin:/sbin dpkg --root="$PWD/target" \
		--force-not-root --force-depends --force-script-chrootless \
		--log="$PWD/dpkg.log" "$@"
}

test_expect_success 'dpkg installs it' '
	mkdir -p target/var/lib/dpkg/info target/var/lib/dpkg/updates &&
	>target/var/lib/dpkg/status &&
	into_root --install "$DEBS"/resutil_*.deb &&
	into_root --unpack "$DEBS"/python3-resutil_*.deb &&
	into_root -s resutil >status && test_grep "^Status: install ok installed" \
		status &&
	into_root --verify >wrong && test_must_be_empty wrong
'

test_expect_success 'each file is where Debian has such' '
	into_root -L resutil >files && into_root -L python3-resutil >>files &&
	for file in /usr/bin/resutil /usr/libexec/resutil/resutil-pack \
		/usr/share/bash-completion/completions/resutil \
		/usr/share/zsh/vendor-completions/_resutil \
		/usr/share/fish/vendor_completions.d/resutil.fish \
		/usr/share/man/man1/resutil-run.1.gz \
		/usr/share/man/man5/resutilformat-exp.5.gz \
		/usr/share/man/man7/resutil-python.7.gz \
		/usr/share/man/man1/votakvot-ab.1.gz \
		/usr/lib/python3/dist-packages/resutil/__init__.py \
		/usr/share/doc/resutil/copyright /usr/bin/resutil-ab
	do
		grep -x "$file" files && test -e "target$file" || return 1
	done &&
	sort files | uniq -d | grep -v -e "^/\.$" >twice || : &&
	while read -r path
	do
		test -d "target$path" || return 1
	done <twice &&
	test_must_fail grep -e /usr/local -e "\.pyc$" files
'

test_expect_success 'pages are packed, notes on the release and a licence are there' '
	doc=target/usr/share/doc/resutil &&
	gzip -dc target/usr/share/man/man1/resutil-run.1.gz >page &&
	test_grep "^.TH .RESUTIL" page &&
	gzip -dc $doc/changelog.gz >changelog &&
	sed -n "s/^= //p" "$SOURCE_DIRECTORY"/Documentation/RelNotes/*/ssh.adoc \
		>title &&
	test_grep "$(cat title)" changelog &&
	test_grep "^ -- .*<.*@.*>  [A-Z][a-z][a-z], " changelog &&
	gzip -dc $doc/RelNotes.gz >notes && test_grep "$(cat title)" notes &&
	test_grep "License: Expat" $doc/copyright &&
	test_grep "WITHOUT WARRANTY" $doc/copyright
'

test_expect_success 'it records, packs, pushes, and pulls again' '
	PATH=$PWD/target/usr/bin:/usr/bin:/bin &&
	resutil --exec-path >path &&
	echo "$PWD/target/usr/libexec/resutil" >expect && test_cmp expect path &&
	make_project proj && (
		cd proj && resutil run -m installed -- sh -c "echo out" >out &&
		grep out out && resutil list >list && test_grep installed list &&
		resutil hash-experiment @ >../hash && resutil push @ &&
		resutil report --format=csv >report && test_grep installed report
	) &&
	resutil clone "dir:$PWD/proj.store/project" other && (
		cd other && resutil pull installed &&
		resutil hash-experiment @ | cut -f1 >here &&
		cut -f1 ../hash | test_cmp - here
	) &&
	resutil help run >page && test_grep "RESUTIL-RUN(1)" page
'

test_expect_success PYTHON 'the Python package, and what it brings' '
	PATH=$PWD/target/usr/bin:/usr/bin:/bin &&
	PYTHONPATH=$PWD/target/usr/lib/python3/dist-packages /usr/bin/python3 -c \
		"import resutil; print(resutil.__file__)" >actual &&
	echo "$PWD/target/usr/lib/python3/dist-packages/resutil/__init__.py" >expect &&
	test_cmp expect actual &&
	test "$(resutil --python-path)" = "$PWD/target/usr/share/resutil/python" &&
	PYTHONPATH=$(resutil --python-path) /usr/bin/python3 -c "import resutil" &&
	PYTHONPATH=$(resutil --python-path)-votakvot:$(resutil --python-path) \
		/usr/bin/python3 -c "import votakvot" &&
	head -n 1 target/usr/bin/resutil-ab >line && grep -x "#!/usr/bin/python3" \
		line &&
	env -u PYTHONPATH target/usr/bin/votakvot-ab --help >usage &&
	test_grep -i "^usage: .*-ab" usage
'

test_expect_success 'removed, nothing of it is left' '
	into_root --purge python3-resutil resutil &&
	find target -type f ! -path "target/var/lib/dpkg/*" >left &&
	test_must_be_empty left
'

test_done
