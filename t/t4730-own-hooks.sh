#!/bin/sh

test_description='hooks: of the settings, before and after runs, pushes and pulls'
. ./test-lib.sh

# conf_hooks LINE...: what the conf says under hooks:
conf_hooks () {
	sed "/^hooks:/,\$d" resutil-conf.yaml >conf.new &&
	echo "hooks:" >>conf.new &&
	for conf_line
	do
		printf "  %s\n" "$conf_line" || return 1
	done >>conf.new && mv conf.new resutil-conf.yaml
}

test_expect_success 'setup' '
	make_repo p && make_project p && cd p && printf "/results\n/*.json\n/out\n/err\n" >.gitignore &&
	test_commit . conf && write_script note <<-\END
	cat >"$RESUTIL_PROJECT/$RESUTIL_HOOK.json"
	echo "$RESUTIL_HOOK in $(pwd -P)"
	END
'

test_expect_success 'pre-run and post-run get the record as JSON' '
	cd p && conf_hooks "pre-run: ./note" "post-run: [./note]" && mkdir -p sub && cd sub &&
	resutil run -m "two words" -- sh -c "echo hello; exit 3" --lr=0.5 >out 2>err;
	test $? = 3 && echo hello >expect && test_cmp expect out && cd .. &&
	printf "pre-run in %s\npost-run in %s\n" "$(pwd -P)" "$(pwd -P)" >expect && test_cmp expect sub/err &&
	test_line_count = 1 pre-run.json && test_line_count = 1 post-run.json &&
	resutil read-exp --json @ >now.json && cmp now.json post-run.json &&
	python3 - <<-\END
	import json, os
	pre, post = json.load(open("pre-run.json")), json.load(open("post-run.json"))
	for key in "id", "name", "revision", "result_dir", "meta", "exit_code":
	    assert key not in pre and key in post, key
	assert pre["comment"] == "two words" and pre["params"] == {"lr": 0.5}, pre
	assert pre["argv"] == post["argv"] and pre["cwd"] == post["cwd"] == os.getcwd() + "/sub"
	assert pre["git"] == post["git"] and pre["git"]["commit_hash"], pre["git"]
	assert post["state"] == "fail" and post["exit_code"] == 3
	END
'

test_expect_success 'a bench has both, once each' '
	cd p && conf_hooks "pre-run: ./note" "post-run:" "- [./note]" "- [resutil, inform, cost=2]" && rm -f *.json &&
	resutil bench -n 3 --overhead=0 -m bench -- true --lr=0.5 >out 2>err && test_grep ! "pre-run" out &&
	grep -c "^pre-run in " err >out && grep -c "^post-run in " err >>out && printf "1\n1\n" >expect && test_cmp expect out &&
	resutil read-exp --json --key info.cost bench >out && echo 2 >expect && test_cmp expect out &&
	python3 - <<-\END &&
	import json, os
	pre, post = json.load(open("pre-run.json")), json.load(open("post-run.json"))
	for key in "id", "name", "revision", "result_dir", "meta", "result":
	    assert key not in pre and key in post, key
	assert pre["comment"] == "bench" and pre["argv"] == post["argv"], pre
	assert pre["params"] == post["params"] == {"lr": 0.5, "bench": {"concurrency": 1, "number": 3}}, pre
	assert pre["git"] == post["git"] and pre["git"]["commit_hash"], pre["git"]
	END
	conf_hooks "pre-run: [sh, -c, \"echo not now >&2; exit 1\"]" && ls results >expect &&
	test_expect_code 128 resutil bench -n 1 -m no -- touch ran 2>err && test_grep "^not now\$" err &&
	test_grep "hooks.pre-run) says no" err && test_path_is_missing ran && ls results >out && test_cmp expect out &&
	resutil bench --dry-run -n 1 -- true >out && conf_hooks "pre-run: [sh, -c, \"echo made >>train.py\"]" &&
	resutil bench -n 1 --overhead=0 -m made -- true >out 2>err && test_grep ! "not recorded" err &&
	resutil read-exp --json --key git.uncommited_files made >out && test_grep "\"train.py\"" out && git checkout -q train.py
'

test_expect_success 'a rerun has both, which see of what it is one' '
	cd p && conf_hooks "pre-run: ./note" "post-run: ./note" && resutil run -m again -- true 2>err && rm -f *.json &&
	resutil rerun again 2>err && echo "\"$(resutil rev-exp again)\"" >expect &&
	for hook in pre-run post-run
	do
		python3 -c "import json; print(json.dumps(json.load(open(\"$hook.json\"))[\"rerun_of\"]))" >out &&
		test_cmp expect out || return 1
	done
'

test_expect_success 'a pre-run that fails: nothing is run, exit 125' '
	cd p && rm -rf results && conf_hooks "pre-run: [sh, -c, \"echo not today >&2; exit 7\"]" &&
	test_expect_code 125 resutil run -m x -- touch ran 2>err && test_grep "^not today\$" err &&
	test_grep "the hook .sh. (hooks.pre-run) says no: it ended with status 7" err &&
	test_path_is_missing ran && test_path_is_missing results &&
	conf_hooks "pre-run: ./gone" && test_expect_code 125 resutil run -m x -- touch ran 2>err &&
	test_path_is_missing ran &&
	conf_hooks "pre-run: [sh, -c, \"kill -9 \$\$\"]" && test_expect_code 125 resutil run -m x -- touch ran 2>err &&
	test_path_is_missing ran
'

test_expect_success 'it can refuse by what it is told' '
	cd p && conf_hooks "pre-run: [python3, -c, \"import json, sys; r = json.load(sys.stdin); sys.exit(bool(r[\\\"git\\\"][\\\"uncommited_files\\\"]))\"]" &&
	test_commit . clean && resutil run -m clean -- true && echo change >>train.py &&
	test_expect_code 125 resutil run -m dirty -- true 2>err && git checkout -q train.py
'

test_expect_success 'what it changes in the code is recorded' '
	cd p && conf_hooks "pre-run: [sh, -c, \"echo made >>train.py\"]" && test_commit . clean &&
	resutil run -m made -- true && resutil read-exp --json --key git.uncommited_files made >out &&
	echo "[\"train.py\"]" >expect && test_cmp expect out &&
	test_grep "^made\$" "results/$(resutil rev-exp made)/uncommited_files/train.py" && git checkout -q train.py
'

test_expect_success 'post-run adds to the run, is pushed with it, and its failure is a warning' '
	cd p && conf_hooks "post-run:" "- [resutil, inform, cost=12]" "- {argv: [sh, -c, exit 9]}" \
		"- [sh, -c, \"echo more >\\\"\$RESUTIL_EX_DIR/more\\\"\"]" &&
	resutil run --push -m cost -- true 2>err && test_line_count = 1 err &&
	test_grep "warning: the hook .sh. (hooks.post-run) failed: it ended with status 9" err &&
	resutil read-exp --key info.cost cost >out && echo 12 >expect && test_cmp expect out &&
	resutil list-unpushed >out && ! grep _cost out &&
	resutil cat-pack "../p.store/project/$(resutil rev-exp cost).zip" more >out && echo more >expect && test_cmp expect out
'

test_expect_success 'a run that goes on gives its record' '
	cd p && conf_hooks "pre-run: ./note" && rm -f pre-run.json &&
	test_must_fail resutil run --id long -m long -- sh -c "test \"\$RESUTIL_RESUME\"" 2>err &&
	resutil run --id long -- sh -c "test \"\$RESUTIL_RESUME\"" 2>err &&
	test_grep "\"state\":\"fail\"" pre-run.json && test_grep "\"name\":\".*_long\"" pre-run.json &&
	rm pre-run.json && resutil run --id long -- sh -c "test \"\$RESUTIL_RESUME\"" && test_path_is_missing pre-run.json
'

test_expect_success 'nothing of it for what only looks, or with -n' '
	cd p && conf_hooks "pre-run: ./note" "post-run: ./note" "pre-push: ./note" "post-pull: ./note" &&
	rm -f *.json && resutil run -n -- true >out && resutil list >out && resutil show @ >out &&
	resutil push -n -A >out && resutil status >out 2>&1 && resutil fsck >out 2>&1;
	ls *.json >out 2>/dev/null; test_must_be_empty out
'

test_expect_success 'what a hook runs has no hooks' '
	cd p && conf_hooks "post-run: [resutil, run, -m, inner, --, \"true\"]" && rm -rf results &&
	resutil run -m outer -- true && resutil list-exps >out && test_line_count = 2 out
'

test_expect_success 'a commit that one makes is no event for the hooks of git' '
	cd p && conf_hooks "post-run: [git, -c, user.name=x, -c, user.email=x@x.invalid, commit, -q, --allow-empty, -m, own]" &&
	resutil hook install -m git -- true >out && rm -rf results && resutil run -m outer -- true 2>err &&
	git log -1 --format=%s >out && echo own >expect && test_cmp expect out &&
	resutil list-exps >out && test_line_count = 1 out && resutil hook remove >out
'

test_expect_success 'pre-push is asked about what will be sent' '
	cd p && conf_hooks "pre-push: [sh, -c, \"cat >pushed.json; exit \$(cat status)\"]" && rm -rf results ../p.store/* &&
	for n in a b c
	do
		resutil run -m $n -- true || return 1
	done && rm -f pushed.json &&
	echo 1 >status && test_expect_code 1 resutil push a >out 2>err && test_grep "hooks.pre-push) says no" err &&
	test_line_count = 1 pushed.json && resutil list-remote >out && test_must_be_empty out &&
	echo 0 >status && resutil push a >out && test_grep "^1 sent" out &&
	resutil push -A >out && test_grep "^2 sent" out && test_line_count = 2 pushed.json &&
	python3 - <<-\END &&
	import json
	names = [json.loads(line)["name"] for line in open("pushed.json")]
	assert [n[-2:] for n in names] == ["_b", "_c"], names
	END
	rm pushed.json && resutil push -A >out && test_path_is_missing pushed.json &&
	echo 1 >status && resutil run --push -m d -- true 2>err && test_grep "is kept here, but not in" err &&
	test_line_count = 1 pushed.json && resutil list-remote >out && test_line_count = 3 out &&
	resutil run -m e -- true &&
	test_expect_code 1 env -u RESUTIL_NO_REMOTE resutil checkpoint --exp e 2>err && echo 0 >status &&
	env -u RESUTIL_NO_REMOTE resutil checkpoint --exp e
'

test_expect_success 'post-pull is told what came' '
	cd p && rm -rf results && conf_hooks "post-pull: [sh, -c, \"cat >>pulled.json; exit 4\"]" && rm -f pulled.json &&
	resutil pull a >out 2>err && test_grep "hooks.post-pull) failed" err && test_line_count = 1 pulled.json &&
	resutil pull a >out 2>err && test_must_be_empty err && test_line_count = 1 pulled.json &&
	resutil pull -A >out 2>err && test_line_count = 4 pulled.json &&
	rm -rf results pulled.json && resutil pull -y >out 2>err && test_line_count = 4 pulled.json &&
	test_grep "\"name\":\".*_c\"" pulled.json
'

test_expect_success 'of a project that is not trusted none is run, and that is said once' '
	cp -r p q && cd q && conf_hooks "pre-run: ./note" "post-run: ./note" "pre-push: ./note" "post-pull: ./note" &&
	rm -f *.json && sed "s|p.store|q.store|" resutil-conf.yaml >c && mv c resutil-conf.yaml && mkdir ../q.store &&
	resutil run -m x -- true 2>err && test_line_count = 2 err &&
	test_grep "not run, for this project is not trusted here: hooks.pre-run; look at" err &&
	resutil push x >out 2>err && test_line_count = 1 err && rm -rf results && resutil pull x >out 2>err && test_line_count = 1 err &&
	ls *.json >out 2>/dev/null; test_must_be_empty out &&
	test_expect_code 1 resutil config --trusted >out && test_grep "hooks.pre-run: ./note" out &&
	resutil config --trust >out && resutil run -m y -- true 2>err && test_path_is_file post-run.json &&
	conf_hooks "post-run: [[./note, a], {argv: [./note, \"b c\"]}]" && rm post-run.json &&
	resutil run -m z -- true 2>err && test_grep "has changed since this project was trusted here" err &&
	test_path_is_missing post-run.json && test_expect_code 1 resutil config --trusted >out &&
	test_grep "hooks.post-run: ./note a; ./note .b c.\$" out
'

test_expect_success 'the user has hooks of his own, and the last layer counts' '
	cd q && mkdir -p "$HOME/.config/resutil" && printf "hooks:\n  post-run: [touch, users]\n  pre-run: \"no\"\n" >"$HOME/.config/resutil/config.yaml" &&
	resutil -q run -m u -- true && test_path_is_file users && rm users &&
	resutil -q -c hooks.post-run="touch ours" run -m v -- true && test_path_is_file ours &&
	test_path_is_missing users && resutil -q -c hooks.post-run=no run -m w -- true && test_path_is_missing users &&
	rm "$HOME/.config/resutil/config.yaml"
'

test_expect_success 'what is no command is an error before anything is done' '
	cd p && rm -rf results && for bad in "[]" "yes" "[[true], x]" "{argv: 1}" "{command: [true]}" "[[[a]]]" "\"open '"'"'\"" "1.5"
	do
		conf_hooks "pre-run: $bad" && test_expect_code 125 resutil run -m x -- true 2>err &&
		test_grep "the setting .hooks.pre-run. must be" err && test_path_is_missing results || return 1
	done && conf_hooks "pre-run: no" && resutil run -m x -- true &&
	conf_hooks "pre-push: 7.5" && test_expect_code 13 resutil push x 2>err && test_grep "hooks.pre-push" err
'

test_expect_success 'a hook that reads nothing, of much, fails for no pipe' '
	cd p && conf_hooks "pre-push: [\"true\"]" && resutil update-exp --set info.big="$(printf %0100000d 1)" x &&
	resutil push x >out
'

test_done
