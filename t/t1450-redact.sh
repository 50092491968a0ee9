#!/bin/sh

test_description='records: secrets are taken out, and only secrets'

. ./test-lib.sh

# tokens that never opened anything, put together so that nothing that looks
# for tokens in this file finds one
gh_token=ghp_$(printf %036d 7)
aws_key=AKIA$(printf %016d 7)

id=aapfup_20240704T191555

# record [OPTION...] [-- CMD...]: made by write-exp; as lines PATH=VALUE in out
record () {
	rm -rf results/$id &&
	mkdir -p results/$id &&
	resutil write-exp --dir=results/$id "$@" >/dev/null &&
	lines
}

lines () {
	resutil read-exp --json $id >json &&
	python3 -S "$TEST_DIRECTORY/helper/json-lines.py" json >out
}

# has LINE...: the record has these; has_not TEXT: it has nothing like it
has () {
	for has_line
	do
		grep -Fqx -e "$has_line" out || {
			echo >&2 "error: no line '$has_line' in:" &&
			cat >&2 out
			return 1
		}
	done
}

has_not () {
	! grep -F -e "$1" out || return 1
	! grep -rF -e "$1" results/$id
}

test_expect_success 'setup' '
	make_project
'

test_expect_success 'a secret of the command line is in no key' '
	record -- prog --token s3cr3t-value --lr 0.1 API_KEY=k3yk3y "$gh_token" \
		"https://ann:pw1234@host/x" &&
	has argv.2="<redacted:1>" argv.5="API_KEY=<redacted:2>" \
		argv.6="<redacted:3>" argv.7="https://ann:<redacted:4>@host/x" \
		params.token="<redacted:1>" params.lr=0.1 \
		params.API_KEY="<redacted:2>" &&
	has "cmd=prog --token '\''<redacted:1>'\'' --lr 0.1 '\''API_KEY=<redacted:2>'\'' '\''<redacted:3>'\'' '\''https://ann:<redacted:4>@host/x'\''" &&
	has "args=prog --token <redacted:1> --lr 0.1 API_KEY=<redacted:2> <redacted:3> https://ann:<redacted:4>@host/x" &&
	has_not s3cr3t && has_not k3y && has_not $gh_token && has_not pw1234
'

test_expect_success 'redacted says which, where and why' '
	has redacted.0.number=1 redacted.0.where.0=cmd \
		redacted.0.where.1=args redacted.0.where.2=argv.2 \
		redacted.0.where.3=params.token \
		"redacted.0.why=option --token" \
		"redacted.1.why=name API_KEY" "redacted.2.why=shape ghp_" \
		"redacted.3.why=password in a URL" redacted.3.where.2=argv.7 &&
	test $(grep -c "^redacted.*number" out) = 4
'

test_expect_success 'what is none stays, and nothing is listed' '
	record -- python3 train.py --tokenizer bert --max-tokens 512 \
		--token-dropout 0.1 --author ann --key value --password-file p \
		d41d8cd98f00b204e9800998ecf8427e --sha \
		e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 &&
	has params.tokenizer=bert params.max-tokens=512 \
		params.token-dropout=0.1 params.author=ann params.key=value &&
	has_not redacted
'

test_expect_success 'one value has one number wherever it stands' '
	record -- prog --a longvalue --token longvalue --b x-longvalue &&
	has argv.2="<redacted:1>" argv.4="<redacted:1>" \
		argv.6="x-<redacted:1>" params.a="<redacted:1>" &&
	has_not longvalue &&
	test $(grep -c "^redacted.*number" out) = 1
'

test_expect_success 'maps that are laid over it are looked through' '
	cat >map <<-EOF &&
	info: {note: "use $gh_token", password: {value: aaaa}, n_tokens: 100000}
	meta:
	  env: {AWS_SECRET_ACCESS_KEY: bbbb, HOME: /root, TOKENIZER: bert}
	git: {remote: "https://u:cccc@h/x", branch: main}
	params: {auth: {token: dddd}, list: [{passwd: eeee}], pin_password: 1234}
	tags: ["$aws_key", good]
	EOF
	record --from=map &&
	has "info.note=use <redacted:6>" "info.password.value=<redacted:7>" \
		info.n_tokens=100000 \
		"meta.env.AWS_SECRET_ACCESS_KEY=<redacted:5>" \
		meta.env.HOME=/root meta.env.TOKENIZER=bert \
		"git.remote=https://u:<redacted:4>@h/x" git.branch=main \
		"params.auth.token=<redacted:1>" \
		"params.list.0.passwd=<redacted:2>" \
		"params.pin_password=<redacted:3>" "tags.0=<redacted:8>" \
		tags.1=good &&
	has redacted.4.where.0=meta.env.AWS_SECRET_ACCESS_KEY &&
	for text in $gh_token $aws_key aaaa bbbb cccc dddd eeee 1234
	do
		has_not $text || return 1
	done
'

test_expect_success 'argv that comes in a map is read as words' '
	echo "argv: [prog, --password, \"a b\"]" >map &&
	echo "cmd: prog --password \"a b\" x" >>map &&
	record --from=map &&
	has argv.2="<redacted:1>" "cmd=prog --password \"<redacted:1>\" x" &&
	has_not "a b"
'

test_expect_success 'a token that is the name of a parameter' '
	record -- prog "--$gh_token=5" "$aws_key=6" &&
	has "argv.1=--<redacted:1>=5" "params.<redacted:1>=5" \
		"argv.2=<redacted:2>=6" "params.<redacted:2>=6" &&
	has_not $gh_token && has_not $aws_key
'

test_expect_success 'a number that is there by itself is not taken again' '
	record -- prog "<redacted:4>" --token aaaa &&
	has argv.1="<redacted:4>" argv.3="<redacted:5>" \
		redacted.0.number=5 &&
	test $(grep -c "^redacted.*number" out) = 1
'

test_expect_success 'an update goes on counting, and keeps what was listed' '
	record -- prog --token aaaa &&
	resutil update-exp --set info.api_key=bbbb --set info.n_tokens=4 \
		$id &&
	lines &&
	has info.api_key="<redacted:2>" info.n_tokens=4 redacted.0.number=1 \
		redacted.0.where.2=argv.2 redacted.1.number=2 \
		redacted.1.where.0=info.api_key "redacted.1.why=name api_key" &&
	has_not bbbb
'

test_expect_success 'where follows what an update replaces' '
	resutil update-exp --set params.token=none $id &&
	lines &&
	has params.token=none &&
	! grep "redacted.0.where.*params" out
'

test_expect_success 'an update without secrets leaves a record without' '
	record -- prog --lr 1 &&
	resutil update-exp --set info.loss=0.5 $id &&
	lines && has info.loss=0.5 && has_not redacted
'

test_expect_success 'what others wrote into a record is not changed' '
	record -- prog --lr 1 &&
	echo "note: $gh_token" >>results/$id/resutil-exp.yaml &&
	resutil update-exp --set info.loss=0.5 $id &&
	lines && has note=$gh_token
'

test_expect_success 'redacted itself is checked' '
	test_expect_code 13 resutil update-exp --set redacted=x $id 2>err &&
	test_grep "must be a list of maps" err &&
	echo "redacted: [{number: 0}]" >map &&
	test_expect_code 13 resutil update-exp --from=map $id &&
	echo "redacted: [{number: 1, where: [a], why: x, more: 1}]" >map &&
	resutil update-exp --from=map $id
'

test_expect_success 'a record with redacted is read by PyYAML as it is' '
	record -- prog --token aaaa &&
	if python3 -c "import yaml" 2>/dev/null
	then
		python3 -c "import yaml; r = yaml.safe_load(open(
\"results/$id/resutil-exp.yaml\")); assert r[\"redacted\"][0] == {
\"number\": 1, \"where\": [\"cmd\", \"args\", \"argv.2\", \"params.token\"],
\"why\": \"option --token\"}, r[\"redacted\"]"
	fi
'

test_expect_success 'secrets.add and secrets.allow' '
	rules="-c secrets.add=tenant-* -c secrets.allow=session-token" &&
	rm -rf results/$id && mkdir results/$id &&
	resutil $rules write-exp --dir=results/$id -- prog --tenant-id aaaa \
		--session-token bbbb --token cccc &&
	lines &&
	has argv.2="<redacted:1>" argv.4=bbbb argv.6="<redacted:2>"
'

test_expect_success 'they come from the conf, too, and must be lists of texts' '
	cp resutil-conf.yaml saved && test_when_finished "mv saved resutil-conf.yaml" &&
	echo "secrets: {add: vault, allow: [token, \"AKIA0*\"]}" \
		>>resutil-conf.yaml &&
	record -- prog --vault aaaa --token bbbb $aws_key &&
	has argv.2="<redacted:1>" argv.4=bbbb argv.5=$aws_key &&
	cp saved resutil-conf.yaml &&
	echo "secrets: {add: {a: 1}}" >>resutil-conf.yaml &&
	test_expect_code 13 resutil list-exps 2>err &&
	test_grep "secrets.add" err
'

test_expect_success 'a trace shows no secret, of any process' '
	rm -f trace && mkdir -p results/$id &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" resutil \
		-c secrets.add=vault write-exp --force --dir=results/$id \
		--set info.token=aaaa --set "info.note=$gh_token" -- \
		prog --password hunter2 --vault vvvv "https://a:pppp@h" &&
	test_grep "command: write-exp" trace &&
	test_grep "redacted:" trace &&
	for text in aaaa $gh_token hunter2 vvvv pppp
	do
		! grep -F -e "$text" trace || return 1
	done
'

test_expect_success 'a trace of a program under libexec shows none either' '
	rm -f trace && mkdir -p d && echo 1 >d/x &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" test_must_fail resutil \
		put-object --remote="dir:$TRASH_DIRECTORY/s" "$gh_token" d/x &&
	test_grep "exec: .*resutil-pack" trace &&
	test_grep "command: put-object" trace &&
	! grep -F "$gh_token" trace
'

test_expect_success 'add and run refuse a comment that is a token' '
	test_expect_code 129 resutil add "$gh_token" >actual 2>err &&
	test_must_be_empty actual &&
	test_grep "looks like a secret (shape ghp_)" err &&
	! grep -F "$gh_token" err &&
	test_expect_code 125 resutil run -m "x $aws_key" -- true 2>err &&
	test_grep "looks like a secret" err &&
	resutil add good >name &&
	test_expect_code 129 resutil comment -l "$(cat name)" $aws_key 2>err &&
	test_grep "looks like a secret" err &&
	resutil -c secrets.allow="AKIA*" comment -l "$(cat name)" $aws_key
'

test_done
