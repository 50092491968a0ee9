#!/bin/sh

test_description='make install: into a directory, and used from there'

. ./test-lib.sh

# The build under test is what is installed: nothing is compiled here.
install_into () {
	make -s -C "$SOURCE_DIRECTORY" B="$BUILD_DIRECTORY" \
		DESTDIR="$1" install-built
}

# The names of all commands.
list_commands () {
	(
		cd "$SOURCE_DIRECTORY" &&
		python3 -B tools/command-table names
	) | cut -f 1
}

# Without asciidoctor `make` makes no pages, and says so.
test_lazy_prereq PAGES 'test -f "$BUILD_DIRECTORY/man/done"'

test_expect_success 'make install' '
	install_into "$PWD/dest" &&
	test_path_is_file dest/usr/local/bin/resutil &&
	test_path_is_file dest/usr/local/libexec/resutil/resutil-edit &&
	test_path_is_file dest/usr/local/libexec/resutil/resutil-pack
'

test_expect_success 'completions for three shells' '
	share=dest/usr/local/share &&
	test_path_is_file $share/bash-completion/completions/resutil &&
	test_path_is_file $share/zsh/site-functions/_resutil &&
	test_path_is_file $share/fish/vendor_completions.d/resutil.fish
'

test_expect_success PAGES 'a page for each command, and for formats' '
	test_path_is_file dest/usr/local/share/man/man5/resutilformat-exp.5 &&
	list_commands >commands &&
	test -s commands &&
	while read -r command
	do
		test -f "dest/usr/local/share/man/man1/resutil-$command.1" ||
		echo "$command"
	done <commands >without &&
	test_must_be_empty without
'

test_expect_success 'the installed program runs alone' '
	PATH=$PWD/dest/usr/local/bin:/usr/bin:/bin &&
	make_project project &&
	cd project &&
	resutil run -m installed -- sh -c "echo out" >out &&
	grep out out &&
	resutil list-exps >names &&
	test_line_count = 1 names &&
	grep _installed names
'

test_expect_success 'it finds its programs under libexec' '
	dest/usr/local/bin/resutil ask-line -h >usage &&
	grep "^usage: resutil ask-line" usage &&
	dest/usr/local/bin/resutil --exec-path >path &&
	echo "$PWD/dest/usr/local/libexec/resutil" >expect &&
	test_cmp expect path
'

test_expect_success PYTHON 'the Python package, found from the program' '
	dest/usr/local/bin/resutil --python-path >path &&
	echo "$PWD/dest/usr/local/share/resutil/python" >expect &&
	test_cmp expect path &&
	test_path_is_file "$(cat path)"/resutil/py.typed &&
	(
		cd / &&
		PATH=$TRASH_DIRECTORY/dest/usr/local/bin:$PATH &&
		PYTHONPATH=$(resutil --python-path) &&
		export PYTHONPATH &&
		python3 -c "import resutil; print(resutil.__file__)"
	) >actual &&
	echo "$(cat path)/resutil/__init__.py" >expect &&
	test_cmp expect actual
'

test_expect_success PYTHON 'votakvot is there for who asks for it' '
	(
		cd / &&
		PATH=$TRASH_DIRECTORY/dest/usr/local/bin:$PATH &&
		PYTHONPATH=$(resutil --python-path) &&
		export PYTHONPATH &&
		test_must_fail python3 -c "import votakvot" &&
		PYTHONPATH=$PYTHONPATH:$PYTHONPATH-votakvot &&
		python3 -c "import votakvot; print(votakvot.__file__)"
	) >actual 2>err &&
	echo "$(cat path)-votakvot/votakvot/__init__.py" >expect &&
	test_cmp expect actual &&
	test_grep "No module named .votakvot" err
'

test_expect_success PYTHON 'resutil-ab, also as votakvot-ab, from anywhere' '
	mkdir -p elsewhere &&
	cp -R dest/usr/local elsewhere/moved &&
	for ab in dest/usr/local/bin/resutil-ab elsewhere/moved/bin/votakvot-ab
	do
		env -u PYTHONPATH PATH="$PWD/dest/usr/local/bin:$PATH" \
			"$ab" --help >usage &&
		test_grep -i "^usage: .*-ab" usage || return 1
	done
'

test_expect_success PYTHON 'what a user imports need not be compiled first' '
	find dest/usr/local/share/resutil -name "*.py" >sources &&
	find dest/usr/local/share/resutil -name "*.pyc" >compiled &&
	test_line_count = $(wc -l <sources) compiled
'

test_expect_success 'a build that is not installed has its package, too' '
	resutil --python-path >path &&
	test_path_is_file "$(cat path)"/resutil/__init__.py &&
	test_path_is_file "$(cat path)"-votakvot/votakvot/__init__.py
'

test_expect_success 'installing again changes nothing' '
	( cd dest && find . -type f -exec cksum {} + | sort ) >before &&
	install_into "$PWD/dest" &&
	( cd dest && find . -type f -exec cksum {} + | sort ) >after &&
	test_cmp before after
'

test_expect_success 'uninstall removes what install made' '
	touch dest/usr/local/share/man/man1/other.1 &&
	make -s -C "$SOURCE_DIRECTORY" B="$BUILD_DIRECTORY" \
		DESTDIR="$PWD/dest" uninstall &&
	find dest -type f >left &&
	echo dest/usr/local/share/man/man1/other.1 >expect &&
	test_cmp expect left
'

test_done
