#!/bin/sh
test_description='code state: what must never be captured'
. ./test-lib.sh
. "$TEST_DIRECTORY/lib-code.sh"

# names that are secrets whatever is in them
secret_names='
	.env
	.env.local
	.env.production
	sub/.env
	sub/deep/.env
	id_rsa
	id_dsa
	id_ecdsa
	id_ed25519
	id_ed25519_sk
	.netrc
	.git-credentials
	.pgpass
	.envrc
	.my.cnf
	.pypirc
	.s3cfg
	.boto
	.htpasswd
	kaggle.json
	application_default_credentials.json
	client_secret_1-a.apps.googleusercontent.com.json
	cert.p12
	Cert.PFX
	app.keystore
'
# and names that only look like it
plain_names='
	.env.example
	.env.sample
	.environment
	a.env
	env
	id_rsa.pub
	key.py
	public.pem
'

# pem KIND: a key that never opened anything
pem () {
	printf -- '-----BEGIN %s-----\nMIIEvQIBADANBgkq\n-----END %s-----\n' \
		"$1" "$1"
}

# secrets PATH...: exactly these are left out, as secrets; no byte of them is
# in the snapshot.
secrets () {
	printf '%s\n' "$@" >expect.secrets &&
	sed -n 's/^left_out\.[0-9]*\.path=//p' out >actual.secrets &&
	test_cmp expect.secrets actual.secrets &&
	sed -n 's/^left_out\.[0-9]*\.reason=//p' out | sort -u >reasons &&
	echo secret >expect.reasons &&
	test_cmp expect.reasons reasons &&
	if grep -r hunter2 snap || grep -r MIIEvQIBADANBgkq snap
	then
		return 1
	fi
}

test_expect_success 'untracked secrets are known by their names' '
	make_repo names && mkdir -p names/sub/deep &&
	for name in $secret_names
	do
		echo hunter2 >names/$name || return 1
	done &&
	for name in $plain_names
	do
		echo plain >names/$name || return 1
	done &&
	snap names &&
	secrets $(printf "%s\n" $secret_names | sort) &&
	captured $(printf "%s\n" $plain_names | sort)
'

test_expect_success 'they are named with size and hash' '
	has left_out.1.path=.env left_out.1.size=8 "left_out.1.sha256=$(
		sha256sum names/.env | cut -c1-64)"
'

test_expect_success 'tracked secrets that changed are not in the patch' '
	make_repo tracked &&
	echo old >tracked/.env && echo old >tracked/id_rsa &&
	test_commit tracked second &&
	echo hunter2 >>tracked/.env && echo hunter2 >>tracked/id_rsa &&
	echo new >>tracked/train.py &&
	snap tracked &&
	secrets .env id_rsa &&
	captured train.py &&
	test_grep "^+new" snap/uncommited.patch &&
	test_grep ! "\.env" snap/uncommited.patch
'

test_expect_success 'nor are staged ones' '
	make_repo staged &&
	echo hunter2 >staged/.env && git -C staged add -f .env &&
	snap staged &&
	secrets .env &&
	has patch=null uncommited_files.nr=0
'

test_expect_success 'nor are deleted ones' '
	make_repo deleted &&
	echo hunter2 >deleted/.env && test_commit deleted second &&
	rm deleted/.env &&
	snap deleted &&
	secrets .env &&
	has patch=null
'

test_expect_success 'a secret beside the directory that was a file' '
	make_repo beside &&
	echo x >beside/conf && test_commit beside second &&
	rm beside/conf && mkdir beside/conf && echo hunter2 >beside/conf/.env &&
	echo y >beside/conf/y && git -C beside add -A &&
	snap beside &&
	secrets conf/.env &&
	captured conf/y
'

test_expect_success 'private keys are known by their content' '
	make_repo keys &&
	pem "PRIVATE KEY" >keys/a.pem &&
	pem "RSA PRIVATE KEY" >keys/b.key &&
	pem "OPENSSH PRIVATE KEY" >keys/c &&
	pem "ENCRYPTED PRIVATE KEY" >keys/d.txt &&
	pem "PGP PRIVATE KEY BLOCK" >keys/e.asc &&
	{ pem "CERTIFICATE" | tr M N && pem "EC PRIVATE KEY"; } >keys/f.crt &&
	printf "{\"private_key\": \"%s\\\\n%s\"}\n" \
		"-----BEGIN PRIVATE KEY-----" MIIEvQIBADANBgkq >keys/g.json &&
	printf "PuTTY-User-Key-File-3: ssh-rsa\nhunter2\n" >keys/h.ppk &&
	pem "PUBLIC KEY" | tr M N >keys/i.pem &&
	pem "CERTIFICATE" | tr M N >keys/j.pem &&
	snap keys &&
	secrets a.pem b.key c d.txt e.asc f.crt g.json h.ppk &&
	captured i.pem j.pem
'

test_expect_success 'also when they are tracked' '
	git -C keys add -A &&
	snap keys &&
	secrets a.pem b.key c d.txt e.asc f.crt g.json h.ppk &&
	captured i.pem j.pem
'

test_expect_success 'a key is found wherever it is in a file' '
	make_repo deep &&
	{ head -c 70000 /dev/zero | tr "\0" x; pem "PRIVATE KEY"; } >deep/log &&
	# across the pieces in which a file is read
	{ head -c 262130 /dev/zero | tr "\0" x; pem "PRIVATE KEY"; } >deep/log2 &&
	{ head -c 900000 /dev/zero | tr "\0" x; echo; } >deep/log3 &&
	snap deep &&
	captured log3 &&
	secrets log log2
'

test_expect_success 'the key file of the project is a secret, whatever it holds' '
	make_repo project &&
	cat >project/resutil-conf.yaml <<-\EOF &&
	project_name: project
	results_dir: results
	storage_type: gcs
	storage_config:
	  key_file_path: keys/mine.json
	  backet_name: some
	EOF
	mkdir project/keys && echo hunter2 >project/keys/mine.json &&
	echo plain >project/keys/other.json &&
	snap project &&
	secrets keys/mine.json &&
	captured keys/other.json resutil-conf.yaml &&
	git -C project add -f keys &&
	snap project &&
	secrets keys/mine.json
'

test_expect_success 'a link to a secret is only a link' '
	make_repo link &&
	echo hunter2 >outside && ln -s ../outside link/data &&
	snap link &&
	captured data &&
	test_path_is_link snap/uncommited_files/data &&
	rm outside
'

test_expect_success 'a large secret is a secret' '
	make_repo large &&
	{ pem "PRIVATE KEY"; head -c 5000 /dev/zero; } >large/.env &&
	rm -rf snap && mkdir snap &&
	resutil -C large -c code.max-file=1K snapshot-code -n >actual &&
	printf "%s\tsecret\t.env\n" "$(stat -c %s large/.env)" >expect &&
	test_cmp expect actual
'

# tokens that never opened anything, put together so that nothing that looks
# for tokens in this file finds one
gh_token=ghp_$(printf %036d 7)
aws_key=AKIA$(printf %016d 7)

# hidden PATTERN: no byte of it is in the snapshot.
hidden () {
	if grep -r "$1" snap
	then
		return 1
	fi
}

test_expect_success 'a file with a token is a secret, tracked or not' '
	make_repo tokens &&
	echo "x = 1" >tokens/tracked.py &&
	git -C tokens add . &&
	git -C tokens -c user.name=x -c user.email=x@x commit -q -m two &&
	echo "key = \"$aws_key\"" >>tokens/tracked.py &&
	printf "{\"source\": [\"a\\\\n%s\"]}\n" $gh_token >tokens/note.ipynb &&
	echo "ghp_short, AKIA, and sk-toggleable__content" >tokens/plain.txt &&
	snap tokens &&
	captured plain.txt &&
	has left_out.0.path=note.ipynb left_out.0.reason=secret &&
	has left_out.1.path=tracked.py left_out.1.reason=secret &&
	has patch=null &&
	hidden $aws_key && hidden $gh_token
'

test_expect_success 'a token that was taken out is not shown by the patch' '
	make_repo removed &&
	{ echo "x = 1" && echo "key = $gh_token"; } >removed/a.py &&
	echo "old" >removed/b.py &&
	echo "token = $gh_token" >removed/gone.py &&
	git -C removed add . &&
	git -C removed -c user.name=x -c user.email=x@x commit -q -m two &&
	echo "x = 1" >removed/a.py && echo new >removed/b.py &&
	rm removed/gone.py &&
	snap removed &&
	captured a.py b.py &&
	hidden $gh_token &&
	grep "^+new" snap/uncommited.patch &&
	test_must_fail grep a.py snap/uncommited.patch &&
	has left_out.0.path=gone.py left_out.0.reason=secret
'

test_expect_success 'a token across two reads of a long line of the patch' '
	make_repo long &&
	{ head -c 65400 /dev/zero | tr "\0" " "; echo $gh_token; } >long/a &&
	{ head -c 65500 /dev/zero | tr "\0" " "; echo $gh_token; } >long/b &&
	{ head -c 40000 /dev/zero | tr "\0" " "; echo $gh_token; } >long/c &&
	git -C long add . &&
	git -C long -c user.name=x -c user.email=x@x commit -q -m two &&
	echo a >long/a && echo b >long/b && echo c >long/c &&
	snap long &&
	captured a b c &&
	hidden $gh_token
'

test_expect_success 'a path with a token in it is not told' '
	make_repo path &&
	mkdir path/$gh_token && echo 1 >path/$gh_token/x && echo 2 >path/y &&
	ln -s y path/$aws_key &&
	snap path &&
	captured y &&
	hidden $gh_token && hidden $aws_key
'

test_expect_success 'secrets.files and secrets.allow-files' '
	make_repo globs && mkdir globs/conf globs/fixtures &&
	echo 1 >globs/a.credentials && echo 2 >globs/conf/db.yaml &&
	echo 3 >globs/db.yaml && echo $gh_token >globs/fixtures/one &&
	echo $gh_token >globs/two && echo key >globs/fixtures/id_rsa &&
	snap globs &&
	captured a.credentials conf/db.yaml db.yaml &&
	RESUTIL_CONFIG_COUNT=2 RESUTIL_CONFIG_KEY_0=secrets.files \
	RESUTIL_CONFIG_VALUE_0="conf/*.yaml" \
	RESUTIL_CONFIG_KEY_1=secrets.allow-files \
	RESUTIL_CONFIG_VALUE_1="fixtures/**" snap globs &&
	captured a.credentials db.yaml fixtures/id_rsa fixtures/one &&
	secrets conf/db.yaml two
'

test_expect_success 'the lists of the user and of the project add up' '
	make_repo layers && mkdir -p .config/resutil &&
	test_when_finished "rm -rf .config" &&
	(cd layers && resutil -q init --project-name=p --results-dir=results \
		--storage-type=dir -o path="$TRASH_DIRECTORY/store") &&
	echo "secrets: {files: [u.txt]}" >.config/resutil/config.yaml &&
	echo "secrets: {files: p.txt}" >>layers/resutil-conf.yaml &&
	for f in u p c x; do echo 1 >layers/$f.txt || return 1; done &&
	XDG_CONFIG_HOME="$TRASH_DIRECTORY/.config" \
	resutil -C layers -c secrets.files=c.txt snapshot-code -n >list &&
	grep "captured.x.txt" list &&
	test $(grep -c "secret" list) = 3
'

test_expect_success 'secrets.allow exempts a token that is an example' '
	make_repo example && echo $aws_key >example/README.txt &&
	snap example && secrets README.txt &&
	RESUTIL_CONFIG_COUNT=1 RESUTIL_CONFIG_KEY_0=secrets.allow \
	RESUTIL_CONFIG_VALUE_0="AKIA00*" snap example &&
	captured README.txt
'

test_done
