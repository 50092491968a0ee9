#!/bin/sh
test_description='recorded code states as trees of git'
. ./test-lib.sh
. "$TEST_DIRECTORY/lib-code.sh"


# as_exp: snap/ becomes an experiment, as far as its code state goes.
as_exp () {
	rm -rf exp && mkdir exp &&
	{ test ! -d snap/uncommited_files ||
	  cp -R snap/uncommited_files exp/; } &&
	{ test ! -f snap/uncommited.patch || cp snap/uncommited.patch exp/; } &&
	python3 - <<-\PY
	import json
	git = json.load(open("json"))
	git = git.get("git", git)
	json.dump({"git": git, "dependency": []},
		  open("exp/resutil-exp.yaml", "w"))
	PY
}

# everything REPO: names, bytes and times of all that is in its .git.
everything () {
	(cd "$1/.git" && find . -type f -printf "%p %s %T@ %C@\n" | sort &&
	 find . -type f | sort | xargs -d "\n" sha256sum)
}

for seed in 1 2 3 4
do
	test_expect_success "the tree is the one that was recorded, seed $seed" "
		python3 '$TEST_DIRECTORY/helper/random-tree.py' $seed tree$seed &&
		snap tree$seed --treeish &&
		tree=\$(sed -n 's/^treeish=//p' out) &&
		as_exp &&
		everything tree$seed >before &&
		restore-tree tree$seed exp >actual &&
		everything tree$seed >after &&
		echo \$tree >expect &&
		test_cmp expect actual &&
		test_cmp before after &&
		test_commit tree$seed all &&
		everything tree$seed >before &&
		restore-tree tree$seed exp >actual &&
		everything tree$seed >after &&
		test_cmp expect actual &&
		test_cmp before after
	"
done
test_expect_success 'nothing changed: the tree of the commit' '
	make_repo plain && snap plain && as_exp &&
	restore-tree plain exp >actual &&
	git -C plain rev-parse "HEAD^{tree}" >expect &&
	test_cmp expect actual
'

test_expect_success 'from a directory within, where nothing is written' '
	mkdir plain/sub && echo x >plain/sub/new && rm plain/data.csv &&
	snap plain --treeish && as_exp &&
	sed -n "s/^treeish=//p" out >expect &&
	(cd plain/sub && restore-tree . ../../exp) >actual &&
	test_cmp expect actual &&
	test_dir_is_empty "$TMPDIR"
'

test_expect_success 'before the first commit, and without any' '
	git init -q unborn && echo a >unborn/a && mkdir unborn/b &&
	echo c >unborn/b/c && git -C unborn add a &&
	snap unborn --treeish && as_exp &&
	sed -n "s/^treeish=//p" out >expect &&
	restore-tree unborn exp >actual && test_cmp expect actual &&
	git init -q empty && snap empty && as_exp &&
	restore-tree empty exp >actual &&
	echo 4b825dc642cb6eb9a060e54bf8d69288fbee4904 >expect &&
	test_cmp expect actual
'

test_expect_success 'a repository of SHA-256' '
	git init -q --object-format=sha256 sha256 &&
	echo a >sha256/a && test_commit sha256 first &&
	echo b >sha256/a && echo c >sha256/c &&
	snap sha256 --treeish && as_exp &&
	sed -n "s/^treeish=//p" out >expect &&
	restore-tree sha256 exp >actual && test_cmp expect actual
'

test_expect_success 'line ends and attributes are those of a commit' '
	make_repo crlf && printf "*.txt text\n" >crlf/.gitattributes &&
	printf "a\n" >crlf/a.txt && test_commit crlf second &&
	printf "a\r\nb\r\n" >crlf/a.txt && printf "x\r\n" >crlf/new.txt &&
	snap crlf --treeish && as_exp &&
	sed -n "s/^treeish=//p" out >expect &&
	restore-tree crlf exp >actual && test_cmp expect actual
'

test_expect_success 'an index in two halves is left alone' '
	make_repo split && git -C split config core.splitIndex true &&
	git -C split update-index --split-index &&
	echo b >>split/train.py && snap split && as_exp &&
	everything split >before &&
	restore-tree split exp >actual &&
	everything split >after && test_cmp before after
'

test_expect_success 'a bare repository, and one whose path is odd' '
	odd="o\"d:d
x" &&
	git clone -q --bare tree3 bare.git && git clone -q tree3 "$odd" &&
	for file in a b
	do
		echo $file >tree3/$file.new || return 1
	done &&
	snap tree3 --treeish && as_exp &&
	sed -n "s/^treeish=//p" out >expect &&
	restore-tree bare.git exp >actual && test_cmp expect actual &&
	restore-tree "$odd" exp >actual && test_cmp expect actual
'

test_expect_success 'in no repository, or recorded in none' '
	mkdir none &&
	test_expect_code 10 restore-tree none exp 2>err &&
	test_grep "lies in no git repository" err &&
	snap none && as_exp &&
	test_expect_code 10 restore-tree plain exp 2>err &&
	test_grep "recorded outside of a git repository" err
'

test_expect_success 'a commit that is not here: how to get it' '
	make_repo gone &&
	git -C gone remote add origin "ssh://host/it is.git" &&
	echo y >>gone/train.py && test_commit gone lost &&
	snap gone && as_exp &&
	commit=$(git -C gone rev-parse HEAD) &&
	test_expect_code 10 restore-tree plain exp >out 2>err &&
	test_must_be_empty out &&
	test_grep "the commit $commit (of the branch .main.) is not in" err &&
	test_grep -F "git fetch '\''ssh://host/it is.git'\'' $commit" err
'

test_expect_success 'what the record calls a commit is not believed' '
	for id in HEAD --all $commit^ $commit~1 main
	do
		sed "s/$commit/$id/" exp/resutil-exp.yaml >odd.yaml &&
		mkdir -p odd && mv odd.yaml odd/resutil-exp.yaml &&
		test_expect_code 13 restore-tree gone odd >out 2>err &&
		test_grep "names as its commit, is none" err || return 1
	done
'

test_expect_success 'a patch that does not fit, or is none' '
	make_repo patch && echo one >>patch/train.py && snap patch && as_exp &&
	sed "s/^ .*/ other/" exp/uncommited.patch >bad &&
	mv bad exp/uncommited.patch &&
	test_expect_code 13 restore-tree patch exp 2>err &&
	test_grep "the recorded patch does not fit the commit: error: patch" err &&
	echo nonsense >exp/uncommited.patch &&
	test_expect_code 13 restore-tree patch exp 2>err &&
	test_grep "the recorded patch cannot be read: error:" err
'

test_expect_success 'a patch and copies write nothing outside' '
	snap patch && as_exp &&
	for path in ../evil .git/config sub/.GIT/config
	do
		cat >exp/uncommited.patch <<-EOF &&
		diff --git a/$path b/$path
		new file mode 100644
		--- /dev/null
		+++ b/$path
		@@ -0,0 +1 @@
		+evil
		EOF
		test_expect_code 13 restore-tree patch exp 2>err &&
		rm exp/uncommited.patch || return 1
	done &&
	mkdir -p exp/uncommited_files/.git && echo x >evil &&
	echo x >exp/uncommited_files/.git/config &&
	ln -s "$TRASH_DIRECTORY" exp/uncommited_files/out &&
	echo "{git: {commit_hash: $(git -C patch rev-parse HEAD),
		uncommited_files: [../evil, out/evil, /etc/passwd]}}" \
		>exp/resutil-exp.yaml &&
	restore-tree patch exp >actual &&
	git -C patch rev-parse "HEAD^{tree}" >expect &&
	cat >>expect <<-\EOF &&
	missing: the copy of '\''../evil'\'' is gone
	missing: the copy of '\''out/evil'\'' is gone
	missing: the copy of '\''/etc/passwd'\'' is gone
	EOF
	test_cmp expect actual &&
	sed "s/..\/evil/.git\/config/" exp/resutil-exp.yaml >x &&
	mv x exp/resutil-exp.yaml &&
	git -C patch rev-parse "HEAD^{tree}" >expect &&
	restore-tree patch exp >actual && sed 1q actual >tree &&
	test_cmp expect tree
'

test_expect_success 'what was not kept is told' '
	make_repo left && head -c 3000 /dev/zero >left/big &&
	echo .env >left/.env && echo a >left/kept && test_commit left second &&
	echo more >>left/big && echo x >>left/.env && echo b >left/kept &&
	rm -rf snap && mkdir snap &&
	resutil -c code.max-file=2000 -C left snapshot-code --json \
		"$TRASH_DIRECTORY/snap" >json &&
	as_exp && rm exp/uncommited_files/kept &&
	restore-tree left exp >actual &&
	test_grep "^missing: .big. was not kept (too large, 3005 bytes)" actual &&
	test_grep "^missing: .\.env. was not kept (secret, " actual &&
	test_grep "^missing: the copy of .kept. is gone" actual &&
	test_line_count = 4 actual &&
	rm exp/uncommited.patch &&
	restore-tree left exp >actual &&
	test_grep "^missing: .uncommited.patch. is gone" actual
'

test_expect_success 'what is only in the patch is there' '
	make_repo limit && echo 1 >limit/a && echo 1 >limit/b &&
	test_commit limit second && echo 22 >limit/a && echo 22 >limit/b &&
	snap limit --treeish && sed -n "s/^treeish=//p" out >expect && as_exp &&
	rm exp/uncommited_files/b &&
	python3 - <<-\PY &&
	import json
	record = json.load(open("exp/resutil-exp.yaml"))
	git = record["git"]
	git["uncommited_files"].remove("b")
	git["left_out"].append(dict(path="b", size=3, reason="run limit"))
	git["left_out"].append(dict(path="c", size=9, reason="run limit"))
	json.dump(record, open("exp/resutil-exp.yaml", "w"))
	PY
	echo "missing: '\''c'\'' was not kept (run limit, 9 bytes)" >>expect &&
	restore-tree limit exp >actual &&
	test_cmp expect actual
'

test_expect_success 'a submodule at another commit' '
	make_repo inner && make_repo outer &&
	git -C outer -c protocol.file.allow=always submodule --quiet add \
		"$TRASH_DIRECTORY/inner" inner &&
	test_commit outer second && echo x >>outer/inner/train.py &&
	test_commit outer/inner third &&
	snap outer && as_exp &&
	restore-tree outer exp >actual &&
	test_line_count = 1 actual &&
	git -C outer ls-tree $(git -C outer rev-parse HEAD) inner >then &&
	test_commit outer third &&
	git -C outer rev-parse "HEAD^{tree}" >expect &&
	test_cmp expect actual &&
	git -C outer reset -q --hard HEAD^ &&
	echo y >>outer/inner/train.py && snap outer && as_exp &&
	restore-tree outer exp >actual &&
	test_grep "^missing: changes within the submodule .inner." actual
'

test_expect_success 'the difference of two states' '
	make_repo diff && echo one >diff/one && snap diff && as_exp &&
	rm -rf first && mv exp first &&
	rm diff/one && echo two >diff/tw\"o && echo end >>diff/train.py &&
	snap diff && as_exp &&
	everything diff >before &&
	restore-tree diff first exp >actual &&
	everything diff >after && test_cmp before after &&
	test_grep "^diff --git a/one b/one" actual &&
	test_grep "^deleted file mode 100644" actual &&
	test_grep "^diff --git \"a/tw.\"o\" \"b/tw.\"o\"" actual &&
	test_grep "^+end" actual &&
	restore-tree diff first exp --name-status -- one train.py >actual &&
	printf "D\tone\nM\ttrain.py\n" >expect && test_cmp expect actual &&
	restore-tree diff first first >actual && test_must_be_empty actual
'

test_expect_success 'settings of the user do not change it' '
	git -C diff config diff.noprefix true &&
	git -C diff config diff.mnemonicPrefix true &&
	git -C diff config color.ui always &&
	git -C diff config diff.external "touch ../ran; false" &&
	git -C diff config core.attributesFile "$TRASH_DIRECTORY/attributes" &&
	echo "*.py diff=odd" >attributes &&
	git -C diff config diff.odd.textconv "touch ../ran; cat" &&
	restore-tree diff first exp >actual &&
	test_grep "^diff --git a/train.py b/train.py" actual &&
	test_path_is_missing ran
'

test_expect_success 'a longer difference than is wanted' '
	RESTORE_TREE_MAX=40 test_expect_code 13 restore-tree diff first exp
'

test_expect_success 'the work tree now, without what is never captured' '
	make_repo now && git -C now rm -q --cached data.csv &&
	make_project now &&
	test_commit now conf &&
	snap now && as_exp && mkdir -p now/results &&
	echo changed >>now/train.py && echo x >now/results/x && echo n >now/new &&
	everything now >before &&
	(cd now && restore-tree . ../exp - --name-status) >actual &&
	everything now >after && test_cmp before after &&
	printf "A\tnew\nM\ttrain.py\n" >expect && test_cmp expect actual
'

test_done
