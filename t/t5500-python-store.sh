#!/bin/sh

test_description='a project and a store of the Python Resutil

They work as they are with every command, and what we write is read by its
algorithms (t/helper/python-resutil.py). The fixtures are made by hand.
'
. ./test-lib.sh
unset RESUTIL_NO_REMOTE

fixture=$TEST_DIRECTORY/fixtures/python-store
python=python3
! test -x /usr/bin/python3 || python=/usr/bin/python3
test_lazy_prereq PYYAML '$python -c "import yaml"'

data='aakuqj_20240511T174522_my data'
train='aamxrp_20240606T135747_'
added='aapfup_20240704T191555_日本 a_b'
linked='aapfup_20240704T191601_links'
own='abdzqt_20241231T235959_local'

test_have_prereq PYTHON || test_skip_all "no python3"

python_store () {
	$python "$TEST_DIRECTORY/helper/python-store.py" "$@"
}
python_resutil () {
	$python -B "$TEST_DIRECTORY/helper/python-resutil.py" "$@"
}

# Each file of it has the same content, which no pack has.
litter_state () {
	(cd "$1" && grep -rlx litter . | sort)
}

# a clone as Python left it: fresh DIR
fresh () {
	rm -rf "$1" &&
	cp -R "$fixture/project" "$1" &&
	printf '*\n!.gitignore\n' >"$1/results/.gitignore"
}

# clear_of_escapes FILE: nothing in it moves a cursor
clear_of_escapes () {
	tr -d '\n\t' <"$1" >flat &&
	test_grep ! "[[:cntrl:]]" flat
}

test_expect_success 'setup: packs by its algorithm, and what else lies about' '
	cp -R "$fixture/store" packed &&
	mkdir -p packed/"$linked"/sub/empty outside &&
	cp packed/"$train"/resutil-exp.yaml packed/"$linked" &&
	echo elsewhere >outside/file &&
	(
		cd packed/"$linked" &&
		echo real >sub/real &&
		ln -s sub/real link-to-file &&
		ln -s sub link-to-dir
	) &&
	mkdir bucket &&
	python_store push bucket MyProj packed \
		"$data" "$train" "$added" "$linked" &&
	cp -R bucket clean &&
	python_store litter bucket MyProj &&
	litter_state bucket >litter.before &&
	test_line_count -ge 20 litter.before &&
	fresh project
'

test_expect_success 'list-remote gives its experiments and no litter' '
	printf "%s\n" "$data" "$train" "$added" "$linked" >want &&
	resutil -C project list-remote >out 2>err &&
	test_cmp want out &&
	clear_of_escapes err
'

test_expect_success 'list-remote --long reads records without ids' '
	resutil -C project list-remote --long --json >out &&
	$python - <<-EOF
	import json
	rows = [json.loads(line) for line in open("out")]
	assert len(rows) == 4, rows
	for row in rows:
	    assert not row.get("id"), row
	    assert not row.get("problem"), row
	EOF
'

test_expect_success 'check-store finds nothing, and prunes nothing' '
	resutil -C project check-store --read-data --prune --older-than=0 \
		--repair >out 2>err &&
	test_must_be_empty out && test_must_be_empty err &&
	litter_state bucket >litter.after &&
	test_cmp litter.before litter.after
'

test_expect_success 'list shows both sides' '
	resutil -C project list --json >out 2>err &&
	clear_of_escapes err &&
	$python - "$own" <<-EOF
	import json, sys
	rows = {}
	for line in open("out"):
	    row = json.loads(line)
	    rows[row["name"]] = (bool(row["local"]), bool(row["remote"]))
	print(rows)
	here = [name for name, where in rows.items() if where == (True, False)]
	there = [name for name, where in rows.items() if where == (False, True)]
	assert here == [sys.argv[1]], here
	assert len(there) == 4, there
	EOF
'

test_expect_success 'list prints the table' '
	resutil -C project list >out 2>err &&
	test_grep "$own" out &&
	test_grep "$added" out &&
	test_grep ! "litter" out &&
	test_grep ! "_debug" out
'

test_expect_success 'stat-remote knows sizes and has no hashes' '
	resutil -C project stat-remote "$data" "$train" >out &&
	size=$(wc -c <bucket/MyProj/"$data".zip) &&
	awk -F "\t" "{ print \$1, \$2, \$4, \$6, \$7 }" out >got &&
	{
		echo "$data $((size)) - - -" &&
		echo "$train $(($(wc -c <bucket/MyProj/"$train".zip))) - - -"
	} >want &&
	test_cmp want got
'

test_expect_success 'show and show EXP:PATH read what is only in the store' '
	resutil -C project show "$data" >out &&
	test_grep "make_data.py 1e-05 a: b" out &&
	resutil -C project show "$data:raw/part 1.txt" >out &&
	test_cmp "$fixture/store/$data/raw/part 1.txt" out &&
	test_path_is_missing "project/results/$data"
'

test_expect_success 'list-pack, cat-pack and verify-pack, too' '
	resutil -C project list-pack "$train" >out &&
	test_grep "uncommited_files/src/main.py" out &&
	resutil -C project cat-pack "$train" model.json >out &&
	test_cmp "$fixture/store/$train/model.json" out &&
	resutil -C project verify-pack "$train" >out &&
	test_path_is_missing "project/results/$train"
'

test_expect_success 'pull --dry-run says what would come, and nothing comes' '
	resutil -C project pull -n "$train" >out 2>err &&
	test_grep "$train" out &&
	test_path_is_missing "project/results/$train"
'

test_expect_success 'pull brings a run and what it depends on, by results/NAME' '
	resutil -C project pull "$train" >out 2>err &&
	diff -r "$fixture/store/$data" "project/results/$data" &&
	diff -r "$fixture/store/$train" "project/results/$train" &&
	test_path_is_missing "project/results/$added"
'

test_expect_success 'a dependency that was typed and never existed is named' '
	fresh second &&
	test_expect_code 3 resutil -C second pull "$added" >out 2>err &&
	test_grep "exp1" err &&
	diff -r "$fixture/store/$added" "second/results/$added" &&
	diff -r "$fixture/store/$train" "second/results/$train" &&
	diff -r "$fixture/store/$data" "second/results/$data"
'

test_expect_success 'pull --no-dependency brings that one alone' '
	fresh third &&
	resutil -C third pull --no-dependency "$added" >out 2>err &&
	diff -r "$fixture/store/$added" "third/results/$added" &&
	test_path_is_missing "third/results/$train" &&
	rm -rf third
'

test_expect_success 'what links led to comes as files' '
	resutil -C project pull --no-dependency "$linked" &&
	cd project/results/"$linked" &&
	test_path_is_file link-to-file &&
	! test -h link-to-file &&
	echo real >want &&
	test_cmp want link-to-file &&
	rm want &&
	test_path_is_missing link-to-dir &&
	test_path_is_missing sub/empty
'

test_expect_success 'all of it is the same afterwards: nothing to do' '
	printf "%s\n" "$data" "$train" "$linked" >names &&
	resutil -C project fetch-exp --stdin <names >out &&
	cut -f1,2 out | sort >got &&
	sed "s/^/same	/" names | sort >want &&
	test_cmp want got &&
	resutil -C project send-pack --stdin <names >out &&
	cut -f1,2 out | sort >got &&
	test_cmp want got
'

test_expect_success 'the same without a ledger, by sizes and checksums' '
	rm -rf project/.resutil/remotes &&
	resutil -C project send-pack --stdin <names >out &&
	cut -f1,2 out | sort >got &&
	sed "s/^/same	/" names | sort >want &&
	test_cmp want got
'

test_expect_success 'its own results with links and empty directories are the same' '
	fresh second &&
	cp -R packed/"$linked" second/results &&
	resutil -C second send-pack "$linked" >out &&
	cut -f1,2 out >got &&
	printf "same\t%s\n" "$linked" >want &&
	test_cmp want got
'

test_expect_success 'other bytes of the same length are a conflict' '
	fresh second &&
	cp -R packed/"$data" second/results &&
	cp second/results/"$data"/data.csv keep &&
	printf "x,y\n1,2\n3,5\n" >second/results/"$data"/data.csv &&
	test_expect_code 14 resutil -C second send-pack "$data" >out 2>err &&
	test_expect_code 14 resutil -C second fetch-exp "$data" >out 2>err &&
	test_grep "$data" err &&
	cmp bucket/MyProj/"$data".zip clean/MyProj/"$data".zip
'

test_expect_success 'push sends its experiment; what it needs is there' '
	resutil -C project push "$own" >out 2>err &&
	test_grep "$own" out &&
	resutil -C project list-remote >out &&
	test_grep "^$own$" out &&
	test_path_is_missing bucket/MyProj/_debug.zip.tmp &&
	cmp bucket/MyProj/"$data".zip clean/MyProj/"$data".zip
'

test_expect_success 'push -A has nothing left to do and passes _debug over' '
	resutil -C project push -A >out 2>err &&
	test_grep ! "Sent" out &&
	echo litter >want &&
	test_cmp want bucket/MyProj/_debug.zip
'

test_expect_success PYYAML 'its algorithms list and fetch what we pushed' '
	mkdir clean.results &&
	cp bucket/MyProj/"$own".zip clean/MyProj &&
	python_resutil list clean MyProj >out &&
	test_grep "^$own$" out &&
	python_resutil pull clean MyProj clean.results "$own" >out 2>err ||
	test_grep "results/" err &&
	diff -r "project/results/$own" "clean.results/$own"
'

# What its runs depend on begins with results/, which its own recursion does
# not find; what ours depend on has bare names.
test_expect_success PYYAML 'its recursion follows the dependencies of our runs' '
	(
		cd project &&
		echo input >"results/$own/input" &&
		RESUTIL_TEST_NOW=1735689600 &&
		export RESUTIL_TEST_NOW &&
		resutil run -m first --no-push --subst -- \
			cp "results/$data/data.csv" {}/ &&
		first=$(resutil rev-exp first) &&
		RESUTIL_TEST_NOW=1735689700 &&
		resutil run -m second --no-push --subst -- \
			cp "results/$first/data.csv" {}/ &&
		rm "results/$own/input" &&
		resutil push second
	) &&
	first=$(resutil -C project rev-exp first) &&
	second=$(resutil -C project rev-exp second) &&
	rm -rf fetched &&
	mkdir fetched &&
	python_resutil list bucket MyProj >out &&
	test_grep "^$first$" out &&
	python_resutil pull bucket MyProj fetched "$second" >out &&
	printf "Downloaded %s\n" "$second" "$first" "$data" >want &&
	test_cmp want out &&
	for name in "$second" "$first" "$data"
	do
		diff -r "project/results/$name" "fetched/$name" || return 1
	done
'

test_expect_success PYYAML 'it finds nothing that it would push again' '
	python_resutil missing bucket MyProj project/results >out &&
	test_must_be_empty out
'

test_expect_success 'it writes over a pack: pull takes the new one' '
	(
		cd project &&
		RESUTIL_TEST_NOW=1735690000 &&
		export RESUTIL_TEST_NOW &&
		resutil pull "$train"
	) &&
	printf "%s\n" "{\"loss\": 0.25}" >packed/"$train"/model.json &&
	python_store push bucket MyProj packed "$train" &&
	resutil -C project pull --no-dependency "$train" >out 2>err &&
	diff -r packed/"$train" project/results/"$train"
'

test_expect_success 'both changed: a conflict, and nothing is lost' '
	printf "%s\n" "{\"loss\": 0.125}" >packed/"$train"/model.json &&
	python_store push bucket MyProj packed "$train" &&
	echo mine >project/results/"$train"/mine &&
	cp bucket/MyProj/"$train".zip before.zip &&
	test_expect_code 14 resutil -C project pull --no-dependency "$train" &&
	test_expect_code 14 resutil -C project push --no-dependency "$train" &&
	cmp before.zip bucket/MyProj/"$train".zip &&
	echo mine >want &&
	test_cmp want project/results/"$train"/mine &&
	rm project/results/"$train"/mine &&
	resutil -C project pull --no-dependency "$train" &&
	diff -r packed/"$train" project/results/"$train"
'

test_expect_success 'it writes over what we made grow: ours stays here' '
	resutil -C project update-exp --set info.x=1 "$train" &&
	resutil -C project push --no-dependency "$train" &&
	python_store push bucket MyProj packed "$train" &&
	cp -R project/results/"$train" ours &&
	test_expect_code 14 resutil -C project pull --no-dependency "$train" 2>err &&
	test_grep "was replaced by another tool" err &&
	diff -r ours project/results/"$train" &&
	resutil -C project pull --no-dependency --force "$train" &&
	diff -r packed/"$train" project/results/"$train"
'

test_expect_success 'comment renames on both sides' '
	resutil -C project comment "$train" named &&
	new=aamxrp_20240606T135747_named &&
	test_path_is_missing bucket/MyProj/"$train".zip &&
	test_path_is_file bucket/MyProj/$new.zip &&
	diff -r packed/"$train" project/results/$new &&
	echo "$new" >want &&
	resutil -C project read-deps "$own" >out &&
	test_cmp want out &&
	resutil -C project comment $new "" &&
	test_path_is_missing bucket/MyProj/$new.zip &&
	resutil -C project list-remote >out &&
	test_grep "^aamxrp_20240606T135747$" out
'

test_expect_success PYYAML 'it renames in the store: the new name can be pulled' '
	python_resutil rename bucket MyProj "$data" moved &&
	fresh second &&
	resutil -C second pull aakuqj_20240511T174522_moved &&
	diff -r "$fixture/store/$data" \
		second/results/aakuqj_20240511T174522_moved &&
	python_resutil rename bucket MyProj aakuqj_20240511T174522_moved \
		"${data#aakuqj_20240511T174522_}"
'

test_expect_success 'rm -r takes it out of the store, and rm -l from here' '
	resutil -C project rm -r -y "$linked" >out 2>err &&
	test_path_is_missing bucket/MyProj/"$linked".zip &&
	test_path_is_dir project/results/"$linked" &&
	resutil -C project rm -l -y "$linked" >out 2>err &&
	test_path_is_missing project/results/"$linked"
'

test_expect_success 'clone makes a project of the store' '
	resutil clone "dir:$PWD/bucket/MyProj" cloned >out 2>err &&
	resutil -C cloned list-remote >got &&
	resutil -C project list-remote >want &&
	test_cmp want got &&
	resutil -C cloned pull --no-dependency "$added" &&
	diff -r "$fixture/store/$added" "cloned/results/$added"
'

# It says "Uploaded" when there is no such experiment, and sends an empty zip.
test_expect_success 'an empty zip and a broken one are named, the rest is done' '
	empty=aapfup_20240704T191602_gone bad=aapfup_20240704T191603_bad &&
	python_store push bucket MyProj packed $empty &&
	echo "no zip at all" >bucket/MyProj/$bad.zip &&
	fresh second &&
	resutil -C second list >out 2>err &&
	test_grep $bad out &&
	test_grep $bad err &&
	test_expect_code 13 resutil -C second verify-pack $bad &&
	test_expect_code 3 resutil -C second pull -A >out 2>err &&
	test_grep $bad err &&
	test_path_is_missing second/results/$bad &&
	diff -r "$fixture/store/$data" "second/results/$data" &&
	diff -r "$fixture/store/$added" "second/results/$added" &&
	if test -e second/results/$empty
	then
		test_dir_is_empty second/results/$empty
	else
		test_grep $empty err
	fi &&
	resutil -C second rm -r -y $empty $bad >out 2>err
'

test_expect_success 'nothing of the litter was touched' '
	litter_state bucket >litter.after &&
	test_cmp litter.before litter.after
'

test_done
