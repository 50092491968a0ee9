#!/bin/sh

test_description='rerun: what cannot be made again as it was, and what kills it

Each refusal says what is missing and what to do, before anything is made.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

# refused STATUS TEXT WORD...: and nothing is there that was not there before.
refused () {
	refused_status=$1 refused_text=$2 &&
	shift 2 &&
	resutil list-exps >names.before &&
	test_expect_code "$refused_status" resutil --no-interactive \
		rerun "$@" >out 2>err </dev/null &&
	test_must_be_empty out &&
	test_grep "$refused_text" err &&
	resutil list-exps >names.after && test_cmp names.before names.after &&
	nothing_is_left
}

nothing_is_left () {
	{ test ! -d .resutil/rerun || test_dir_is_empty .resutil/rerun; } &&
	git worktree list >worktrees && test_line_count = 1 worktrees &&
	test_dir_is_empty "$TMPDIR"
}

# edit EXP EXPRESSION: its record.
edit () {
	sed "$2" "results/$(resutil rev-exp "$1")/resutil-exp.yaml" >record &&
	cat record >"results/$(resutil rev-exp "$1")/resutil-exp.yaml"
}

test_expect_success 'setup' '
	make_repo . && make_project . &&
	printf "/*\n!/train.py\n!/new\n!/data.csv\n" >.git/info/exclude &&
	test_commit . setup &&
	echo first >train.py && echo new >new &&
	resutil run -m one -- cat train.py new
'

test_expect_success 'no such experiment, and what is none' '
	refused 10 "no experiment .two." two &&
	resutil run --debug -- true && refused 129 "_debug" _debug &&
	resutil add added && refused 13 "has no command" added
'

test_expect_success 'a commit that is gone' '
	cp -r results/*_one kept &&
	git remote add origin https://host/one.git &&
	resutil run -m lost -- cat train.py &&
	commit=$(git rev-parse HEAD) && other=$(echo $commit | tr 0-9 1-90) &&
	edit lost "s/$commit/$other/" &&
	refused 10 "the commit $other .of the branch .main.. is not in this repository" lost &&
	test_grep "git fetch https://host/one.git $other" err &&
	git remote remove origin
'

test_expect_success 'a patch that does not fit, and one that is none' '
	resutil run -m patch -- true && patch=results/$(resutil rev-exp patch) &&
	sed "s/^-print.*/-other/" "$patch/uncommited.patch" >bad &&
	cat bad >"$patch/uncommited.patch" &&
	refused 13 "patch does not fit the commit" patch &&
	echo no >"$patch/uncommited.patch" &&
	refused 13 "patch cannot be read" patch
'

test_expect_success 'a record that leads out of the work tree' '
	resutil run -m out -- true && out=results/$(resutil rev-exp out) &&
	mkdir -p "$out/uncommited_files/sub" &&
	ln -s "$TRASH_DIRECTORY" "$out/uncommited_files/way" && echo x >evil &&
	for path in ../evil /etc/passwd .git a/.GIT/config ./new new/ ""
	do
		cat "$out/resutil-exp.yaml" >whole &&
		edit out "s,^  - new\$,  - \"$path\"," &&
		{ test -z "$path" || refused 13 "no path in a work tree" out; } &&
		cat whole >"$out/resutil-exp.yaml" || return 1
	done &&
	edit out "s,^  - new\$,  - way/evil," &&
	resutil rerun out 2>err && test_grep "the copy of .way/evil. is gone" err
'

test_expect_success 'what was not kept is told, and the rest is done' '
	echo .env >.env && head -c 3000 /dev/zero >big &&
	git add -f .env big && echo 1 >>.env &&
	resutil -c code.max-file=2000 run -m left -- cat new &&
	git rm -q -f --cached .env big &&
	resutil rerun left >out 2>err && echo new >expect && test_cmp expect out &&
	test_grep "warning: .big. was not kept (too large, 3000 bytes)" err &&
	test_grep "warning: .\.env. was not kept (secret" err && nothing_is_left
'

test_expect_success 'inputs that are gone are named, and pulled where they are' '
	RESUTIL_TEST_NOW=1720088155 resutil add in1 >name1 &&
	RESUTIL_TEST_NOW=1720088255 resutil add in2 >name2 &&
	echo 1 >"results/$(cat name1)/x" && echo 2 >"results/$(cat name2)/x" &&
	resutil run -m reads -- cat "results/$(cat name1)/x" \
		"results/$(cat name2)/x" &&
	(unset RESUTIL_NO_REMOTE && resutil -q push in1) &&
	resutil rm -l -y in1 in2 &&
	refused 10 "what the run read is not here: .$(cat name1)., .$(cat name2)." reads &&
	(
		unset RESUTIL_NO_REMOTE &&
		test_expect_code 10 resutil rerun reads 2>err &&
		test_grep "and no store gave it: .$(cat name2).\$" err
	) &&
	test -f "results/$(cat name1)/x" &&
	resutil rm -l -y in1 && mkdir "results/$(cat name2)" &&
	cp results/*_added/resutil-exp.yaml "results/$(cat name2)/" &&
	edit "$(cat name2)" "/^id:/d;/^name:/d" && echo 2 >"results/$(cat name2)/x" &&
	edit reads "/_in2: /d" &&
	(unset RESUTIL_NO_REMOTE && resutil rerun --no-push reads >out 2>err) &&
	printf "1\n2\n" >expect && test_cmp expect out
'

test_expect_success 'a dependency that is no name is asked of nobody' '
	resutil run -m option -- true &&
	edit option "s/^dependency: .*/dependency: [\"--all\", \"-A\"]/" &&
	(
		unset RESUTIL_NO_REMOTE &&
		refused 10 "not here, and no store gave it: .--all., .-A.$" option
	)
'

test_expect_success 'what the program records itself is left to be pushed' '
	mkdir ../nested && (
		cd ../nested && unset RESUTIL_NO_REMOTE && make_repo . &&
		resutil -q init --project-name nested --storage-type dir \
			-o path="$PWD/store" &&
		printf "/store/\n/results/\n/.resutil/\n" >.gitignore &&
		test_commit . setup &&
		resutil run --no-push -m outer -- resutil run -m inner -- true &&
		resutil rerun outer && resutil list-exps >names &&
		inner=$(grep "_inner\$" names | tail -n 1) &&
		resutil read-exp "$inner" >record &&
		test_grep "^cwd: .*/[.]resutil/rerun/" record &&
		resutil tag best "$inner" && resutil push "$inner"
	)
'

test_expect_success 'an input that is not what it was' '
	echo 333 >"results/$(cat name2)/x" &&
	resutil rerun reads >out 2>err &&
	test_grep "has 4 bytes, and had 2 when the run read it" err &&
	rm "results/$(cat name2)/x" &&
	refused 10 "which the run read, is not there any more" reads &&
	resutil -c run.hash-inputs=true run -m hash -- cat \
		"results/$(cat name1)/x" && echo 9 >"results/$(cat name1)/x" &&
	resutil rerun hash >out 2>err &&
	test_grep "holds something else than the run read" err
'

test_expect_success 'what another user recorded' '
	resutil run -m bob -- cat new && edit bob "s/^user: .*/user: bob/" &&
	refused 129 "was recorded by .bob. on .*--as-me does it" bob &&
	resutil rerun -n bob >out && test_grep "^command	cat new" out &&
	resutil rerun --script bob >out &&
	resutil rerun --as-me bob >out && echo new >expect && test_cmp expect out &&
	resutil run -m nobody -- cat new && edit nobody "/^ *user: /d" &&
	refused 129 "does not say who recorded it" nobody
'

test_expect_success 'a person is asked, and sees the command' '
	test_expect_code 129 pty-run --screen=screen --expect="Run its" \
		--send="n\r" -- resutil rerun bob &&
	test_grep "Run its command (cat new) as " screen &&
	pty-run --screen=screen --expect="Run its" --send="y\r" -- \
		resutil rerun bob &&
	nothing_is_left
'

test_expect_success 'a word that is a secret, and words that cannot be told' '
	resutil run -m secret -- echo --password hunter22 2>/dev/null &&
	refused 129 "had a secret in it, which is not recorded" secret &&
	resutil rerun secret -- echo again >out && echo again >expect &&
	test_cmp expect out &&
	resutil run -m joined -- echo a b && edit joined "/^argv:/,/^cwd:/d" &&
	refused 13 "say them: resutil rerun .* -- echo a b" joined
'

test_expect_success 'no repository: only in place' '
	mkdir none && (
		cd none && make_project . &&
		resutil run -m bare -- sh -c "cat here" >/dev/null 2>&1 ||
		echo here >here && GIT_CEILING_DIRECTORIES=$TRASH_DIRECTORY &&
		export GIT_CEILING_DIRECTORIES &&
		resutil run -m out -- cat here &&
		test_expect_code 10 resutil rerun out 2>err &&
		test_grep "outside of a git repository.*--in-place" err &&
		echo now >here && resutil rerun --in-place out >out &&
		echo now >expect && test_cmp expect out
	)
'

test_expect_success 'a repository that is not there any more' '
	mkdir moved && (
		cd moved && GIT_CEILING_DIRECTORIES=$TRASH_DIRECTORY &&
		export GIT_CEILING_DIRECTORIES && make_repo . && make_project . &&
		git remote add origin /srv/moved.git &&
		resutil run -m out -- cat train.py && rm -rf .git &&
		test_expect_code 10 resutil rerun out 2>err &&
		test_grep "lies in no git repository that could have the code" err &&
		test_grep "it is in ./srv/moved.git." err
	)
'

test_expect_success 'before the first commit' '
	git init -q unborn && (
		cd unborn && make_project . && echo a >a &&
		resutil run -m out -- cat a && echo b >a &&
		resutil rerun out >../out && test_dir_is_empty .resutil/rerun
	) && echo a >expect && test_cmp expect out
'

test_expect_success 'a bare repository' '
	git clone -q --bare . bare.git && (
		cd bare.git && make_project . && resutil run -m out -- pwd &&
		test_expect_code 10 resutil rerun out 2>err &&
		test_grep "was run in a bare repository" err
	)
'

test_expect_success 'a sparse checkout is whole, and stays sparse' '
	make_repo sparse && (
		cd sparse && make_project . && mkdir a b && echo a >a/f &&
		echo b >b/f && echo /results >.gitignore && test_commit . two &&
		echo c >b/f && resutil run -m out -- cat a/f b/f &&
		git checkout -q b/f && git sparse-checkout set a &&
		test_path_is_missing b/f && resutil rerun out >../out &&
		test_path_is_missing b/f && git status --porcelain >../status
	) && printf "a\nc\n" >expect && test_cmp expect out &&
	test_must_be_empty status
'

test_expect_success 'submodules come from where they are, and changes are told' '
	make_repo inner && make_repo outer && (
		cd outer && make_project . && echo /results >.gitignore &&
		git -c protocol.file.allow=always submodule --quiet add \
			"$TRASH_DIRECTORY/inner" in && test_commit . two &&
		echo then >in/train.py && test_commit in then &&
		resutil run -m out -- cat in/train.py &&
		echo now >in/train.py && test_commit in now &&
		git -C in log --oneline >../log.before &&
		resutil rerun out >../out && git -C in log --oneline >../log.after &&
		git -C in worktree list >../worktrees &&
		test "$(cat in/train.py)" = now && resutil run -m dirty -- true &&
		echo dirt >in/train.py && resutil run -m dirty2 -- true &&
		resutil rerun dirty2 2>../err &&
		mv in gone && mkdir in && resutil rerun out 2>../err2
	) ; echo then >expect && test_cmp expect out &&
	test_cmp log.before log.after && test_line_count = 1 worktrees &&
	test_grep "changes within the submodule .in. were not kept" err &&
	test_grep "the submodule .in. at .* is not there: it is not checked out" err2
'

test_expect_success 'pointers of Git LFS whose content is not here' '
	make_repo lfs && (
		cd lfs && make_project . && echo /results >.gitignore &&
		echo "*.bin filter=lfs" >.gitattributes &&
		printf "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n" >a.bin &&
		echo content >b.bin && test_commit . two &&
		git config filter.lfs.smudge false &&
		git config filter.lfs.required true &&
		resutil run -m out -- true && resutil rerun out 2>../err
	) && test_grep "warning: .a.bin. is only a pointer of Git LFS" err
'

test_expect_success 'hooks of the user do not run' '
	for hook in post-checkout post-index-change reference-transaction
	do
		write_script .git/hooks/$hook <<-EOF || return 1
		touch "$TRASH_DIRECTORY/ran"
		EOF
	done &&
	resutil rerun one >out && printf "first\nnew\n" >expect &&
	test_cmp expect out && test_path_is_missing ran &&
	rm .git/hooks/*
'

test_expect_success 'Ctrl-C ends the program, and nothing is left' '
	resutil run -m wait -- sh -c "case \$RESUTIL_EX_NAME in
		*-rerun) touch \"$TEST_TOP_DIRECTORY/begun\"; exec sleep 60;; esac" &&
	cat >interruptible <<-\EOF &&
	import os, signal, sys
	signal.signal(signal.SIGINT, signal.SIG_DFL)
	os.execvp(sys.argv[1], sys.argv[1:])
	EOF
	{ python3 interruptible resutil rerun wait >out 2>err & } && pid=$! &&
	test_wait_for 30 test -e "$TEST_TOP_DIRECTORY/begun" && kill -INT $pid &&
	{ wait $pid; test $? -gt 128; } &&
	nothing_is_left && resutil rev-exp @ >name &&
	test_grep "^state: interrupted" "results/$(cat name)/resutil-exp.yaml"
'

test_expect_success 'SIGTERM while the work tree is made' '
	git config filter.slow.smudge "cat; cd \"$TEST_TOP_DIRECTORY\" &&
		echo \$\$ >slow.new && mv slow.new slow; exec sleep 60" &&
	resutil run -m slow -- true &&
	echo "data.csv filter=slow" >.git/info/attributes &&
	{ resutil rerun slow >out 2>err & } && pid=$! &&
	test_wait_for 30 test -e "$TEST_TOP_DIRECTORY/slow" && kill -TERM $pid &&
	test_expect_code 143 wait $pid &&
	stop_process $(cat "$TEST_TOP_DIRECTORY/slow") &&
	rm -f .git/info/attributes &&
	nothing_is_left
'

test_expect_success 'kill -9: gc removes what is left, when its program is gone' '
	rm -f "$TEST_TOP_DIRECTORY/begun" && { resutil rerun wait >out 2>err & } && pid=$! &&
	test_wait_for 30 test -e "$TEST_TOP_DIRECTORY/begun" && kill -KILL $pid &&
	test_expect_code 137 wait $pid &&
	ls .resutil/rerun >dirs && test_line_count = 1 dirs &&
	git worktree list >worktrees && test_line_count = 2 worktrees &&
	resutil gc --older-than=0 >out &&
	test_path_is_dir ".resutil/rerun/$(cat dirs)" &&
	sleeper=$(for p in /proc/[0-9]*
	do
		case $(tr "\0" " " <"$p/cmdline" 2>/dev/null) in
		"sleep 60 ") readlink "$p/cwd" | grep -q "$(cat dirs)" &&
			basename "$p";;
		esac
	done) && kill $sleeper &&
	test_wait_for 60 test_is_gone $sleeper &&
	test_might_fail resutil check-project >found &&
	test_grep "^leftover	rerun-tree" found &&
	resutil gc --older-than=0 >out && test_grep "removed .resutil/rerun/" out &&
	nothing_is_left
'

test_expect_success 'a note of git without its work tree is removed, too' '
	mkdir -p .resutil/rerun/left.1 &&
	git worktree add -q --detach .resutil/rerun/left.1/trash &&
	rm -rf .resutil/rerun/left.1 &&
	git worktree add -q --detach ../theirs && mv ../theirs ../theirs.away &&
	resutil gc --older-than=0 >out &&
	git worktree list >worktrees && test_line_count = 2 worktrees &&
	test_grep "/theirs " worktrees && rm -rf ../theirs.away &&
	git worktree prune
'

test_done
