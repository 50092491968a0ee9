#!/bin/sh
test_description='code state: nothing of git is written, run or obeyed'
. ./test-lib.sh
. "$TEST_DIRECTORY/lib-code.sh"

# Everything in a .git: names, times, modes, content.
listing () {
	(
		cd "$1" &&
		find . -printf "%p %m %s %T@ %C@\n" | sort &&
		find . -type f -exec sha256sum {} + | sort -k 2
	)
}

test_expect_success 'setup' '
	make_repo repo &&
	printf "*.csv diff=evil\n*.py diff=evil\n" >repo/.gitattributes &&
	test_commit repo second &&
	cp -R repo other &&
	echo other >other/elsewhere && test_commit other third &&
	snap repo &&
	hash=$(git -C repo rev-parse HEAD) &&
	has "commit_hash=$hash"
'

test_expect_success 'nothing in .git changes, not even the index' '
	echo x >>repo/train.py && echo y >repo/new && rm repo/data.csv &&
	git -C repo add new &&
	# the index is behind: git would like to refresh it
	touch -d 2001-02-03 repo/.gitattributes repo/train.py &&
	listing repo/.git >before &&
	snap repo --treeish &&
	resutil -C repo snapshot-code -n >changes &&
	listing repo/.git >after &&
	test_cmp before after
'

test_expect_success 'nor when only times differ' '
	git -C repo reset -q --hard &&
	touch -d 2002-02-03 repo/train.py repo/data.csv &&
	listing repo/.git >before &&
	snap repo &&
	listing repo/.git >after &&
	test_cmp before after &&
	has patch=null
'

test_expect_success 'nor in a submodule' '
	make_repo outer &&
	git -C outer -c protocol.file.allow=always submodule --quiet \
		add "$TRASH_DIRECTORY/repo" sub &&
	test_commit outer second &&
	echo x >>outer/sub/train.py && touch -d 2001-02-03 outer/sub/data.csv &&
	listing outer/.git >before &&
	snap outer &&
	listing outer/.git >after &&
	test_cmp before after
'

test_expect_success AS_USER 'a .git that may not be written will do' '
	make_repo readonly && echo x >>readonly/train.py &&
	touch -d 2001-02-03 readonly/data.csv &&
	{ test "$(id -u)" != 0 || chown -R 65534:65534 readonly; } &&
	chmod -R a-w readonly/.git && test_when_finished "chmod -R u+w readonly" &&
	rm -rf snap && mkdir snap && chmod 777 snap &&
	as_user env HOME=/nonexistent TMPDIR=/tmp resutil -C readonly snapshot-code \
		--json --treeish "$TRASH_DIRECTORY/snap" >json &&
	python3 -S "$TEST_DIRECTORY/helper/json-lines.py" json >out &&
	captured train.py &&
	has_not error
'

test_expect_success 'no scratch file is left behind' '
	test -z "$(ls -A "$TMPDIR")"
'

# What a hook of another repository has in its environment.
test_expect_success 'the environment of a hook is not obeyed' '
	git -C repo reset -q --hard && echo x >>repo/train.py &&
	(
		GIT_DIR=$TRASH_DIRECTORY/other/.git &&
		GIT_WORK_TREE=$TRASH_DIRECTORY/other &&
		GIT_INDEX_FILE=$TRASH_DIRECTORY/other/.git/index &&
		GIT_OBJECT_DIRECTORY=$TRASH_DIRECTORY/other/.git/objects &&
		GIT_PREFIX=sub/ GIT_LITERAL_PATHSPECS=1 &&
		GIT_NAMESPACE=x GIT_COMMON_DIR=/nowhere &&
		GIT_EXTERNAL_DIFF=$TRASH_DIRECTORY/evil &&
		GIT_DIFF_OPTS=-u0 &&
		GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.bare &&
		GIT_CONFIG_VALUE_0=true &&
		export GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX \
			GIT_OBJECT_DIRECTORY GIT_LITERAL_PATHSPECS \
			GIT_NAMESPACE GIT_COMMON_DIR GIT_EXTERNAL_DIFF \
			GIT_DIFF_OPTS GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 \
			GIT_CONFIG_VALUE_0 &&
		snap repo --treeish
	) &&
	has "commit_hash=$(git -C repo rev-parse HEAD)" &&
	captured train.py &&
	has_not error &&
	test_path_is_missing ran
'

test_expect_success 'from inside a real hook' '
	make_repo hooked &&
	mkdir -p hooked/.git/hooks &&
	write_script hooked/.git/hooks/pre-commit <<-EOF &&
	cd "$TRASH_DIRECTORY/repo" &&
	resutil snapshot-code --json "$TRASH_DIRECTORY/snap" \
		>"$TRASH_DIRECTORY/json"
	EOF
	rm -rf snap && mkdir snap &&
	test_commit hooked second &&
	python3 -S "$TEST_DIRECTORY/helper/json-lines.py" json >out &&
	has "commit_hash=$(git -C repo rev-parse HEAD)" &&
	captured train.py
'

# Programs that settings could make git run: each leaves a mark when it is.
test_expect_success 'external diffs, textconv, monitors and hooks do not run' '
	write_script evil <<-EOF &&
	: >"$TRASH_DIRECTORY/ran"
	cat "\$1" 2>/dev/null
	EOF
	evil=$TRASH_DIRECTORY/evil &&
	for key in diff.external diff.evil.command diff.evil.textconv \
		core.fsmonitor core.pager pager.diff core.sshCommand \
		interactive.diffFilter core.editor
	do
		git -C repo config $key "$evil" || return 1
	done &&
	git -C repo config diff.evil.cachetextconv true &&
	mkdir -p repo/.git/hooks &&
	for hook in fsmonitor-watchman post-index-change post-checkout \
		reference-transaction
	do
		cp evil repo/.git/hooks/$hook || return 1
	done &&
	snap repo --treeish &&
	captured train.py &&
	has_not error &&
	test_path_is_missing ran
'

test_expect_success 'settings do not change the patch' '
	make_repo plain && make_repo settled &&
	for repo in plain settled
	do
		mkdir $repo/sub && seq 1 40 >$repo/sub/numbers &&
		printf "a\n\nb\n" >$repo/blank &&
		test_commit $repo second &&
		sed -i -e s/^10$/x/ -e s/^20$/y/ $repo/sub/numbers &&
		printf "a\n\nc\n" >$repo/blank &&
		echo "日本" >$repo/日本 && git -C $repo mv data.csv moved.csv &&
		git -C $repo add 日本 || return 1
	done &&
	snap plain && cp snap/uncommited.patch plain.patch &&
	for setting in diff.noprefix=true diff.mnemonicPrefix=true \
		diff.renames=copies diff.context=0 diff.interHunkContext=30 \
		diff.suppressBlankEmpty=true diff.algorithm=histogram \
		diff.relative=true diff.submodule=log diff.colorMoved=zebra \
		color.ui=always color.diff=always core.quotePath=true \
		core.abbrev=4 diff.ignoreSubmodules=all diff.wsErrorHighlight=all \
		diff.srcPrefix=x/ diff.dstPrefix=y/ diff.indentHeuristic=true \
		diff.orderFile="$TRASH_DIRECTORY/order" core.preloadIndex=false \
		diff.statGraphWidth=3 status.showUntrackedFiles=no \
		log.showSignature=true diff.autoRefreshIndex=true
	do
		git -C settled config "${setting%%=*}" "${setting#*=}" || return 1
	done &&
	printf "sub/*\nblank\n" >order &&
	snap settled &&
	test_cmp plain.patch snap/uncommited.patch &&
	captured blank moved.csv sub/numbers 日本 &&
	rebuilds settled
'

test_expect_success 'a clean filter does run: without it nothing could be said' '
	make_repo filtered &&
	echo "*.dat filter=upper" >filtered/.gitattributes &&
	git -C filtered config filter.upper.clean "tr a-z A-Z" &&
	echo abc >filtered/x.dat && test_commit filtered second &&
	touch -d 2001-02-03 filtered/x.dat &&
	snap filtered &&
	has uncommited_files.nr=0 &&
	echo abd >filtered/x.dat &&
	snap filtered &&
	captured x.dat &&
	test_grep "^+ABD" snap/uncommited.patch &&
	test_grep abd snap/uncommited_files/x.dat
'

test_expect_success 'a filter that fails is an error to record' '
	# the index is sure of what it knows, so git can tell without reading
	touch -d 2001-02-03 filtered/x.dat && git -C filtered add x.dat &&
	test_commit filtered third &&
	echo longer >filtered/x.dat &&
	git -C filtered config filter.upper.clean false &&
	git -C filtered config filter.upper.required true &&
	snap filtered &&
	captured x.dat &&
	has patch=null &&
	test_grep "^error=" out
'

test_expect_success 'git is run few times' '
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" resutil -C repo \
		snapshot-code -n >actual &&
	grep -c "run.*git" trace >count &&
	test "$(cat count)" -le 5
'

test_done
