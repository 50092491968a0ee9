#!/bin/sh

test_description='remote: add, list, rm and test stores by name'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

SQ="'"

# a project in p, whose store is there
fresh () {
	rm -rf p store other &&
	mkdir store &&
	make_conf p &&
	cp p/resutil-conf.yaml before
}

conf_is_as_before () {
	test_cmp before p/resutil-conf.yaml
}

test_expect_success 'add takes a URL' '
	fresh &&
	resutil -C p remote add lab gs://lab-results/x >actual 2>err &&
	echo "Added lab, gs://lab-results/x" >expect &&
	test_cmp expect actual &&
	test_must_be_empty err &&
	{
		cat before &&
		cat <<-\EOF
		remotes:
		  lab:
		    type: gcs
		    config:
		      backet_name: lab-results
		      prefix: x
		EOF
	} >expect &&
	test_cmp expect p/resutil-conf.yaml
'

test_expect_success 'or a type and its settings' '
	fresh &&
	cd p &&
	resutil -q remote add lab --storage-type gs -o bucket_name=bee \
		-o key_file_path=../key.json >out &&
	test_must_be_empty out &&
	resutil remote list --format "%(type) %(url)" >actual &&
	printf "%s\n" "dir dir:$TRASH_DIRECTORY/store" "gcs gs://bee" >expect &&
	test_cmp expect actual &&
	test_grep "backet_name: bee$" resutil-conf.yaml &&
	test_grep "key_file_path: ../key.json" resutil-conf.yaml
'

test_expect_success 'the folder that a browser shows' '
	fresh &&
	url="https://drive.google.com/drive/u/0/folders/1aB_-9?usp=sharing" &&
	resutil -C p remote add team "$url" >actual &&
	echo "Added team, gdrive://1aB_-9" >expect &&
	test_cmp expect actual &&
	test_grep "base_folder_id: .*1aB_-9" p/resutil-conf.yaml
'

test_expect_success 'what is typed begins in the working directory' '
	fresh &&
	mkdir -p p/deep/er other &&
	(
		cd p/deep/er &&
		resutil remote add one dir:../../../other >out &&
		resutil remote add two --storage-type dir -o path=here >>out &&
		resutil remote add three --storage-type gcs \
			-o backet_name=lab -o key_file_path=../key >>out
	) &&
	cd p &&
	resutil remote list --format "%(url)" >actual &&
	cat >expect <<-EOF &&
	dir:$TRASH_DIRECTORY/store
	dir:../other
	dir:deep/er/here
	gs://lab
	EOF
	test_cmp expect actual &&
	test_path_is_dir deep/er/here &&
	test_grep "key_file_path: deep/key$" resutil-conf.yaml
'

test_expect_success 's3: by its URL, and with more than it says' '
	fresh &&
	cd p &&
	resutil remote add one s3://lab-one/a >../out &&
	resutil remote add two s3://lab-two -o endpoint_url=https://s3.lab \
		-o key_file_path=../key -o anonymous=no >../out &&
	resutil remote add three --storage-type s3 -o bucket_name=lab-three \
		-o addressing=path >../out &&
	cat >expect <<-\EOF &&
	remotes:
	  one:
	    type: s3
	    config:
	      bucket_name: lab-one
	      prefix: a
	  two:
	    type: s3
	    config:
	      bucket_name: lab-two
	      endpoint_url: https://s3.lab
	      key_file_path: ../key
	      anonymous: false
	  three:
	    type: s3
	    config:
	      bucket_name: lab-three
	      addressing: path
	EOF
	sed -n "/^remotes/,\$p" resutil-conf.yaml >actual &&
	test_cmp expect actual &&
	cp resutil-conf.yaml before &&
	test_expect_code 129 resutil remote add four s3://lab \
		-o bucket_name=another 2>err &&
	test_grep "URL says that already" err &&
	test_expect_code 129 resutil remote add four s3://lab -o bucket=x \
		2>err &&
	test_grep "has no .bucket." err &&
	test_expect_code 129 resutil remote add four --storage-type s3 2>err &&
	test_grep "[-]o bucket_name=NAME" err &&
	test_cmp before resutil-conf.yaml
'

test_expect_success 'an absolute path stays one' '
	fresh &&
	resutil -C p remote add one "dir:$TRASH_DIRECTORY/other/" >out &&
	test_grep "path: $TRASH_DIRECTORY/other$" p/resutil-conf.yaml
'

test_expect_success 'the directory of a store is made, and that is said' '
	fresh &&
	cd p &&
	resutil remote add one dir:../other/deep >actual &&
	resutil remote add two dir:../other/deep >>actual &&
	printf "%s\n" "Added one, dir:../other/deep (new)" \
		"Added two, dir:../other/deep" >expect &&
	test_cmp expect actual &&
	test_dir_is_empty ../other/deep
'

test_expect_success 'what is refused makes nothing' '
	fresh &&
	make_conf p &&
	resutil -q -C p remote add taken gs://lab &&
	cp p/resutil-conf.yaml before &&
	cd p &&
	test_expect_code 14 resutil remote add taken dir:../other 2>err &&
	test_grep "there is a remote .taken. already" err &&
	test_expect_code 14 resutil remote add origin dir:../other 2>err &&
	test_grep "has its .origin. already" err &&
	test_expect_code 129 resutil remote add a.b dir:../other 2>err &&
	test_grep "cannot be the name of a remote" err &&
	test_expect_code 129 resutil remote add ../x dir:../other &&
	test_expect_code 129 resutil remote add lab ../other 2>err &&
	test_grep "no URL of a store; such URLs are dir:PATH," err &&
	test_expect_code 129 resutil remote add lab --storage-type dir 2>err &&
	test_grep "needs .path." err &&
	test_expect_code 129 resutil remote add lab --storage-type nfs \
		-o path=../other 2>err &&
	test_grep "unknown storage_type .nfs." err &&
	test_expect_code 129 resutil remote add lab --storage-type box 2>err &&
	test_grep "download the folder from Box" err &&
	test_expect_code 129 resutil remote add lab --storage-type dir \
		-o path=../other -o bucket_name=x 2>err &&
	test_grep "has no .bucket_name." err &&
	cd .. &&
	conf_is_as_before &&
	test_path_is_missing other
'

test_expect_success 'a store cannot be where it would be packed itself' '
	fresh &&
	cd p &&
	test_expect_code 129 resutil remote add lab dir:. &&
	test_expect_code 129 resutil remote add lab dir:results/store 2>err &&
	test_grep "lies in results_dir" err &&
	: >file &&
	test_expect_code 129 resutil remote add lab dir:file 2>err &&
	test_grep "not a directory" err &&
	test_path_is_missing results &&
	cd .. &&
	conf_is_as_before
'

test_expect_success 'a password does not get into the conf, nor on the screen' '
	fresh &&
	for word in ssh://me:hunter2@box/s s3://id:hunter2@lab
	do
		test_expect_code 129 resutil -C p remote add lab "$word" \
			>out 2>err || return 1
		test_must_be_empty out &&
		test_grep "password" err &&
		test_grep ! hunter2 err || return 1
	done &&
	test_expect_code 129 resutil -C p remote add lab --storage-type ssh \
		-o host=me:hunter2@box -o path=/s 2>err &&
	test_grep ! hunter2 err &&
	conf_is_as_before
'

test_expect_success 'a host that ssh would take for an option' '
	fresh &&
	test_expect_code 129 resutil -C p remote add lab \
		ssh://-oProxyCommand=x/s 2>err &&
	test_grep "host in the URL" err &&
	conf_is_as_before
'

test_expect_success 'with -n nothing is made' '
	fresh &&
	cd p &&
	resutil remote add -n lab dir:../other >actual &&
	echo "Would add lab, dir:../other" >expect &&
	test_cmp expect actual &&
	test_path_is_missing ../other &&
	resutil -q remote add lab gs://lab &&
	cp resutil-conf.yaml want &&
	resutil remote rm -n lab >actual &&
	echo "Would remove lab" >expect &&
	test_cmp expect actual &&
	test_expect_code 10 resutil remote rm -n gone &&
	test_cmp want resutil-conf.yaml
'

test_expect_success 'rm takes out what there is, and names what there is not' '
	fresh &&
	cd p &&
	resutil -q remote add a dir:../other &&
	echo keep >../other/file &&
	resutil -q remote add b gs://lab &&
	test_expect_code 3 resutil remote rm a gone b >actual 2>err &&
	printf "Removed %s; what the store holds stays\n" a b >expect &&
	test_cmp expect actual &&
	test_grep "no remote .gone." err &&
	test_path_is_file ../other/file &&
	resutil remote >actual &&
	echo origin >expect &&
	test_cmp expect actual &&
	test_expect_code 10 resutil remote rm gone &&
	test_expect_code 129 resutil remote rm origin 2>err &&
	test_grep "resutil init --force" err
'

test_expect_success 'a new store has no notes of an older one of its name' '
	fresh &&
	cd p &&
	resutil -q remote add lab dir:../other &&
	mkdir -p .resutil/remotes .resutil/uploads/lab &&
	echo "{}" >.resutil/uploads/lab/note.json &&
	echo "resutil-ledger 1" >.resutil/remotes/lab.log &&
	echo "resutil-ledger 1" >.resutil/remotes/origin.log &&
	resutil -q remote rm lab &&
	test_path_is_missing .resutil/remotes/lab.log &&
	test_path_is_missing .resutil/uploads/lab &&
	echo "resutil-ledger 1" >.resutil/remotes/lab.log &&
	resutil -q remote add lab dir:../other &&
	test_path_is_missing .resutil/remotes/lab.log &&
	test_path_is_file .resutil/remotes/origin.log
'

test_expect_success 'list prints names, a table, or an object a line' '
	fresh &&
	cd p &&
	resutil -q remote add lab s3://lab &&
	printf "%s\n" origin lab >expect &&
	resutil remote list >actual &&
	test_cmp expect actual &&
	printf "origin\0lab\0" >expect &&
	resutil remote -z >actual &&
	test_cmp expect actual &&
	cat >expect <<-EOF &&
	{"name":"origin","type":"dir","url":"dir:$TRASH_DIRECTORY/store"}
	{"name":"lab","type":"s3","url":"s3://lab"}
	EOF
	resutil remote list --json >actual &&
	sed "s/\": /\":/g; s/, /,/g" actual >squeezed &&
	test_cmp expect squeezed &&
	resutil remote list -v >actual &&
	test_line_count = 3 actual &&
	test_grep "^lab  *s3  *s3://lab$" actual
'

test_expect_success 'options belong to verbs' '
	fresh &&
	cd p &&
	for words in "list x" "list -n" "rm" "rm -v a" "rm -o a=b a" \
		"add a" "add a dir:x y" "add --storage-type dir a dir:x" \
		"add a dir:x -o path=y" "add --json a dir:x" "test -n" \
		"frobnicate" "--format %(nosuch)"
	do
		test_expect_code 129 resutil remote $words >out 2>err ||
			return 1
		test_must_be_empty out && test_grep "^usage:" err || return 1
	done &&
	test_path_is_missing x
'

test_expect_success 'test counts what one listing says' '
	fresh &&
	cd p &&
	RESUTIL_TRACE="$PWD/trace" resutil remote test --quick >actual &&
	echo "origin: dir:$TRASH_DIRECTORY/store holds 0 experiments of" \
		"${SQ}project$SQ" >expect &&
	test_cmp expect actual &&
	sed -n "s/.* store: //p" trace >requests &&
	printf "%s\n" "open dir:$TRASH_DIRECTORY/store" \
		"list project/ -> 0 objects" >expect &&
	test_cmp expect requests &&
	mkdir ../store/project &&
	>../store/project/stray &&
	>../store/project/aaaaaa_20240101T000000.zip &&
	resutil remote test --quick origin >actual &&
	test_grep "holds 1 experiment of" actual
'

test_expect_success 'test fails as the store does' '
	fresh &&
	cd p &&
	resutil -q remote add gone dir:../other &&
	rmdir ../other &&
	test_expect_code 12 resutil remote test --quick gone >out 2>err &&
	test_must_be_empty out &&
	test_grep "other" err &&
	test_path_is_missing ../other &&
	test_expect_code 10 resutil remote test --quick nosuch 2>err &&
	test_grep "no remote .nosuch.; there are: origin, gone" err &&
	test_expect_code 3 resutil remote test --quick origin gone nosuch >out &&
	test_line_count = 1 out
'

test_expect_success FAULTS 'an error at any point of add leaves the old conf' '
	rm -rf .cache && fresh &&
	make_conf p && mkdir p/.resutil && echo "*" >p/.resutil/.gitignore &&
	with_faults RESUTIL_TEST_FAULT_LOG="$PWD/log" \
		resutil -C p remote add lab dir:../other >out &&
	cp p/resutil-conf.yaml added &&
	points=$(wc -l <log) &&
	test "$points" -gt 4 &&
	for fault in EIO kill
	do
		i=1 &&
		while test $i -le $points
		do
			cp before p/resutil-conf.yaml && rm -rf other &&
			with_faults RESUTIL_TEST_FAULT=any:$i:$fault \
				resutil -C p remote add lab dir:../other \
				>out 2>err
			code=$? &&
			if test $code = 0
			then
				test_cmp added p/resutil-conf.yaml
			else
				test_cmp before p/resutil-conf.yaml ||
				test_cmp added p/resutil-conf.yaml
			fi &&
			{
				test $fault = kill || test $code = 0 ||
				! test_cmp before p/resutil-conf.yaml ||
				test_path_is_missing other
			} || return 1
			i=$((i + 1))
		done
	done
'

test_done
