#!/bin/sh

test_description='sync-keys: what can be in the way here

A key that is `../x` is for t6022: no directory can hold one.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-mount.sh

store=dir:$TRASH_DIRECTORY/store

# sync WORDS...: into `lines`, sorted by key
sync () {
	status=0 &&
	{ resutil sync-keys --root here --remote "$store" "$@" >out 2>err ||
		status=$?; } &&
	LC_ALL=C sort -t "	" -k 4 out >lines && return $status
}

# fresh: an empty `here`, a store with some files, and something outside
fresh () {
	chmod -R u+rwx here 2>/dev/null
	rm -rf here store outside && mkdir -p here store/d outside &&
	echo aa >store/a && echo bb >store/d/b && echo cc >store/d/c &&
	echo secret >outside/file
}

# temporaries: nothing is left of downloads
no_temporaries () {
	find here -name ".resutil*" >left && test_must_be_empty left
}

test_expect_success 'nothing is written through a link' '
	fresh && ln -s ../outside here/d && ln -s ../outside/file here/a &&
	test_expect_code 14 sync --download "*" && cat >want <<-\EOF &&
	failed	-	3	a
	failed	-	3	d/b
	failed	-	3	d/c
	EOF
	test_cmp want lines && test_grep "a link, which is not written" err &&
	ls -A outside >files && echo file >want && test_cmp want files &&
	echo secret >want && test_cmp want outside/file &&
	test -L here/d && test -L here/a
'

test_expect_success 'nor read through one, nor is it deleted' '
	fresh && ln -s ../outside here/d && ln -s ../outside/file here/a &&
	echo 1 >here/z && sync --upload "*" &&
	echo "uploaded	2	-	z" >want && test_cmp want lines &&
	test_grep "2 things here are links" err && sync --delete "*" &&
	echo "deleted	2	-	z" >want && test_cmp want lines &&
	test -L here/d && test -L here/a && test_path_is_file outside/file
'

test_expect_success 'nor when the pattern begins with its name' '
	fresh && rm -r store/d store/a && ln -s ../outside here/d &&
	ln -s ../outside/file here/a &&
	for pattern in "d/*" d/ d/file a
	do
		test_expect_code 10 sync --upload "$pattern" &&
		test_expect_code 10 sync --delete "$pattern" || return 1
	done && test_dir_is_empty store && test_path_is_file outside/file &&
	test -L here/d && test -L here/a
'

test_expect_success 'a directory, a fifo, a file where the key needs another' '
	fresh && mkdir here/a && mkfifo here/d &&
	test_expect_code 14 sync --download "*" &&
	test_grep "cannot write .a.: there is a directory" err &&
	test_grep "cannot write .d/b.: what is here on the way" err &&
	rmdir here/a && mkfifo here/a && rm here/d && echo file >here/d &&
	test_expect_code 14 sync --download "*" &&
	test_grep "something else" err && echo file >want &&
	test_cmp want here/d && no_temporaries
'

test_expect_success 'one that fails does not keep the others' '
	fresh && mkdir here/a && test_expect_code 3 sync --download "*" &&
	cat >want <<-\EOF &&
	failed	-	3	a
	downloaded	-	3	d/b
	downloaded	-	3	d/c
	EOF
	test_cmp want lines && test_cmp store/d/b here/d/b
'

test_expect_success 'directories that were made for nothing go again' '
	fresh && mkdir -p here/d store/d/e/f && echo 1 >store/d/e/f/g &&
	chmod 0 store/d/e/f/g && ln -s x here/d/b &&
	if test_have_prereq NOT_ROOT
	then
		test_expect_code 3 sync --download "d/*" &&
		test_path_is_missing here/d/e
	fi
'

test_expect_success 'a file and a directory in the store' '
	rm -rf here s2 && mkdir -p here s2/x.d && echo 1 >s2/x &&
	echo 2 >s2/x.d/y && store=dir:$TRASH_DIRECTORY/s2 &&
	sync --download "*" && test_cmp s2/x here/x && test_cmp s2/x.d/y here/x.d/y
'
store=dir:$TRASH_DIRECTORY/store

test_expect_success 'a file here that lies where the store has a directory' '
	fresh && echo 1 >here/d && test_expect_code 14 sync --upload "*" &&
	grep "^failed	2	-	d$" lines && test_path_is_dir store/d
'

test_expect_success AS_USER 'what cannot be read is told, the rest is done' '
	fresh && mkdir here/closed here/open && echo 1 >here/closed/x &&
	echo 2 >here/open/y && echo 3 >here/unreadable &&
	chmod 0 here/closed here/unreadable && chmod -R a+rwX store &&
	chown -R 65534 here store 2>/dev/null; chmod 755 "$TRASH_DIRECTORY" &&
	test_expect_code 3 as_user resutil sync-keys --root here \
		--remote "$store" --upload "*" >out 2>err &&
	sort out >lines && cat >want <<-\EOF &&
	failed	2	-	unreadable
	uploaded	2	-	open/y
	EOF
	test_cmp want lines && test_grep "1 directory here cannot be read" err &&
	test_grep "cannot read .unreadable." err
'

test_expect_success AS_USER 'a root that cannot be written' '
	fresh && chmod -R a+rX store && chmod 555 here &&
	test_expect_code 128 as_user resutil sync-keys --root here \
		--remote "$store" --download "*" >out 2>err &&
	test_line_count = 3 out && grep -c "^failed" out >nr && echo 3 >want &&
	test_cmp want nr && test_grep "denied" err && chmod 755 here &&
	echo 1 >here/x && chmod 555 here &&
	test_expect_code 128 as_user resutil sync-keys --root here \
		--delete "x" >out 2>err &&
	test_path_is_file here/x
'

test_expect_success 'names that no line holds, and that look like options' '
	fresh && rm -r store/d store/a && tab=$(printf "a\tb\nc") &&
	mkdir -p "here/-d" && echo 1 >"here/-d/-n" && echo 2 >"here/$tab" &&
	printf 3 >"here/$(printf "\377x")" && echo 4 >"here/*" &&
	sync --upload "*" && cat >want <<-\EOF &&
	uploaded	1	-	"\377x"
	uploaded	2	-	"a\tb\nc"
	uploaded	2	-	*
	uploaded	2	-	-d/-n
	EOF
	LC_ALL=C sort lines >sorted && test_cmp want sorted &&
	mv here sent && mkdir here && sync --download "*" &&
	diff -r sent here && sync --compare "[*]" &&
	echo "same	2	2	*" >want && test_cmp want lines && rm -rf sent
'

test_expect_success PTY 'no name moves a terminal' '
	fresh && name=$(printf "\033]0;title\007x") && echo 1 >"here/$name" &&
	mkdir "here/d" && ln -s x "here/$name.link" &&
	pty-run resutil sync-keys --root here --remote "$store" \
		--compare --format "%(key)" "*" >screen &&
	test_grep "title" screen && ! grep "$(printf "\033]")" screen &&
	! grep "$(printf "\007")" screen
'

test_expect_success 'the store in the root is not put into itself, nor deleted' '
	rm -rf here && mkdir -p here/store/p && echo 1 >here/store/p/x &&
	echo 2 >here/y && (cd here && resutil sync-keys --remote dir:store \
		--upload "*" >../out && resutil sync-keys --remote dir:store \
		--delete "*" >>../out) && cat >want <<-\EOF &&
	uploaded	2	-	y
	deleted	2	-	y
	EOF
	test_cmp want out && test_path_is_file here/store/p/x &&
	test_path_is_file here/store/y && mkdir here/store/store &&
	echo evil >here/store/store/y &&
	test_expect_code 3 resutil sync-keys --root here \
		--remote dir:here/store --download "*" >out 2>err &&
	test_grep "written into a store here" err && echo 2 >want &&
	test_cmp want here/store/y
'

test_expect_success 'in a project: results, .git and .resutil only when named' '
	make_repo project && cd project &&
	resutil --no-interactive init --project-name p --storage-type dir \
		-o path="$TRASH_DIRECTORY/store2" >/dev/null &&
	mkdir -p results/one && echo 1 >results/one/x && echo 2 >data.bin &&
	resutil sync-keys --upload "*" >../out && cut -f4 ../out >../keys &&
	! grep -e "^results" -e "^.git/" -e "^.resutil/" ../keys &&
	grep -x data.bin ../keys && resutil sync-keys --upload "results/o*" >../out &&
	echo "uploaded	2	-	results/one/x" >../want && test_cmp ../want ../out &&
	cd ..
'

# One file system keeps the case of names, another shows them all in lower
# case: so which of two directories comes first differs.
test_expect_success CASE_FOLDING 'keys that are one where case is folded' '
	test_when_finished "umount folded" && mount_folding &&
	rm -rf store && mkdir -p store/Dir store/dir &&
	echo 1 >store/Dir/a && echo 2 >store/dir/b && echo 3 >store/FILE &&
	echo 4 >store/file &&
	test_expect_code 3 resutil sync-keys --root folded/place -j 1 \
		--remote "$store" --download "*" >out 2>err &&
	cut -f1 out | sort | uniq -c | tr -s " " >nr &&
	printf " %s\n" "2 downloaded" "2 failed" >want && test_cmp want nr &&
	test_grep "takes both for one" err &&
	test_grep "takes for the same" err &&
	find folded/place -type f >files && test_line_count = 2 files &&
	grep "^downloaded" out | cut -f4 >keys && while read -r key
	do
		test_cmp "store/$key" "folded/place/$key" || return 1
	done <keys
'

test_done
