#!/bin/sh

test_description='secrets that were planted everywhere are written nowhere'

. ./test-lib.sh

unset RESUTIL_NO_REMOTE

# Each one is another, so that it is seen which one got through, and holds
# "PLANT" or a number of its own. None ever opened anything; each is put
# together here, so that nothing that looks for tokens finds one in this file.
tail36=$(printf %032d 0)
pl_aws=AKIAPLANT00$(printf %09d 1)
pl_sts=ASIAPLANT00$(printf %09d 2)
pl_ghp=ghp_PLNT$tail36
pl_gho=gho_PLNT$tail36
pl_ghs=ghs_PLNT$tail36
pl_pat=github_pat_PLNT$tail36
pl_lab=glpat-PLNT$tail36
pl_xoxb=xoxb-PLNT-$tail36
pl_xoxp=xoxp-PLNT-$tail36
pl_sk=sk-PLNT$tail36
pl_ant=sk-ant-PLNT$tail36
pl_hf=hf_PLNT$tail36
pl_goog=AIzaPLNT$tail36
pl_ya=ya29.PLNT$tail36
pl_jwt=eyJPLNT$tail36.eyJPLNT$tail36.PLNT
pl_bearer=plntBearer5678
pl_basic=plntBasic5678==
pl_url=plntUrl5678
pl_db=plntDb5678
pl_opt=plntOpt5678
pl_eq=plntEq5678
pl_assign=plntAssign5678
pl_json=plntJson5678
pl_shell=plntShell5678
pl_query=plntQuery5678
pl_user=plntUserRule5678
pl_param=plntParam5678
pl_meta=plntMeta5678
pl_env=plntEnv5678
pl_dotenv=plntDotenv5678
pl_remote=plntRemote5678
pl_dep=plntDep5678
pl_keyfile=plntKeyfile5678
pl_item=plntItem5678
pl_hydra=plntHydra5678
pl_curl=plntCurl5678
pl_hook=T0PLNT5678/B0/plnt
pl_book=hf_PLNB$tail36
pl_pem=plntPem5678plntPem5678

all () {
	set | sed -n 's/^\(pl_[a-z]*\)=.*/\1/p' | while read all_name
	do
		eval "printf '%s\n' \"\$$all_name\""
	done
}

pem () {
	printf -- '-----BEGIN %s KEY-----\n%s\n-----END %s KEY-----\n' \
		PRIVATE $pl_pem PRIVATE
}

# nowhere PATH...: no planted secret is in any file below, not in a path, and
# not in what is packed there.
nowhere () {
	all >patterns &&
	test $(wc -l <patterns) -gt 30 &&
	for nowhere_path
	do
		find "$nowhere_path" >names &&
		if grep -F -f patterns names ||
			grep -raF -l -f patterns "$nowhere_path"
		then
			echo >&2 "error: a planted secret is in $nowhere_path"
			return 1
		fi
	done
}

# nowhere_packed STORE: nor in what the packs of the store hold.
nowhere_packed () {
	rm -rf unpacked && mkdir unpacked &&
	find "$1" -name "*.zip" >packs &&
	test -s packs &&
	while read -r pack
	do
		python3 -m zipfile -e "$pack" unpacked/$(basename "$pack") ||
		return 1
	done <packs &&
	nowhere unpacked
}

test_expect_success 'setup: a project with secrets wherever one can be' '
	make_repo project &&
	(
		cd project &&
		printf "{\"private_key\": \"%s\"}\n" $pl_keyfile >key.json &&
		resutil --no-interactive init --project-name project \
			--storage-type dir -o path="$TRASH_DIRECTORY/store" &&
		echo "secrets: {add: tenant-code}" >>resutil-conf.yaml &&
		sed -i "s|^storage_config:|&\n  key_file_path: key.json|" \
			resutil-conf.yaml &&
		git remote add origin \
			"https://ann:$pl_remote@host.invalid/r.git" &&
		echo "old = \"$pl_gho\"" >removed.py &&
		echo "x = 1" >changed.py && echo y >fine.py &&
		git add removed.py changed.py fine.py &&
		git -c user.name=x -c user.email=x@x commit -q -m two &&
		echo "x = \"$pl_ghs\"" >changed.py && echo z >fine.py &&
		echo "old = 1" >removed.py &&
		echo "PASSWORD=$pl_dotenv" >.env &&
		echo "k = \"$pl_pat\"" >untracked.py &&
		printf "{\"cells\": [{\"source\": [\"login(\\\"%s\\\")\\n\"]}]}\n" \
			$pl_book >book.ipynb &&
		pem >server.key &&
		{ head -c 300000 /dev/zero | tr "\0" x && echo " $pl_lab"; } \
			>late.log &&
		: >"$pl_hf"
	)
'

# What the program gets, it gets as it is; it keeps it to itself.
test_expect_success 'runs: every kind in the command line and environment' '
	write_script prog <<-\EOF &&
	printf "%s\n" "$@" >"$GOT"
	echo "loss 0.5"
	resutil checkpoint
	EOF
	cd project &&
	HISTORY_PASSWORD=$pl_env GOT="$TRASH_DIRECTORY/../got" \
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" \
	resutil run -m one -- "$TRASH_DIRECTORY/prog" --password $pl_opt \
		--api-key=$pl_eq TOKEN=$pl_assign "{\"secret\": \"$pl_json\"}" \
		"http://u:$pl_url@h/x" "postgres://u:$pl_db@h/x" \
		"https://h/?token=$pl_query&n=1" \
		"Authorization: Bearer $pl_bearer" \
		"authorization: basic $pl_basic" --tenant-code $pl_user \
		--lr 0.1 --tokenizer bert "$pl_aws" "x=$pl_sts" "$pl_ghp" \
		--x "$pl_xoxb" "$pl_xoxp" -y "$pl_sk" "$pl_ant" "a/$pl_goog" \
		"$pl_ya" "$pl_jwt" "$(pem)" --param "$pl_hf" \
		>"$TRASH_DIRECTORY/../out" 2>"$TRASH_DIRECTORY/../err" &&
	cd .. &&
	grep -Fqx -e $pl_opt ../got && grep -Fqx -e "$pl_jwt" ../got &&
	grep -Fq -e "$pl_pem" ../got &&
	resutil -C project show --json @ >record &&
	grep "\"lr\": *0.1" record && grep "\"tokenizer\": *\"bert\"" record
'

test_expect_success 'what was taken out is told once, without its value' '
	grep "not recorded, for it looks secret: option --password" ../err &&
	test $(grep -c "not recorded" ../err) = 1 &&
	cp ../err told && nowhere told
'

test_expect_success 'runs of shells and of Python, failed and debugging ones' '
	cd project &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" &&
	export RESUTIL_TRACE &&
	test_expect_code 3 resutil run -m two -- sh -c \
		"exit 3; TOKEN=$pl_shell x --password $pl_opt" &&
	resutil run -m three -- python3 -c \
		"f = dict; f(password=\"$pl_param\", n_tokens=3)" &&
	resutil run -m seven -- python3 -c \
		"import os; os.environ[\"HF_TOKEN\"] = \"$pl_item\"" &&
	resutil run -m eight -- sh -c ": curl -u ann:$pl_curl h" &&
	resutil run -m nine -- true "log={wandb:{api_key:$pl_hydra,n:3}}" \
		--to "https://hooks.slack.com/services/$pl_hook" &&
	resutil run --debug -- true --token $pl_opt &&
	resutil run -n -- true --token $pl_opt $pl_ghp >../plan &&
	test_must_fail resutil run -m bad -d $pl_ghp -- true --token \
		$pl_dep 2>../err2 &&
	unset RESUTIL_TRACE && cd ..
'

test_expect_success 'add, write-exp and update-exp, from a directory with one' '
	mkdir -p "project/$pl_ghp" && test_when_finished "rm -rf project/$pl_ghp" &&
	cd project &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" &&
	export RESUTIL_TRACE &&
	(cd "$pl_ghp" && resutil add four && resutil run -m five -- true) &&
	printf "meta: {env: {DB_PASSWORD: %s, X: \"%s\"}}\ntags: [\"%s\"]\n" \
		$pl_meta $pl_aws $pl_sk >../map &&
	resutil update-exp --from=../map --set info.api_key=$pl_param \
		--set "info.note=see $pl_xoxb" one &&
	mkdir results/aaaaaa_20240101T000000_six &&
	resutil write-exp --dir=results/aaaaaa_20240101T000000_six --from=../map \
		-- prog --secret $pl_opt &&
	unset RESUTIL_TRACE && cd .. &&
	rm map
'

test_expect_success 'every other command, with a trace' '
	cd project &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" &&
	export RESUTIL_TRACE &&
	resutil push -A >../out.push 2>&1 &&
	resutil list >../out.list && resutil list --json >../out.json &&
	resutil show one >../out.show && resutil log >../out.log &&
	resutil status >../out.status && resutil status --json >../out.sjson &&
	resutil comment two two-b >../out.comment &&
	resutil rm -y -l three >../out.rm && resutil pull three >../out.pull &&
	resutil read-exp --json one >../out.read &&
	resutil snapshot-code -n >../out.snap &&
	test_might_fail resutil remote add other \
		"ssh://u:$pl_url@host.invalid/x" 2>../out.remote &&
	test_might_fail resutil push --remote \
		"https://u:$pl_url@host.invalid/x" one 2>../out.url &&
	test_might_fail resutil show $pl_ghp 2>../err.show &&
	unset RESUTIL_TRACE && cd ..
'

test_expect_success 'no planted secret is in a record, a log or the code' '
	nowhere project/results project/.resutil &&
	grep "^+z" project/results/*_one/uncommited.patch &&
	test_path_is_file project/results/*_one/uncommited_files/removed.py
'

test_expect_success 'nor in the store, or what it holds' '
	nowhere store && nowhere_packed store
'

test_expect_success 'nor in a trace, of any process' '
	grep "command: run" trace && grep "run: .*git" trace &&
	grep "command: send-pack" trace && grep "redacted:" trace &&
	nowhere trace
'

test_expect_success 'nor in a cache, or anything else below home' '
	nowhere ../home ../tmp
'

# status and run -n name the files that are left out, to who has them
test_expect_success 'nor in what commands print, but about what they were told' '
	grep "^command" plan >plan.command && test -s plan.command &&
	nowhere out.push out.list out.json out.show out.log \
		out.comment out.rm out.pull out.read plan.command \
		out.remote out.url record
'

test_expect_success 'only what the user wrote holds them, where he wrote it' '
	all >patterns &&
	(cd project && find . -path ./.git -prune -o -type f -print) >files &&
	(cd project && grep -raFl -f ../patterns . --exclude-dir=.git) |
	sort >actual &&
	printf "./%s\n" .env book.ipynb changed.py key.json late.log server.key \
		untracked.py | sort >expect &&
	test_cmp expect actual
'

test_expect_success 'the record names what was left out, and why' '
	resutil -C project read-exp --json one >json &&
	python3 -S "$TEST_DIRECTORY/helper/json-lines.py" json >out &&
	for name in .env book.ipynb changed.py key.json late.log server.key untracked.py
	do
		grep -qx "git.left_out.[0-9]*.path=$name" out || return 1
	done &&
	test $(grep -c "^git.left_out.*reason=secret" out) = 8 &&
	grep -x "git.uncommited_files.[0-9]*=fine.py" out &&
	grep -x "git.remote=https://host.invalid/r.git" out
'

test_done
