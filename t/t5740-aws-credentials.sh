#!/bin/sh

test_description='who we are for S3: files, the environment, and their order

What is found is compared with what botocore finds, which the AWS tools are
made with, where both look at the same.'
. ./test-lib.sh

PYTHON3=/usr/bin/python3
SQ=\'

# keys OPTION...: those that are found, and from where.
keys () {
	aws-tool --base-dir="$TRASH_DIRECTORY/project" "$@" keys
}

# found ID SECRET [TOKEN [ORIGIN]]: what the last one said.
found () {
	printf "%s\t%s\t%s\t0\t" "$1" "$2" "${3:--}" >want &&
	printf "%s" "$(cut -f1-4 out)	" >got &&
	test_cmp want got &&
	if test -n "${4-}"
	then
		cut -f5 out >origin &&
		echo "$4" >want &&
		test_cmp want origin
	fi
}

# as_botocore [PROFILE]: its keys, or "none".
as_botocore () {
	AWS_PROFILE=${1-${AWS_PROFILE-}} $PYTHON3 -c '
import os
if not os.environ["AWS_PROFILE"]:
    del os.environ["AWS_PROFILE"]
import botocore.session
k = botocore.session.Session().get_credentials()
if k:
    k = k.get_frozen_credentials()
    print(k.access_key, k.secret_key, k.token or "-", sep="\t")
else:
    print("none")
'
}

same_as_botocore () {
	as_botocore >want &&
	keys >out &&
	cut -f1-3 out >got &&
	test_cmp want got
}

test_expect_success 'setup' '
	mkdir -p project "$HOME/.aws" &&
	cat >file <<-\EOF &&
	[default]
	aws_access_key_id = AKIDEFAULT
	aws_secret_access_key = secret/default+1
	[other]
	aws_access_key_id=AKIOTHER
	aws_secret_access_key=secret/other=2
	aws_session_token = tok/other==
	EOF
	chmod 600 file
'

test_expect_success 'nothing is said: where was looked' '
	test_expect_code 11 aws-tool --base-dir="$PWD/project" keys 2>err &&
	cat >want <<-EOF &&
	resutil: no credentials for S3: AWS_ACCESS_KEY_ID is not set; no keys in ${SQ}$PWD/project/.env${SQ}; no profile ${SQ}default${SQ} in ${SQ}$HOME/.aws/credentials${SQ} or ${SQ}$HOME/.aws/config${SQ}; AWS_EC2_METADATA_DISABLED is true; see resutil-s3(7), CREDENTIALS
	EOF
	test_cmp want err &&
	test_expect_code 11 env -u HOME aws-tool keys 2>err &&
	grep "HOME is not set" err
'

test_expect_success 'a store may be used by nobody' '
	keys --anonymous >out &&
	grep "^anonymous" out
'

test_expect_success '~/.aws/credentials, the default and others' '
	cp file "$HOME/.aws/credentials" &&
	same_as_botocore &&
	found AKIDEFAULT secret/default+1 - \
		"section ${SQ}default${SQ} of ${SQ}$HOME/.aws/credentials${SQ}" &&
	(
		AWS_PROFILE=other && export AWS_PROFILE &&
		same_as_botocore &&
		found AKIOTHER secret/other=2 tok/other==
	) &&
	keys --profile=other >out &&
	found AKIOTHER secret/other=2 tok/other==
'

test_expect_success 'a profile that is named must be there' '
	test_expect_code 11 env AWS_PROFILE=gone aws-tool keys 2>err &&
	grep "no profile .gone. in " err &&
	test_expect_code 11 aws-tool --profile=gone keys 2>err &&
	grep "no profile .gone. in " err
'

test_expect_success 'the environment comes before files' '
	(
		AWS_ACCESS_KEY_ID=AKIENV && AWS_SECRET_ACCESS_KEY=secret/env &&
		export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY &&
		same_as_botocore &&
		found AKIENV secret/env - "the environment" &&
		AWS_SESSION_TOKEN=tok/env && export AWS_SESSION_TOKEN &&
		same_as_botocore &&
		found AKIENV secret/env tok/env &&
		AWS_PROFILE=other && export AWS_PROFILE &&
		same_as_botocore &&
		found AKIENV secret/env tok/env &&
		echo "but not before the profile that the store names" &&
		keys --profile=other >out &&
		found AKIOTHER secret/other=2 tok/other==
	)
'

test_expect_success 'half of a pair is said to be one' '
	test_expect_code 11 env AWS_ACCESS_KEY_ID=AKIENV aws-tool keys 2>err &&
	grep "the environment has an access key without the other half: .AWS_SECRET_ACCESS_KEY. is not set" err &&
	test_expect_code 11 env AWS_SECRET_ACCESS_KEY=sesame aws-tool keys \
		2>err &&
	grep "AWS_ACCESS_KEY_ID. is not set" err &&
	! grep sesame err &&
	env AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY= aws-tool keys >out &&
	found AKIDEFAULT secret/default+1
'

test_expect_success '.env of the project comes behind the environment' '
	test_when_finished "rm -f project/.env" &&
	cat >project/.env <<-\EOF &&
	# of the project
	S3_BUCKET_NAME=bucket-of-env
	export AWS_ACCESS_KEY_ID=AKIDOTENV
	AWS_SECRET_ACCESS_KEY="secret/dotenv" # not for others
	EOF
	chmod 600 project/.env &&
	keys >out 2>err &&
	test_must_be_empty err &&
	found AKIDOTENV secret/dotenv - "${SQ}$PWD/project/.env${SQ}" &&
	echo "AWS_SESSION_TOKEN='\''tok=='\''" >>project/.env &&
	keys >out &&
	found AKIDOTENV secret/dotenv tok== &&
	env AWS_ACCESS_KEY_ID=AKIENV AWS_SECRET_ACCESS_KEY=secret/env \
		aws-tool --base-dir="$PWD/project" keys >out &&
	found AKIENV secret/env - &&
	env AWS_SESSION_TOKEN=strange aws-tool --base-dir="$PWD/project" \
		keys >out &&
	found AKIDOTENV secret/dotenv tok==
'

test_expect_success '.env: half of a pair, a bad one, one that says a profile' '
	test_when_finished "rm -f project/.env" &&
	echo AWS_ACCESS_KEY_ID=AKIDOTENV >project/.env &&
	test_expect_code 11 aws-tool --base-dir="$PWD/project" keys 2>err &&
	grep "project/.env. has an access key without the other half" err &&
	printf "A=\0\n" >project/.env &&
	test_expect_code 13 aws-tool --base-dir="$PWD/project" keys 2>err &&
	grep "project/.env.: there is a NUL byte in it" err &&
	echo AWS_PROFILE=other >project/.env &&
	keys >out &&
	found AKIOTHER secret/other=2 tok/other== &&
	echo "AWS_SHARED_CREDENTIALS_FILE=$PWD/strange" >project/.env &&
	sed "s/AKI/STRANGE/" file >strange &&
	keys >out &&
	found AKIDEFAULT secret/default+1
'

test_expect_success 'a key file comes before all of them' '
	sed "s/AKI/KEYFILE/" file >project/keys.ini &&
	chmod 600 project/keys.ini &&
	env AWS_ACCESS_KEY_ID=AKIENV AWS_SECRET_ACCESS_KEY=secret/env \
		AWS_PROFILE=other aws-tool --base-dir="$PWD/project" \
		--key-file=keys.ini keys >out 2>err &&
	test_must_be_empty err &&
	found KEYFILEDEFAULT secret/default+1 - \
		"section ${SQ}default${SQ} of ${SQ}$PWD/project/keys.ini${SQ}" &&
	keys --key-file=keys.ini --profile=other >out &&
	found KEYFILEOTHER secret/other=2 tok/other== &&
	keys --key-file="$PWD/project/keys.ini" >out &&
	found KEYFILEDEFAULT secret/default+1 &&
	cp project/keys.ini "$HOME/keys.ini" &&
	keys --key-file="~/keys.ini" >out &&
	found KEYFILEDEFAULT secret/default+1 - \
		"section ${SQ}default${SQ} of ${SQ}$HOME/keys.ini${SQ}"
'

test_expect_success 'a key file with one section, by whatever name' '
	sed -n "/other/,\$p" project/keys.ini >project/one.ini &&
	chmod 600 project/one.ini &&
	keys --key-file=one.ini >out &&
	found KEYFILEOTHER secret/other=2 tok/other==
'

test_expect_success 'a key file that is missing, empty, or none' '
	test_expect_code 11 aws-tool --base-dir="$PWD/project" \
		--key-file=gone.ini keys 2>err &&
	grep "key_file_path. names: .*$PWD/project/gone.ini" err &&
	: >project/empty.ini &&
	test_expect_code 11 aws-tool --base-dir="$PWD/project" \
		--key-file=empty.ini keys 2>err &&
	grep "no keys in section .default. of the key file .$PWD/project/empty.ini." err &&
	test_expect_code 11 aws-tool --base-dir="$PWD/project" \
		--key-file=keys.ini --profile=gone keys 2>err &&
	grep "no keys in section .gone. of" err &&
	test_expect_code 11 aws-tool --key-file="$PWD/project" keys 2>err &&
	printf "[default]\naws_access_key_id=AKI\nthis is sesame\n" \
		>project/bad.ini &&
	test_expect_code 13 aws-tool --base-dir="$PWD/project" \
		--key-file=bad.ini keys 2>err &&
	grep "project/bad.ini., line 3: no section and no NAME = VALUE" err &&
	! grep sesame err &&
	printf "[default]\naws_access_key_id=AKI\n" >project/half.ini &&
	test_expect_code 11 aws-tool --base-dir="$PWD/project" \
		--key-file=half.ini keys 2>err &&
	grep "other half: .aws_secret_access_key. is not set" err
'

test_expect_success 'no program is run because a key file says so' '
	cat >project/evil.ini <<-EOF &&
	[default]
	credential_process = touch $PWD/was-run
	EOF
	test_expect_code 11 aws-tool --base-dir="$PWD/project" \
		--key-file=evil.ini keys 2>err &&
	test_path_is_missing was-run
'

test_expect_success 'keys that everybody can read: told once' '
	chmod 644 project/keys.ini &&
	aws-tool --base-dir="$PWD/project" --key-file=keys.ini keys 3 \
		>out 2>err &&
	cat >want <<-EOF &&
	resutil: warning: the keys in ${SQ}$PWD/project/keys.ini${SQ} can be read by everybody: run chmod 600 on it
	EOF
	test_cmp want err &&
	test_line_count = 3 out &&
	chmod 640 project/keys.ini &&
	keys --key-file=keys.ini 2>err &&
	test_must_be_empty err &&
	chmod 644 "$HOME/.aws/credentials" &&
	keys 2>err &&
	grep "the keys in .$HOME/.aws/credentials. can be read by everybody" err &&
	chmod 600 "$HOME/.aws/credentials"
'

test_expect_success 'what cannot be a key is refused before it is sent' '
	for bad in "AKI/x" "AKI x" "AKI,x" "AKI	x"
	do
		test_expect_code 13 env AWS_ACCESS_KEY_ID="$bad" \
			AWS_SECRET_ACCESS_KEY=sesame aws-tool keys 2>err &&
		grep "the access key id of the environment" err &&
		! grep sesame err || return 1
	done &&
	test_expect_code 13 env AWS_ACCESS_KEY_ID=AKI \
		AWS_SECRET_ACCESS_KEY="sesa
me" aws-tool keys 2>err &&
	grep "the secret access key of the environment holds a blank" err &&
	! grep -i sesa err &&
	test_expect_code 13 env AWS_ACCESS_KEY_ID=AKI \
		AWS_SECRET_ACCESS_KEY=s AWS_SESSION_TOKEN="tokén" \
		aws-tool keys 2>err &&
	grep "the session token of the environment" err
'

test_expect_success 'files elsewhere: AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE' '
	sed "s/AKI/ELSEWHERE/" file >elsewhere &&
	cat >config <<-\EOF &&
	[default]
	region = eu-north-1
	[profile third]
	aws_access_key_id = AKITHIRD
	aws_secret_access_key = third
	EOF
	chmod 600 elsewhere config &&
	(
		AWS_SHARED_CREDENTIALS_FILE=$PWD/elsewhere &&
		AWS_CONFIG_FILE=$PWD/config &&
		export AWS_SHARED_CREDENTIALS_FILE AWS_CONFIG_FILE &&
		same_as_botocore &&
		found ELSEWHEREDEFAULT secret/default+1 &&
		AWS_PROFILE=third && export AWS_PROFILE &&
		same_as_botocore &&
		found AKITHIRD third
	) &&
	cp elsewhere "$HOME/in-home" &&
	env AWS_SHARED_CREDENTIALS_FILE="~/in-home" aws-tool keys >out &&
	found ELSEWHEREDEFAULT secret/default+1
'

test_expect_success 'forms of these files, as botocore reads them' '
	test_when_finished "cp file \"\$HOME/.aws/credentials\"" &&
	{
		printf "; comment\r\n# another\r\n[default]\r\n" &&
		printf "aws_access_key_id : AKICOLON\r\n" &&
		printf "AWS_Secret_Access_Key=CASE=/+\r\n\r\n"
	} >"$HOME/.aws/credentials" &&
	same_as_botocore &&
	found AKICOLON CASE=/+ &&
	cat >"$HOME/.aws/credentials" <<-\EOF &&
	[default]
	  aws_access_key_id = AKIINDENT
	  aws_secret_access_key = indent
	[other]
	aws_access_key_id = AKIOTHER
	EOF
	same_as_botocore &&
	found AKIINDENT indent &&
	cat >"$HOME/.aws/config" <<-\EOF &&
	[profile "with blank"]
	aws_access_key_id = AKIBLANK
	aws_secret_access_key = blank
	s3 =
	    addressing_style = path
	    region = not-this
	region = this-one
	EOF
	(
		AWS_PROFILE="with blank" && export AWS_PROFILE &&
		same_as_botocore &&
		found AKIBLANK blank &&
		aws-tool region >out &&
		echo this-one >want &&
		test_cmp want out
	) &&
	rm "$HOME/.aws/config"
'

# Random files of the forms that people write; not lines that go on from the
# one before, of which botocore makes values with line ends in them.
cat >random-files.py <<\EOF
import os, random, subprocess, sys
import botocore.session
from botocore.exceptions import BotoCoreError

rng = random.Random(int(sys.argv[1]))
path = os.environ["AWS_SHARED_CREDENTIALS_FILE"]
NAMES = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token",
         "region"]


def section(name):
    yield rng.choice(["[%s]", "[%s] ", "[%s]\t"]) % name
    indent = rng.choice(["", "", " ", "\t"])
    for key in rng.sample(NAMES, rng.randrange(5)):
        key = rng.choice([key, key, key.upper()])
        value = rng.choice(["AKI%d" % rng.randrange(9), "a=b", "x:y", "",
                            "v;w", "v#w", "ab+c=="])
        yield indent + key + rng.choice(["=", " = ", ": ", " : "]) + \
            value + rng.choice(["", "", " ", "\t"])
        if rng.random() < .15:
            yield rng.choice(["", "# c", "; c", "   ", "  # x"])


def theirs():
    try:
        k = botocore.session.Session().get_credentials()
    except BotoCoreError:
        return None
    if not k or not k.access_key or not k.secret_key:
        return None
    return [k.access_key, k.secret_key, k.token or "-"]


def ours():
    p = subprocess.run(["aws-tool", "keys"], stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL)
    return None if p.returncode else p.stdout.decode().split("\t")[:3]


bad = found = 0
for _ in range(int(sys.argv[2])):
    end = rng.choice(["\n", "\r\n"])
    lines = [line for name in rng.sample(["default", "other", "third"],
                                         rng.randrange(1, 4))
             for line in section(name)]
    with open(path, "w", newline="") as f:
        f.write(end.join(lines) + "\n")
    for os.environ["AWS_PROFILE"] in ("default", "other"):
        want, got = theirs(), ours()
        found += want is not None
        if got != want:
            bad += 1
            print("differ:", lines, "\n  want", want, "\n  got ", got)
print("%d differ" % bad if found else "nothing was found")
EOF

test_expect_success 'random forms of these files, as botocore reads them' '
	AWS_SHARED_CREDENTIALS_FILE=$PWD/random AWS_CONFIG_FILE=$PWD/none \
		$PYTHON3 random-files.py 1 40 >out &&
	echo "0 differ" >want &&
	test_cmp want out
'

test_expect_success 'files are read again when the server says expired' '
	rm -f out &&
	(
		aws-tool --wait=1 expired >out &
		pid=$! &&
		tries=100 &&
		while ! grep -q AKIDEFAULT out && test $tries -gt 0
		do
			sleep 0.02 && tries=$((tries - 1))
		done &&
		sed "s/AKIDEFAULT/AKIRENEWED/" file >new &&
		mv new "$HOME/.aws/credentials" &&
		wait $pid
	) &&
	cut -f1 out >got &&
	printf "AKIDEFAULT\nuseful\nAKIRENEWED\n" >want &&
	test_cmp want got &&
	aws-tool expired >out &&
	grep useless out &&
	env AWS_ACCESS_KEY_ID=AKIENV AWS_SECRET_ACCESS_KEY=s aws-tool expired \
		>out &&
	grep useless out &&
	aws-tool --anonymous expired >out &&
	grep useless out
'

test_expect_success 'region, endpoint and bucket: environment, .env, profile' '
	test_when_finished "rm -f project/.env \"\$HOME/.aws/config\"" &&
	: >want &&
	for what in region endpoint bucket
	do
		aws-tool --base-dir="$PWD/project" $what >out &&
		echo - >want && test_cmp want out || return 1
	done &&
	cat >"$HOME/.aws/config" <<-\EOF &&
	[default]
	region = of-config # a comment
	endpoint_url = https://config.example
	[profile x]
	region = of-x
	endpoint_url = https://x.example
	services = own
	[services own]
	dynamodb =
	  endpoint_url = https://no.example
	s3 =
	  endpoint_url = https://services.example
	EOF
	say () {
		aws-tool --base-dir="$PWD/project" "$@" >>said 2>&1
	} &&
	: >said &&
	say region && say endpoint &&
	say --profile=x region && say --profile=x endpoint &&
	cat >project/.env <<-\EOF &&
	S3_BUCKET_NAME = of-dotenv
	AWS_DEFAULT_REGION=of-dotenv
	S3_ENDPOINT_URL="https://dotenv.example"
	EOF
	say region && say endpoint && say bucket &&
	(
		AWS_DEFAULT_REGION=of-env-2 && export AWS_DEFAULT_REGION &&
		S3_ENDPOINT_URL=https://env.example/3 && export S3_ENDPOINT_URL &&
		S3_BUCKET_NAME=of-env && export S3_BUCKET_NAME &&
		say region && say endpoint && say bucket &&
		AWS_REGION=of-env-1 && export AWS_REGION &&
		AWS_ENDPOINT_URL=https://env.example/2 &&
		export AWS_ENDPOINT_URL && say region && say endpoint &&
		AWS_ENDPOINT_URL_S3=https://env.example/1 &&
		export AWS_ENDPOINT_URL_S3 && say endpoint
	) &&
	cat >want <<-\EOF &&
	of-config
	https://config.example
	of-x
	https://services.example
	of-dotenv
	https://dotenv.example
	of-dotenv
	of-env-2
	https://env.example/3
	of-env
	of-env-1
	https://env.example/2
	https://env.example/1
	EOF
	test_cmp want said
'

test_expect_success 'a region becomes part of a host name: it must look so' '
	for bad in "x/y" "x@evil.example" "evil.example#" "a b" "x?y" "a:1"
	do
		test_expect_code 129 env AWS_REGION="$bad" aws-tool region \
			2>err &&
		grep "AWS_REGION.* is none" err || return 1
	done
'

died () {
	$PYTHON3 "$TEST_DIRECTORY"/helper/died.py "$@"
}

test_expect_success !SANITIZED 'the process that has keys leaves no core dump' '
	mkdir crash &&
	(
		cd crash &&
		: "whether this system writes any is its own business" &&
		died aws-tool --anonymous crash &&
		died aws-tool crash >../with
	) &&
	sed -n "\$p" with >got &&
	echo "signal 11 no dump" >want &&
	test_cmp want got &&
	! grep -r "secret/default" crash
'

test_expect_success AS_USER 'nor may another of the same user look into it' '
	mkdir user && chmod 777 user &&
	cat >user/look <<-\EOF &&
	AWS_ACCESS_KEY_ID=AKIENV AWS_SECRET_ACCESS_KEY=sesame
	export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	rm -f said
	aws-tool $1 --wait=30 keys 2 >said 2>&1 &
	pid=$!
	tries=200
	while ! test -s said && test $tries -gt 0
	do
		sleep 0.02
		tries=$((tries - 1))
	done
	cat /proc/$pid/environ >environ 2>err
	kill $pid
	EOF
	(cd user && as_user sh ./look --anonymous) &&
	grep -q sesame user/environ &&
	(cd user && as_user sh ./look) &&
	grep -q sesame user/said &&
	test_must_be_empty user/environ &&
	grep -i "permission denied" user/err
'

test_done
