#!/bin/sh

test_description='init: make a project, with a person, without one, or not at all'
. ./test-lib.sh

# in_new_dir NAME: an empty directory, entered
in_new_dir () {
	mkdir "$1" && cd "$1"
}

test_expect_success 'without a terminal defaults are taken' '
	in_new_dir bridges &&
	resutil init >out 2>err &&
	test_must_be_empty err &&
	test_grep "^Initialized project .bridges. in resutil-conf.yaml$" out &&
	test_grep "^  resutil run " out &&
	test_grep "^  resutil list$" out &&
	store=$(sed -n "s/^Its store is \(.*\) (new)\$/\1/p" out) &&
	cat >want <<-EOF &&
	project_name: bridges
	results_dir: results
	storage_config:
	  path: $store
	storage_type: dir
	EOF
	test_cmp want resutil-conf.yaml &&
	test_dir_is_empty "$store" &&
	test_path_is_dir results &&
	echo "*" >want &&
	test_cmp want .resutil/.gitignore
'

test_expect_success 'the store is a new directory below XDG_DATA_HOME' '
	in_new_dir data &&
	XDG_DATA_HOME="$PWD/x d" resutil init --project-name=p >out &&
	test_path_is_dir "x d"/resutil/stores/p-* &&
	in_new_dir ../default &&
	resutil init --project-name=p >out &&
	test_path_is_dir "$HOME"/.local/share/resutil/stores/p-*
'

test_expect_success 'the directory of a store is made, and that is said' '
	in_new_dir made &&
	resutil init -o path=../team/deep >out &&
	test_grep "^Its store is ../team/deep (new)$" out &&
	test_dir_is_empty ../team/deep &&
	in_new_dir ../other &&
	resutil init -o path=../team/deep >out &&
	test_grep "^Its store is ../team/deep$" out
'

test_expect_success 'two projects of one name have two stores' '
	in_new_dir one && resutil init --project-name=same >out &&
	in_new_dir ../two && resutil init --project-name=same >out &&
	cd .. &&
	test_must_fail test_cmp one/resutil-conf.yaml two/resutil-conf.yaml &&
	RESUTIL_TEST_ID=01234567-89ab-4cde-8f01-23456789abcd &&
	export RESUTIL_TEST_ID &&
	test_when_finished "unset RESUTIL_TEST_ID" &&
	resutil init --project-name=same three >out &&
	resutil init --project-name=same four >out &&
	test_must_fail test_cmp three/resutil-conf.yaml four/resutil-conf.yaml
'

test_expect_success 'the experiments are ignored by git, the project is not' '
	make_repo repo && cd repo &&
	resutil init >out &&
	mkdir results/x && echo x >results/x/file &&
	git status --porcelain --untracked-files=all >out &&
	cat >want <<-\EOF &&
	?? results/.gitignore
	?? resutil-conf.yaml
	EOF
	grep -v " out$" out >got &&
	test_cmp want got
'

test_expect_success '.gitignore gets its lines once, at the end' '
	in_new_dir ignored &&
	mkdir results && printf "old" >results/.gitignore &&
	printf "a\n# Resutil config file" >.gitignore &&
	resutil init --offline --storage-type=gcs -o bucket_name=lab >out &&
	head -n 1 results/.gitignore >first && echo old >want &&
	test_cmp want first &&
	tail -n 2 results/.gitignore >last &&
	printf "*\n!.gitignore\n" >want && test_cmp want last &&
	cp results/.gitignore before && cp .gitignore key-before &&
	resutil init --offline --force >out &&
	test_cmp before results/.gitignore &&
	test_cmp key-before .gitignore &&
	grep -c "^key.json$" .gitignore >count && echo 1 >want &&
	test_cmp want count
'

test_expect_success 'a .gitignore of the user keeps its mode and its link' '
	in_new_dir dotfiles && echo mine >../real && chmod 600 ../real &&
	ln -s ../real .gitignore &&
	RESUTIL_TRACE=$TRASH_DIRECTORY/ignore.trace resutil init --offline \
		--storage-type=gdrive -o base_folder_id=F \
		-o key_file_path=k.json &&
	test "$(readlink .gitignore)" = ../real &&
	head -n 1 ../real >first && echo mine >want && test_cmp want first &&
	grep "^k.json$" ../real &&
	stat -c %a ../real >mode && echo 600 >want && test_cmp want mode
'

test_expect_success 'and is durable before the old one is gone' '
	grep "fsync .*/real[.]" "$TRASH_DIRECTORY/ignore.trace"
'

test_expect_success 'so are the directories of a store that is made' '
	in_new_dir durable &&
	RESUTIL_TRACE=$TRASH_DIRECTORY/store.trace resutil init \
		-o path="$TRASH_DIRECTORY/durable.d/a/b" &&
	sed -n "s/.*fsync //p" "$TRASH_DIRECTORY/store.trace" >synced &&
	grep "^$TRASH_DIRECTORY$" synced &&
	grep "^$TRASH_DIRECTORY/durable.d$" synced &&
	grep "^$TRASH_DIRECTORY/durable.d/a$" synced
'

test_expect_success '--no-gitignore and --no-gitignore-key leave it alone' '
	in_new_dir open &&
	resutil init --offline --no-gitignore --no-gitignore-key \
		--storage-type=gdrive -o base_folder_id=123 >out &&
	test_path_is_missing .gitignore &&
	test_dir_is_empty results
'

test_expect_success 'a key file with odd characters is ignored as itself' '
	make_repo odd && cd odd &&
	resutil init --offline --storage-type=gcs -o bucket_name=lab \
		-o key_file_path="keys/#[a]*.json" >out &&
	mkdir keys && : >"keys/#[a]*.json" && : >"keys/#a.json" &&
	git check-ignore "keys/#[a]*.json" &&
	test_expect_code 1 git check-ignore "keys/#a.json" &&
	in_new_dir ../elsewhere &&
	resutil init --offline --storage-type=gcs -o bucket_name=lab \
		-o key_file_path=/etc/key.json >out &&
	test_path_is_missing .gitignore
'

test_expect_success 'every answer can be an option' '
	in_new_dir all &&
	resutil init --offline --project-name="My Proj" --results-dir=out/runs/ \
		--storage-type=gcs -o backet_name=lab -o key_file_path=k/key.json \
		--gitignore --gitignore-key >../log &&
	cat >want <<-\EOF &&
	project_name: My Proj
	results_dir: out/runs/
	storage_config:
	  backet_name: lab
	  key_file_path: k/key.json
	storage_type: gcs
	EOF
	test_cmp want resutil-conf.yaml &&
	test_path_is_dir out/runs &&
	resutil list-exps >../log &&
	test_must_be_empty ../log
'

test_expect_success 'each type of store takes what it needs' '
	resutil init --offline --storage-type=gs -o bucket_name=lab gs >out &&
	test_grep "^  backet_name: lab$" gs/resutil-conf.yaml &&
	resutil init --offline --storage-type=gdrive -o base_folder_id=0012 gd >out &&
	test_grep "^  base_folder_id: \"0012\"$" gd/resutil-conf.yaml &&
	resutil init --offline --storage-type=s3 -o bucket_name=lab -o region=x \
		s3 >out &&
	test_grep "^  region: x$" s3/resutil-conf.yaml &&
	resutil init --offline --storage-type=ssh -o host=me@h -o port=22 \
		-o path="~/p" ssh >out &&
	grep "^  " ssh/resutil-conf.yaml >conf &&
	printf "  %s\n" "host: h" "path: p" "port: 22" "user: me" >want &&
	sort conf >actual && test_cmp want actual &&
	resutil init -o path=../shared dir >out &&
	test_grep "^  path: ../shared$" dir/resutil-conf.yaml &&
	test_path_is_dir shared
'

test_expect_success 's3: what has to be said is the bucket' '
	(
		unset S3_BUCKET_NAME AWS_ENDPOINT_URL_S3 AWS_ENDPOINT_URL \
			S3_ENDPOINT_URL &&
		test_expect_code 129 resutil init --offline --storage-type=s3 s3-none 2>err &&
		test_grep "[-]o bucket_name=" err &&
		test_path_is_missing s3-none &&
		resutil init --offline --storage-type=s3 -o bucket_name=lab s3-lab >out
	) &&
	test_grep "^  resutil remote test --quick$" out &&
	cat >want <<-\EOF &&
	project_name: s3-lab
	results_dir: results
	storage_config:
	  bucket_name: lab
	storage_type: s3
	EOF
	test_cmp want s3-lab/resutil-conf.yaml &&
	resutil init --offline --storage-type=s3 -o bucket_name=lab -o anonymous=yes \
		-o addressing=path -o key_file_path=my.key -o prefix=a/b \
		-o profile=lab -o endpoint_url=https://s3.lab s3-all &&
	test_grep "^  anonymous: true$" s3-all/resutil-conf.yaml &&
	test_grep "^my.key$" s3-all/.gitignore
'

test_expect_success 's3: bucket and endpoint of the environment' '
	S3_BUCKET_NAME=from-env AWS_ENDPOINT_URL= \
		S3_ENDPOINT_URL=http://here:9000 \
		resutil init --offline --storage-type=s3 s3-env &&
	test_grep "^  bucket_name: from-env$" s3-env/resutil-conf.yaml &&
	test_grep "^  endpoint_url: http://here:9000$" \
		s3-env/resutil-conf.yaml &&
	S3_BUCKET_NAME=from-env resutil init --offline --storage-type=s3 \
		-o bucket_name=said s3-said &&
	mkdir s3-file &&
	cat >s3-file/.env <<-\EOF &&
	S3_BUCKET_NAME=old
	export S3_BUCKET_NAME="from-file"  # ours
	S3_ENDPOINT_URL=http://less
	AWS_ENDPOINT_URL=http://there:9000
	AWS_SECRET_ACCESS_KEY=hunter2
	EOF
	resutil init --offline --storage-type=s3 s3-file &&
	test_grep "^  bucket_name: from-file$" s3-file/resutil-conf.yaml &&
	test_grep "^  endpoint_url: http://there:9000$" \
		s3-file/resutil-conf.yaml &&
	test_grep ! hunter2 s3-file/resutil-conf.yaml &&
	test_grep "^  bucket_name: said$" s3-said/resutil-conf.yaml &&
	test_expect_code 129 env S3_ENDPOINT_URL=here:9000 \
		resutil init --offline --storage-type=s3 -o bucket_name=lab s3-bad 2>err &&
	test_grep "begin with .https://" err
'

test_expect_success 's3: what cannot be one is refused, and nothing made' '
	for setting in bucket_name=ab bucket_name=s3://lab bucket_name=a_b/c \
		"bucket_name=la b" bucket_name=10.0.0.1 endpoint_url=here:9000 \
		endpoint_url=https://id:hunter2@host endpoint_url=https://h?x \
		addressing=dns "region=eu west" prefix=/a prefix=a/../b \
		anonymous=perhaps endpoint=https://s3.lab bucket=lab
	do
		test_expect_code 129 resutil init --offline --storage-type=s3 \
			-o bucket_name=lab -o "$setting" s3-wrong 2>err &&
		test_line_count = 1 err && test_grep ! hunter2 err &&
		test_path_is_missing s3-wrong || return 1
	done &&
	test_grep "has no .bucket.; it has bucket_name, endpoint_url" err
'

test_expect_success PTY 's3: a person is asked' '
	in_new_dir s3-asked &&
	pty-run --screen=screen --size=24x200 \
		--expect="(s3-asked): " --send="\r" \
		--expect="(results): " --send="\r" --expect="[Y/n] " \
		--send="\r" --expect="(dir): " --send="s3\r" \
		--expect="Input bucket name: " --send="lab/results\r" \
		--expect="cannot be the name of a bucket" \
		--expect="Input bucket name: " --send="lab-results\r" \
		--expect="endpoint URL, nothing for AWS: " --send="s3.lab\r" \
		--expect="begin with" \
		--expect="endpoint URL, nothing for AWS: " --send="\r" \
		--expect="region, nothing to ask for it: " \
		--send="eu-west-1\r" \
		--expect="AWS tools: " --send="\r" \
		--expect="Initialized" resutil init --offline &&
	cat >want <<-\EOF &&
	project_name: s3-asked
	results_dir: results
	storage_config:
	  bucket_name: lab-results
	  region: eu-west-1
	storage_type: s3
	EOF
	test_cmp want resutil-conf.yaml
'

test_expect_success 'a password is not written into the conf' '
	test_expect_code 129 resutil init --storage-type=ssh \
		-o host=me:hunter2@box -o path=/p secret 2>err &&
	test_grep "password" err &&
	test_grep ! hunter2 err &&
	test_path_is_missing secret
'

test_expect_success 'a host, user or port that cannot be is refused' '
	for word in host=-oProxyCommand=x host=a:22 user=-lx port=0 port=x \
		hots=h path="~you/p"
	do
		test_expect_code 129 resutil init --offline --storage-type=ssh \
			-o host=h -o path=/p -o "$word" none 2>err &&
		test_path_is_missing none || return 1
	done
'

test_expect_success 'results_dir is the first usual directory that is there' '
	mkdir usual usual/output usual/data && : >usual/result &&
	resutil init usual >out &&
	test_grep "^results_dir: data$" usual/resutil-conf.yaml
'

test_expect_success 'a missing answer is named with its option' '
	in_new_dir missing &&
	test_expect_code 129 resutil init --offline --storage-type=gcs 2>err &&
	test_grep "bucket name" err && test_grep "[-]o backet_name=" err &&
	test_expect_code 129 resutil init --storage-type=ssh -o host=x 2>err &&
	test_grep "[-]o path=" err &&
	(
		unset HOME &&
		test_expect_code 129 resutil init 2>err &&
		test_grep "[-]o path=DIR" err
	) &&
	rm err && test_dir_is_empty .
'

test_expect_success 'an answer that will not do makes nothing' '
	in_new_dir bad && : >../plain-file &&
	for words in --project-name=a/b --project-name= --project-name=.. \
		--results-dir=. --results-dir=.. --results-dir=../up \
		--results-dir=.git/x --results-dir=.resutil --results-dir=/ \
		--storage-type=ftp --storage-type=box "-o pth=x" "-o path" \
		"-o path=." "-o path=results" "-o path=../plain-file" "-o =x" \
		"--results-dir=../plain-file" "a b"
	do
		test_expect_code 129 resutil init $words 2>err || return 1
	done &&
	rm err && test_dir_is_empty . &&
	test_expect_code 129 resutil init --storage-type=box 2>err &&
	test_grep "dropped it in v0.1.19.*download" err
'

test_expect_success 'a conf that is there is left alone' '
	in_new_dir there && echo "a: 1" >resutil-conf.yaml &&
	cp resutil-conf.yaml want &&
	test_expect_code 14 resutil init 2>err &&
	test_grep "exists already.*--force" err &&
	test_cmp want resutil-conf.yaml &&
	test_path_is_missing results
'

test_expect_success '--force keeps comments and what it does not know' '
	in_new_dir force &&
	cat >resutil-conf.yaml <<-\EOF &&
	# of the lab
	project_name: old  # our name
	results_dir: results
	storage_type: gcs
	storage_config:
	  bucket_name: lab-1  # the first
	  extra: 1
	  key_file_path: key.json
	lab: {room: 7}
	EOF
	resutil init --offline --force --project-name=new -o bucket_name=lab-2 >out &&
	cat >want <<-\EOF &&
	# of the lab
	project_name: new  # our name
	results_dir: results
	storage_type: gcs
	storage_config:
	  bucket_name: lab-2  # the first
	  extra: 1
	  key_file_path: key.json
	  backet_name: lab-2
	lab: {room: 7}
	EOF
	test_cmp want resutil-conf.yaml &&
	resutil init --offline --force >out &&
	test_cmp want resutil-conf.yaml &&
	resutil init --force --storage-type=dir -o path=../s >out &&
	cat >want <<-\EOF &&
	# of the lab
	project_name: new  # our name
	results_dir: results
	storage_type: dir
	storage_config:
	  path: ../s
	lab: {room: 7}
	EOF
	test_cmp want resutil-conf.yaml
'

test_expect_success '--force does not give a project another store' '
	in_new_dir kept && resutil init >out && cp resutil-conf.yaml want &&
	resutil init --force >out2 &&
	sed "s/ (new)\$//" out >want-out && test_cmp want-out out2 &&
	test_cmp want resutil-conf.yaml
'

test_expect_success '--force leaves a malformed conf alone' '
	in_new_dir malformed && printf "a: [\n" >resutil-conf.yaml &&
	cp resutil-conf.yaml want &&
	test_expect_code 13 resutil init --force 2>err &&
	test_grep "line 2, column 1" err &&
	test_cmp want resutil-conf.yaml
'

test_expect_success '-n answers and makes nothing' '
	in_new_dir dry &&
	resutil init --offline -n --project-name=p --storage-type=gcs \
		-o bucket_name=lab >../out &&
	test_dir_is_empty . &&
	cat >../want <<-\EOF &&
	results: results (with .gitignore)
	ignored by git: key.json
	resutil-conf.yaml:
	project_name: p
	results_dir: results
	storage_config:
	  backet_name: lab
	  key_file_path: key.json
	storage_type: gcs
	EOF
	test_cmp ../want ../out &&
	resutil init --dry-run sub >../out && test_dir_is_empty .
'

test_expect_success '-q says nothing' '
	resutil -q init quiet >out 2>&1 &&
	test_must_be_empty out &&
	test_path_is_file quiet/resutil-conf.yaml
'

test_expect_success 'a directory that is there is tried out, and left as it was' '
	mkdir there2 && echo x >there2/other &&
	RESUTIL_TRACE=$TRASH_DIRECTORY/tried.trace resutil init \
		-o path=../there2 tried >out 2>err && test_must_be_empty err &&
	test_grep "^Its store is ../there2$" out &&
	test_grep "test-store --access=tried" tried.trace &&
	ls there2 >got && echo other >want && test_cmp want got &&
	resutil init --offline -o path=../there2 untried >out &&
	test_grep "^  resutil remote test --quick$" out &&
	RESUTIL_TRACE=$TRASH_DIRECTORY/made.trace resutil init made-here &&
	test_grep ! "test-store" made.trace
'

test_expect_success 'the way out of Box: a conf that nobody can use any more' '
	in_new_dir out-of-box && mkdir ../from-box &&
	cat >resutil-conf.yaml <<-\EOF &&
	project_name: old
	results_dir: results
	storage_type: box
	storage_config:
	  base_folder_id: 1
	  key_file_path: key.json
	EOF
	resutil init --force --storage-type=dir -o path=../from-box >out &&
	test_grep "^storage_type: dir$" resutil-conf.yaml &&
	test_grep "^project_name: old$" resutil-conf.yaml &&
	resutil list-remote >names && test_must_be_empty names
'

test_expect_success AS_USER 'one that cannot be written is not saved, unless unseen' '
	mkdir -m 777 not-mine locked && chmod 555 locked &&
	test_expect_code 11 as_user resutil init --results-dir=r \
		-o path="$PWD/locked" not-mine >out 2>err &&
	test_grep "denied" err && test_grep "not saved" err &&
	test_dir_is_empty not-mine &&
	sed -n "s/^  resutil/resutil/p" err >answers &&
	as_user sh -e ./answers >out &&
	test_grep "^  path: $PWD/locked$" not-mine/resutil-conf.yaml
'

test_expect_success 'what -o gives on a terminal waits for the type' '
	resutil --no-interactive init --storage-type=gcs --offline \
		-o bucket_name=lab -o prefix=a/b -o user_project=my-lab gcs-more &&
	test_grep "^  prefix: a/b$" gcs-more/resutil-conf.yaml &&
	for setting in bucket_name=ab bucket_name=gs://lab prefix=a//b \
		api_root=storage.lab user_project="my lab" anonymous=perhaps \
		bucket=lab endpoint_url=https://x
	do
		test_expect_code 129 resutil init --offline \
			--storage-type=gcs -o backet_name=lab \
			-o "$setting" wrong 2>err && test_line_count = 1 err &&
		test_path_is_missing wrong || return 1
	done &&
	test_expect_code 129 resutil init --offline --storage-type=gdrive \
		-o base_folder_id=1aB -o backet_name=lab wrong 2>err &&
	test_grep "has no .backet_name.; it has base_folder_id, key" err
'

test_expect_success AS_USER 'what was made is taken back when a part fails' '
	mkdir fail fail/results && echo mine >fail/results/keep &&
	chmod 777 fail fail/results && mkdir fail/.resutil &&
	chmod 700 fail/.resutil && chmod 555 fail/.resutil &&
	mkdir "$TEST_TOP_DIRECTORY/data" &&
	chmod 777 "$TEST_TOP_DIRECTORY/data" &&
	(
		cd fail &&
		XDG_DATA_HOME="$TEST_TOP_DIRECTORY/data" &&
		export XDG_DATA_HOME &&
		test_expect_code 128 as_user resutil init --storage-type=dir \
			2>../err
	) &&
	test_grep ".resutil" err &&
	find fail -mindepth 1 | sort >got &&
	printf "%s\n" fail/.resutil fail/results fail/results/keep >want &&
	test_cmp want got &&
	find "$TEST_TOP_DIRECTORY/data" -mindepth 1 >got &&
	test_must_be_empty got
'

test_expect_success PTY 'a person is asked what the Python tool asks, in order' '
	in_new_dir asked &&
	pty-run --screen=screen --size=24x200 \
		--expect="Input project name (asked): " --send="MyProj\r" \
		--expect="store results (results): " --send="\r" \
		--expect="add .gitignore to results? [Y/n] " --send="\r" \
		--expect="storage_type (dir/gcs/gdrive/s3/ssh) (dir): " \
		--send="gcs\r" \
		--expect="Input key file_path (key.json): " --send="k.json\r" \
		--expect="add k.json to .gitignore? [Y/n] " --send="n\r" \
		--expect="Input bucket name: " --send="lab\r" \
		--expect="Initialized" resutil init --offline &&
	cat >want <<-\EOF &&
	project_name: MyProj
	results_dir: results
	storage_config:
	  backet_name: lab
	  key_file_path: k.json
	storage_type: gcs
	EOF
	test_cmp want resutil-conf.yaml &&
	test_path_is_missing .gitignore &&
	test_grep "^!.gitignore$" results/.gitignore
'

test_expect_success PTY 'Enter to all gives what nobody asked for would' '
	in_new_dir enter &&
	pty-run --screen=screen --size=24x200 \
		--expect="(enter): " --send="\r" --expect="(results): " \
		--send="\r" --expect="[Y/n] " --send="\r" \
		--expect="(dir): " --send="\r" \
		--expect="directory of the store (/" --expect="): " \
		--send="\r" --expect="Initialized" resutil init &&
	store=$(sed -n "s/^  path: //p" resutil-conf.yaml) &&
	test_dir_is_empty "$store" &&
	case "$store" in
	"$HOME"/.local/share/resutil/stores/enter-*) ;;
	*) false ;;
	esac
'

test_expect_success PTY 'nobody is asked for a .gitignore that is there' '
	in_new_dir twice && resutil init >out &&
	cp results/.gitignore want &&
	pty-run --screen=screen --size=24x200 \
		--expect="(twice): " --send="\r" --expect="(results): " \
		--send="\r" --expect="Initialized" \
		resutil init --force --storage-type=dir -o path=../twice-store &&
	test_grep ! "gitignore" screen &&
	test_cmp want results/.gitignore &&
	echo "!notes" >results/.gitignore &&
	pty-run --screen=screen --size=24x200 \
		--expect="(results): " --send="\r" \
		--expect="gitignore to results? [Y/n] " --send="\r" \
		--expect="Initialized" \
		resutil init --force --project-name=twice --storage-type=dir \
		-o path=../twice-store &&
	test_grep "^!notes$" results/.gitignore &&
	test_grep "^!.gitignore$" results/.gitignore
'

test_expect_success PTY 'a bad answer is asked for again' '
	in_new_dir again &&
	pty-run --screen=screen --size=24x200 \
		--expect="(again): " --send="a/b\r" \
		--expect="cannot hold" --expect="(again): " --send="\r" \
		--expect="(dir): " --send="box\r" \
		--expect="dropped" --expect="(dir): " --send="dir\r" \
		--expect="Initialized" \
		resutil init --results-dir=r --gitignore -o path=../again-store &&
	test_grep "^project_name: again$" resutil-conf.yaml
'

test_expect_success PTY 'what an option answers is not asked' '
	in_new_dir unasked &&
	pty-run --screen=screen resutil init --project-name=p \
		--results-dir=r --no-gitignore --storage-type=dir \
		-o path=../unasked-store &&
	test_grep ! "Input" screen && test_grep ! "Do you want" screen
'

test_expect_success PTY 'Ctrl-C and Ctrl-D make nothing' '
	in_new_dir never &&
	for key in "\x03" "\x04"
	do
		test_expect_code 1 pty-run --screen=../screen --size=24x200 \
			--expect="(never): " --send="$key" \
			--expect="nothing was made" resutil init &&
		test_dir_is_empty . || return 1
	done
'

test_expect_success PTY 'a conf that is there: the person decides, default no' '
	in_new_dir decide && resutil init >out && cp resutil-conf.yaml want &&
	test_expect_code 1 pty-run --screen=screen --size=24x200 \
		--expect="proceed? [y/N] " --send="\r" resutil init &&
	test_cmp want resutil-conf.yaml &&
	pty-run --screen=screen --size=24x200 \
		--expect="proceed? [y/N] " --send="y\r" \
		--expect="(decide): " --send="other\r" \
		--expect="(results): " --send="\r" \
		--expect="(dir): " --send="\r" \
		--expect="store (/" --expect="): " --send="\r" \
		--expect="Initialized" resutil init &&
	test_grep "^project_name: other$" resutil-conf.yaml &&
	test_grep "$(sed -n "s/^  path: //p" want)" resutil-conf.yaml
'

test_done
