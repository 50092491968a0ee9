#!/bin/sh
test_description='code state: every state that a repository can be in'
. ./test-lib.sh
. "$TEST_DIRECTORY/lib-code.sh"

commit () {
	git -C "$1" -c user.name=x -c user.email=x@x.invalid commit -q -m "$2"
}

test_expect_success 'outside a repository there is nothing, and no error' '
	mkdir none &&
	snap none &&
	printf "%s\n" commit_hash=null uncommited_files.nr=0 >expect &&
	test_cmp expect out &&
	test_dir_is_empty snap
'

test_expect_success 'outside a repository no git is run' '
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" resutil -C none \
		snapshot-code -n >actual &&
	test_must_be_empty actual &&
	test_grep ! git trace
'

test_expect_success 'a clean work tree leaves nothing behind' '
	make_repo clean &&
	snap clean &&
	hash=$(git -C clean rev-parse HEAD) &&
	has "commit_hash=$hash" branch=main remote=null patch=null \
		"describe=$(git -C clean describe --always)" \
		uncommited_files.nr=0 untracked_files.nr=0 left_out.nr=0 &&
	has_not error &&
	test_dir_is_empty snap
'

test_expect_success 'modified, staged and untracked files are captured once' '
	make_repo all &&
	echo more >>all/train.py &&
	echo staged >>all/data.csv && git -C all add data.csv &&
	echo again >>all/data.csv &&
	mkdir all/sub && echo new >all/sub/new && echo staged >all/added &&
	git -C all add added &&
	snap all &&
	captured added data.csv sub/new train.py &&
	has untracked_files.nr=1 untracked_files.0=sub/new \
		patch=uncommited.patch \
		"describe=$(git -C all describe --always)-dirty" &&
	test_grep again snap/uncommited_files/data.csv &&
	rebuilds all
'

test_expect_success 'no commit yet: all is new' '
	git init -q -b trunk unborn &&
	echo a >unborn/a && git -C unborn add a && echo b >unborn/b &&
	snap unborn &&
	has commit_hash=null branch=trunk describe=null &&
	captured a b &&
	has_not error &&
	rebuilds unborn
'

test_expect_success 'no commit yet, and nothing in the index' '
	git init -q -b trunk bare-unborn &&
	echo b >bare-unborn/b &&
	snap bare-unborn &&
	has commit_hash=null branch=trunk patch=null &&
	captured b
'

test_expect_success 'no commit yet in a repository of SHA-256' '
	git init -q -b trunk --object-format=sha256 unborn256 &&
	echo a >unborn256/a && git -C unborn256 add a &&
	snap unborn256 &&
	captured a &&
	has_not error &&
	test_commit unborn256 one &&
	echo more >>unborn256/a &&
	snap unborn256 &&
	has "commit_hash=$(git -C unborn256 rev-parse HEAD)" &&
	captured a
'

test_expect_success 'a detached HEAD has no branch' '
	make_repo detached &&
	git -C detached checkout -q --detach &&
	snap detached &&
	has branch=null "commit_hash=$(git -C detached rev-parse HEAD)"
'

test_expect_success 'branch, tag and remote are recorded' '
	make_repo named &&
	git -C named tag v1.0 &&
	git -C named checkout -q -b topic/one &&
	test_commit named second &&
	git -C named remote add origin https://me:secret@host.invalid/a.git?t=1 &&
	git -C named remote add up ssh://git:secret@host.invalid/b.git &&
	snap named &&
	has branch=topic/one "describe=$(git -C named describe --tags)" \
		remote=https://host.invalid/a.git &&
	git -C named config branch.topic/one.remote up &&
	snap named &&
	has remote=ssh://git@host.invalid/b.git &&
	test_grep ! secret json
'

test_expect_success 'other forms of remotes stay as they are' '
	make_repo urls &&
	for url in git@host.invalid:a/b.git /a/b@c file:///x \
		ssh://git@host.invalid:22/a@b
	do
		git -C urls config remote.only.url "$url" &&
		snap urls &&
		has "remote=$url" || return 1
	done
'

test_expect_success 'staged, then deleted: the work tree counts' '
	make_repo gone &&
	echo x >gone/new && git -C gone add new && rm gone/new &&
	echo x >>gone/train.py && git -C gone add train.py &&
	rm gone/train.py &&
	snap gone &&
	has uncommited_files.nr=0 patch=uncommited.patch &&
	test_path_is_missing snap/uncommited_files &&
	rebuilds gone
'

test_expect_success 'out of the index, but still there' '
	make_repo cached &&
	git -C cached rm -q --cached train.py &&
	snap cached &&
	captured train.py &&
	has untracked_files.0=train.py &&
	rebuilds cached
'

test_expect_success 'intent to add' '
	make_repo intent &&
	echo x >intent/later && git -C intent add -N later &&
	snap intent &&
	captured later &&
	has untracked_files.nr=0 &&
	rebuilds intent
'

test_expect_success 'a rename has a removal and a new file' '
	make_repo renamed &&
	git -C renamed mv train.py fit.py &&
	snap renamed &&
	captured fit.py &&
	test_grep "deleted file" snap/uncommited.patch &&
	rebuilds renamed
'

test_expect_success 'files, links and directories change places' '
	make_repo types &&
	echo x >types/to-dir && mkdir types/to-file types/to-link &&
	echo x >types/to-file/x && echo x >types/to-link/x &&
	ln -s train.py types/link && echo x >types/file &&
	test_commit types second &&
	rm -r types/to-dir types/to-file types/to-link types/link types/file &&
	mkdir types/to-dir && echo y >types/to-dir/y &&
	echo y >types/to-file && ln -s train.py types/to-link &&
	echo y >types/link && ln -s train.py types/file &&
	snap types &&
	captured file link to-dir/y to-file to-link &&
	test_path_is_link snap/uncommited_files/file &&
	rebuilds types &&
	git -C types add -A &&
	snap types &&
	captured file link to-dir/y to-file to-link &&
	rebuilds types
'

test_expect_success 'links are kept as links, wherever they lead' '
	make_repo links &&
	ln -s /etc/passwd links/out &&
	ln -s ../../.. links/up &&
	ln -s nowhere links/dangling &&
	ln -s loop links/loop &&
	snap links &&
	captured dangling loop out up &&
	test "$(readlink snap/uncommited_files/out)" = /etc/passwd &&
	test "$(readlink snap/uncommited_files/up)" = ../../.. &&
	rebuilds links
'

test_expect_success 'modes: the x bit is kept, setuid is not' '
	make_repo modes &&
	chmod +x modes/data.csv &&
	echo x >modes/private && chmod 4700 modes/private &&
	echo x >modes/readonly && chmod 444 modes/readonly &&
	snap modes &&
	captured data.csv private readonly &&
	test "$(stat -c %a snap/uncommited_files/data.csv)" = 755 &&
	test "$(stat -c %a snap/uncommited_files/private)" = 700 &&
	test "$(stat -c %a snap/uncommited_files/readonly)" = 644 &&
	rebuilds modes
'

test_expect_success 'the time of the last change is kept' '
	make_repo times &&
	echo x >times/old && touch -d 2001-02-03T04:05:06Z times/old &&
	snap times &&
	test "$(stat -c %Y snap/uncommited_files/old)" = 981173106
'

test_expect_success 'what was only touched is not changed' '
	make_repo touched &&
	touch -d 2001-02-03 touched/train.py &&
	snap touched &&
	has uncommited_files.nr=0 patch=null "describe=$(
		git -C touched describe --always)"
'

test_expect_success 'what was touched beside what was changed' '
	make_repo touched2 &&
	touch -d 2001-02-03 touched2/data.csv &&
	echo x >>touched2/train.py &&
	snap touched2 &&
	captured train.py
'

test_expect_success 'a merge conflict: files as they are, with the marks' '
	make_repo conflict &&
	git -C conflict checkout -q -b other &&
	echo other >conflict/train.py && echo other >conflict/data.csv &&
	test_commit conflict other &&
	git -C conflict checkout -q main &&
	echo mine >conflict/train.py && git -C conflict rm -q data.csv &&
	test_commit conflict mine &&
	test_must_fail git -C conflict -c user.name=x \
		-c user.email=x@x.invalid merge -q other &&
	snap conflict &&
	captured data.csv train.py &&
	test_grep "^<\{7\}" snap/uncommited_files/train.py &&
	has_not error &&
	rebuilds conflict
'

test_expect_success 'a submodule with changes is named, with its commit' '
	make_repo inner &&
	make_repo outer &&
	git -C outer -c protocol.file.allow=always submodule --quiet \
		add "$TRASH_DIRECTORY/inner" sub &&
	test_commit outer second &&
	snap outer &&
	has uncommited_files.nr=0 left_out.nr=0 &&
	echo x >>outer/sub/train.py &&
	hash=$(git -C inner rev-parse HEAD) &&
	snap outer &&
	has uncommited_files.nr=0 left_out.0.path=sub \
		left_out.0.reason=submodule left_out.0.commit=$hash-dirty \
		patch=null &&
	test_commit outer/sub inside &&
	hash=$(git -C outer/sub rev-parse HEAD) &&
	echo y >>outer/data.csv &&
	snap outer &&
	captured data.csv &&
	has left_out.0.commit=$hash &&
	test_grep ! Subproject snap/uncommited.patch
'

test_expect_success 'a repository inside that is not tracked is named' '
	make_repo around &&
	make_repo around/nested &&
	snap around &&
	has uncommited_files.nr=0 left_out.0.path=nested \
		"left_out.0.reason=nested repository"
'

test_expect_success 'a linked work tree' '
	make_repo main-tree &&
	git -C main-tree worktree add -q -b side ../linked &&
	echo x >>linked/train.py && echo x >linked/new &&
	snap linked &&
	has branch=side "commit_hash=$(git -C main-tree rev-parse HEAD)" &&
	captured new train.py &&
	rebuilds linked
'

test_expect_success 'a pruned work tree is an error to record' '
	make_repo pruned-main &&
	git -C pruned-main worktree add -q ../pruned &&
	rm -r pruned-main/.git/worktrees &&
	snap pruned &&
	has commit_hash=null &&
	test_grep "^error=not a git repository" out
'

test_expect_success 'a bare repository has a commit and no files' '
	make_repo for-bare &&
	git clone -q --bare for-bare bare.git &&
	snap bare.git &&
	has "commit_hash=$(git -C for-bare rev-parse HEAD)" branch=main \
		uncommited_files.nr=0 "error=the repository has no work tree"
'

test_expect_success 'a project in a subdirectory: paths are from the top' '
	make_repo top &&
	make_project top/work/project &&
	echo x >>top/train.py &&
	echo y >top/work/project/main.py &&
	snap top/work/project &&
	test_grep "=train.py$" out &&
	test_grep "=work/project/main.py$" out &&
	test_path_is_file snap/uncommited_files/work/project/main.py &&
	test_path_is_file snap/uncommited_files/train.py
'

test_expect_success 'results, .resutil and stores inside are not captured' '
	make_repo inside &&
	make_project inside &&
	echo "remotes: {x: {type: dir, config: {path: packs}}}" \
		>>inside/resutil-conf.yaml &&
	rm -f inside/results/.gitignore &&
	mkdir -p inside/results/a inside/.resutil inside/packs &&
	echo x >inside/results/a/f && echo x >inside/packs/f &&
	echo x >inside/.resutil/f && echo x >inside/code.py &&
	snap inside &&
	captured code.py resutil-conf.yaml &&
	has left_out.nr=0
'

test_expect_success 'trials that lie in the work tree are not captured' '
	make_repo with-trials && cd with-trials &&
	mkdir -p tr/f/1/plots tr/f/2 old/g tr/f/of-mine &&
	for f in tr/f/1/resutil-exp.yaml tr/f/1/metrics-0000.csv \
		tr/f/1/plots/a.png tr/f/2/resutil-exp.yaml old/g/votakvot.yaml \
		old/g/snapshot.pickle tr/f/of-mine/code.py tr/notes code.py
	do
		echo x >$f || return 1
	done && cd .. &&
	snap with-trials &&
	captured code.py tr/f/of-mine/code.py tr/notes &&
	has left_out.nr=0
'

test_expect_success 'tracked files below results are not captured either' '
	make_repo tracked-results &&
	make_project tracked-results &&
	mkdir -p tracked-results/results &&
	echo x >tracked-results/results/notes &&
	git -C tracked-results add -f results/notes &&
	test_commit tracked-results second &&
	echo y >>tracked-results/results/notes &&
	echo y >>tracked-results/train.py &&
	snap tracked-results &&
	captured train.py &&
	has left_out.nr=0 &&
	test_grep ! notes snap/uncommited.patch
'

test_expect_success 'a results_dir with pattern characters in its name' '
	make_repo odd-results &&
	mkdir "odd-results/re[s]*" &&
	(cd odd-results && resutil --no-interactive init --project-name p \
		--results-dir "re[s]*" --no-gitignore) &&
	echo x >"odd-results/re[s]*/f" && echo x >odd-results/res &&
	snap odd-results &&
	captured res resutil-conf.yaml
'

test_expect_success 'a results_dir that is a link is not captured' '
	make_repo linked-results &&
	mkdir elsewhere && ln -s ../elsewhere linked-results/results &&
	make_project linked-results &&
	rm -f elsewhere/.gitignore &&
	echo x >elsewhere/f &&
	snap linked-results &&
	captured resutil-conf.yaml
'

test_expect_success 'ignored files are not captured' '
	make_repo ignored &&
	printf "*.o\n" >ignored/.gitignore && echo x >ignored/a.o &&
	echo "b*" >>ignored/.git/info/exclude && echo x >ignored/b &&
	snap ignored &&
	captured .gitignore
'

test_expect_success 'a sparse checkout has no deleted files' '
	make_repo sparse &&
	mkdir sparse/one sparse/two && echo x >sparse/one/x &&
	echo x >sparse/two/x && test_commit sparse second &&
	git -C sparse sparse-checkout set one &&
	test_path_is_missing sparse/two &&
	echo y >>sparse/one/x &&
	snap sparse &&
	captured one/x &&
	test_grep ! two snap/uncommited.patch
'

test_expect_success 'a shallow clone' '
	make_repo deep && test_commit deep second &&
	git clone -q --depth=1 "file://$TRASH_DIRECTORY/deep" shallow &&
	echo x >>shallow/train.py &&
	snap shallow &&
	captured train.py &&
	has "commit_hash=$(git -C deep rev-parse HEAD)" &&
	has_not error
'

test_expect_success 'names with blanks, quotes, newlines and other bytes' '
	make_repo names &&
	tab=$(printf "\t") && nl=$(printf "\nx") && raw=$(printf "\377\200") &&
	for name in " a b " "q\"uote" "back\\slash" "tab$tab" "nl$nl" \
		"raw$raw" ":(top)x" "*" "日本"
	do
		echo x >"names/$name" && echo x >"names/t $name" || return 1
	done &&
	(cd names && git --literal-pathspecs add -- "t "*) &&
	snap names &&
	has uncommited_files.nr=18 untracked_files.nr=9 &&
	rebuilds names &&
	test_commit names second &&
	for name in names/*
	do
		test -d "$name" || echo y >>"$name" || return 1
	done &&
	snap names &&
	has untracked_files.nr=0 &&
	rebuilds names
'

test_expect_success 'a list of such names can be read back' '
	make_repo listed &&
	printf x >"listed/$(printf "a\tb")" &&
	resutil -C listed snapshot-code -n >actual &&
	printf "1\tcaptured\t\"a\\\\tb\"\n" >expect &&
	test_cmp expect actual &&
	resutil -C listed snapshot-code -n -z >actual &&
	printf "1\tcaptured\ta\tb\0" >expect &&
	test_cmp_bin expect actual
'

test_expect_success 'paths as long as they may be' '
	make_repo long &&
	name=$(printf "%0200d" 0) &&
	(
		cd long &&
		for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19
		do
			mkdir $name && cd $name || exit 1
		done &&
		echo x >file
	) &&
	snap long &&
	has uncommited_files.nr=1 &&
	test "$(find snap -name file | wc -l)" = 1
'

test_expect_success 'a FIFO in the place of a file' '
	make_repo special &&
	rm special/train.py && mkfifo special/train.py special/pipe &&
	echo x >>special/data.csv &&
	snap special &&
	captured data.csv
'

test_expect_success AS_USER 'a file that may not be read is named' '
	make_repo unreadable &&
	echo x >unreadable/new && echo y >>unreadable/data.csv &&
	echo y >>unreadable/train.py &&
	chmod 000 unreadable/new unreadable/train.py &&
	rm -rf snap && mkdir snap &&
	{ test "$(id -u)" != 0 || chown -R 65534:65534 unreadable snap; } &&
	as_user env HOME=/nonexistent resutil -C unreadable snapshot-code \
		--json "$TRASH_DIRECTORY/snap" >json &&
	python3 -S "$TEST_DIRECTORY/helper/json-lines.py" json >out &&
	captured data.csv &&
	has left_out.0.path=new left_out.0.reason=unreadable \
		left_out.1.path=train.py left_out.1.reason=unreadable &&
	has_not error &&
	test_grep ! train.py snap/uncommited.patch
'

test_expect_success 'a directory of somebody else is an error to record' '
	make_repo foreign &&
	echo x >>foreign/train.py &&
	rm -rf snap && mkdir snap &&
	GIT_TEST_ASSUME_DIFFERENT_OWNER=1 resutil -C foreign snapshot-code \
		--json "$TRASH_DIRECTORY/snap" >json 2>err &&
	test_must_be_empty err &&
	python3 -S "$TEST_DIRECTORY/helper/json-lines.py" json >out &&
	has commit_hash=null uncommited_files.nr=0 &&
	test_grep "^error=detected dubious ownership" out
'

test_expect_success 'a broken index is an error to record' '
	make_repo broken &&
	echo garbage >broken/.git/index &&
	snap broken &&
	has "commit_hash=$(git -C broken rev-parse HEAD)" branch=main &&
	test_grep "^error=" out
'

test_expect_success 'a missing object is an error to record' '
	make_repo holes &&
	echo x >>holes/train.py && echo y >holes/new &&
	blob=$(git -C holes rev-parse HEAD:train.py) &&
	rm -f holes/.git/objects/${blob%??????????????????????????????????????}/${blob#??} &&
	snap holes &&
	captured new train.py &&
	has patch=null &&
	test_grep "^error=" out
'

test_expect_success 'a .git that is no repository is none' '
	mkdir -p fake/.git &&
	snap fake &&
	has commit_hash=null &&
	has_not error
'

test_expect_success 'a repository that git refuses: the reason is recorded' '
	make_repo refused && echo garbage >refused/.git/HEAD &&
	snap refused &&
	has commit_hash=null &&
	test_grep "^error=not a git repository" out
'

test_expect_success 'an empty .git does not hide the repository around it' '
	make_repo hidden &&
	mkdir -p hidden/sub/.git && echo x >hidden/sub/f &&
	echo x >>hidden/train.py &&
	snap hidden/sub &&
	has "commit_hash=$(git -C hidden rev-parse HEAD)" &&
	captured sub/f train.py
'

test_expect_success 'a work tree that is elsewhere (core.worktree)' '
	make_repo elsewhere-git &&
	mkdir real-tree && echo x >real-tree/train.py &&
	git -C elsewhere-git config core.worktree "$TRASH_DIRECTORY/real-tree" &&
	snap elsewhere-git &&
	captured train.py &&
	has "commit_hash=$(git -C elsewhere-git rev-parse HEAD)"
'

test_expect_success 'GIT_CEILING_DIRECTORIES ends the search' '
	make_repo ceiling && mkdir -p ceiling/a/b &&
	(
		GIT_CEILING_DIRECTORIES=$TRASH_DIRECTORY/ceiling &&
		export GIT_CEILING_DIRECTORIES &&
		snap ceiling/a/b
	) &&
	has commit_hash=null &&
	(
		GIT_CEILING_DIRECTORIES=$TRASH_DIRECTORY &&
		export GIT_CEILING_DIRECTORIES &&
		snap ceiling/a/b
	) &&
	has "commit_hash=$(git -C ceiling rev-parse HEAD)"
'

test_expect_success 'git that is not installed is an error to record' '
	make_repo no-git &&
	mkdir empty-path snap2 &&
	program=$(command -v resutil) &&
	PATH=$TRASH_DIRECTORY/empty-path "$program" -C no-git snapshot-code \
		--json "$TRASH_DIRECTORY/snap2" >json 2>err &&
	test_must_be_empty err &&
	python3 -S "$TEST_DIRECTORY/helper/json-lines.py" json >out &&
	has commit_hash=null "error=git is not installed" &&
	test_dir_is_empty snap2
'

test_expect_success 'treeish is the tree of a commit of all that' '
	make_repo tree &&
	git -C tree rm -q data.csv &&
	echo x >>tree/train.py && mkdir tree/data.csv && echo y >tree/data.csv/y &&
	ln -s train.py tree/link && chmod +x tree/train.py &&
	snap tree --treeish &&
	test_commit tree all &&
	has "treeish=$(git -C tree rev-parse HEAD^{tree})" &&
	snap tree &&
	has_not treeish &&
	snap tree --treeish &&
	has "treeish=$(git -C tree rev-parse HEAD^{tree})"
'

test_expect_success 'treeish without a commit' '
	git init -q unborn-tree && echo x >unborn-tree/x &&
	snap unborn-tree --treeish &&
	test_commit unborn-tree one &&
	has "treeish=$(git -C unborn-tree rev-parse HEAD^{tree})"
'

test_expect_success 'treeish in a repository of SHA-256' '
	git init -q --object-format=sha256 tree256 &&
	echo x >tree256/x && echo y >tree256/y && test_commit tree256 one &&
	rm tree256/x && echo z >>tree256/y &&
	snap tree256 --treeish &&
	test_commit tree256 two &&
	has "treeish=$(git -C tree256 rev-parse HEAD^{tree})"
'

test_expect_success 'code.treeish asks for it' '
	make_repo asked &&
	rm -rf snap && mkdir snap &&
	resutil -C asked -c code.treeish=true snapshot-code \
		"$TRASH_DIRECTORY/snap" >actual &&
	test_grep "^treeish: .*$(git -C asked rev-parse HEAD^{tree})" actual
'

test_done
