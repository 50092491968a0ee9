#!/bin/sh

test_description='resutil-conf.yaml: what is a project and what is not'
. ./test-lib.sh

# refused PATTERN: with the conf as it is, a command fails with 13 and says so
refused () {
	test_expect_code 13 resutil list-exps >out 2>err &&
	test_must_be_empty out &&
	test_line_count = 1 err &&
	test_grep "$1" err
}

# conf NAME=VALUE...: a good conf with these keys instead ("NAME=": without)
conf () {
	cat >resutil-conf.yaml <<-\EOF
	project_name: p
	results_dir: results
	storage_type: dir
	storage_config:
	  path: ../store
	EOF
	for assignment
	do
		sed -i "/^${assignment%%=*}:/d" resutil-conf.yaml &&
		if test -n "${assignment#*=}"
		then
			printf "%s: %s\n" "${assignment%%=*}" \
				"${assignment#*=}" >>resutil-conf.yaml
		fi || return 1
	done
}

test_expect_success 'without a conf there is no project' '
	test_expect_code 128 resutil list-exps 2>err &&
	test_line_count = 1 err &&
	test_grep "resutil init" err
'

test_expect_success 'a conf of the Python Resutil works as it is' '
	mkdir python python/sub && cd python &&
	cat >resutil-conf.yaml <<-\EOF &&
	project_name: MyProj
	results_dir: results/
	storage_config:
	  backet_name: resutil
	  key_file_path: key.json
	storage_type: gcs
	EOF
	resutil list-exps >out && test_must_be_empty out &&
	resutil -C sub list-exps &&
	test_path_is_missing results &&
	cp resutil-conf.yaml before &&
	resutil add hello >name &&
	test_path_is_dir "results/$(cat name)" &&
	test_grep "^result_dir: results/$(cat name)$" \
		"results/$(cat name)/resutil-exp.yaml" &&
	test_cmp before resutil-conf.yaml
'

test_expect_success 'README order, both spellings, gs, and unknown keys work' '
	mkdir more && cd more &&
	cat >resutil-conf.yaml <<-\EOF &&
	# comment
	project_name: "MyProj"   # another
	results_dir: ./out//runs
	storage_type: gs
	storage_config: {bucket_name: 0042, key_file: x}
	lab: [1, {a: b}]
	remotes:
	  backup: {type: ssh, config: {host: h, path: /p}}
	EOF
	resutil add x >name &&
	test_path_is_dir "out/runs/$(cat name)"
'

test_expect_success 'anchors and merge keys work' '
	mkdir merge && cd merge &&
	cat >resutil-conf.yaml <<-\EOF &&
	defaults: &d
	  results_dir: r
	  storage_type: dir
	project_name: p
	<<: *d
	storage_config: {path: ../store}
	EOF
	resutil add x >name &&
	test_path_is_dir "r/$(cat name)"
'

test_expect_success 'the nearest conf above counts' '
	mkdir outer outer/inner outer/inner/deep && cd outer && conf &&
	cd inner && conf results_dir=mine && cd deep &&
	resutil add x >name &&
	test_path_is_dir "../mine/$(cat name)"
'

test_expect_success 'malformed YAML: file, line and column' '
	mkdir bad && cd bad &&
	conf && printf "lab: [1, 2\nx: 1\n" >>resutil-conf.yaml &&
	refused "/bad/resutil-conf.yaml. line 7, column 2: " &&
	conf && printf "a: b: c\n" >>resutil-conf.yaml &&
	refused "line 6, column 5: " &&
	conf && printf "\tx: 1\n" >>resutil-conf.yaml &&
	refused "line 6, column 1: " &&
	conf && printf "x: *none\n" >>resutil-conf.yaml &&
	refused "line 6, column 4: unknown anchor .none." &&
	conf && printf "x: \"\377\"\n" >>resutil-conf.yaml &&
	refused "line 6, column 5: .*UTF-8" &&
	conf && printf "x: \0\n" >>resutil-conf.yaml &&
	refused "line 6, column 4: control characters"
'

test_expect_success 'a key that is there twice, a second document' '
	cd bad &&
	conf && echo "project_name: q" >>resutil-conf.yaml &&
	refused "line 6, column 1: the key .project_name. is there twice" &&
	conf && printf -- "---\na: 1\n" >>resutil-conf.yaml &&
	refused "line 6, column 1: a second document"
'

test_expect_success 'too deep, too much, and a bomb of aliases' '
	cd bad &&
	conf && printf "x: %070d\n" 0 | tr 0 "[" >>resutil-conf.yaml &&
	refused "nested too deeply" &&
	conf && {
		echo "a0: &a0 [x, x, x, x, x, x, x, x, x, x]" &&
		for i in 1 2 3 4 5 6 7 8 9
		do
			b="*a$((i - 1))" &&
			echo "a$i: &a$i [$b, $b, $b, $b, $b, $b, $b, $b, $b, $b]"
		done
	} >>resutil-conf.yaml &&
	refused "too much content" &&
	conf && awk "BEGIN { for (i = 0; i < 420000; i++) print \"# 345678\" }" \
		>>resutil-conf.yaml &&
	resutil list-exps >out &&
	conf && awk "BEGIN { for (i = 0; i < 420001; i++) print \"# 3456789\" }" \
		>>resutil-conf.yaml &&
	refused "resutil-conf.yaml"
'

test_expect_success 'a missing key is named' '
	cd bad &&
	for key in project_name results_dir storage_type
	do
		conf $key= && refused "the key .$key. is missing" || return 1
	done &&
	conf && sed -i "/storage_config/,\$d" resutil-conf.yaml &&
	refused "the key .storage_config. is missing" &&
	: >resutil-conf.yaml && refused "the key .project_name. is missing"
'

test_expect_success 'a key of the wrong type is named' '
	cd bad &&
	conf project_name=2024 && refused ".project_name. must be a text" &&
	conf project_name=\"2024\" && resutil list-exps &&
	conf results_dir=[a] && refused ".results_dir. must be a text" &&
	conf storage_type=no && refused ".storage_type. must be a text" &&
	echo "[a, b]" >resutil-conf.yaml && refused "must be a map" &&
	conf remotes=x && refused ".remotes. must be a map" &&
	conf remotes="{b: {config: {}}}" && refused "remote .b." &&
	conf remotes="{b: {type: ssh, config: {host: h}}}" &&
	refused "remote .b.: .*needs .path."
'

test_expect_success 'an unknown type of store; box has a way out' '
	cd bad &&
	conf storage_type=ftp && refused "unknown storage_type .ftp.; known are" &&
	conf storage_type=box && refused "v0.1.19.*download the folder.*dir" &&
	conf storage_type=gcs && refused ".gcs. needs .backet_name." &&
	conf storage_type=gdrive && refused "needs .base_folder_id." &&
	conf storage_type=s3 && resutil list-exps >out &&
	conf storage_type=ssh && refused "needs .host."
'

test_expect_success 'a project_name that cannot be one' '
	cd bad &&
	for name in "\"\"" a/b "\"a\\\\b\"" .. "\" a\"" "\"a\\nb\"" "\"a\\0b\""
	do
		conf "project_name=$name" && refused "name" || return 1
	done
'

test_expect_success 'a results_dir that cannot be one' '
	cd bad &&
	for dir in . ./ "\"\"" .. ../x / "$TRASH_DIRECTORY" .git/x .resutil \
		x/../.resutil/y
	do
		conf "results_dir=$dir" && refused "results_dir" || return 1
	done &&
	conf results_dir=../badx && refused "absolute path" &&
	conf "results_dir=$TRASH_DIRECTORY/elsewhere/" &&
	resutil add x >name &&
	test_path_is_dir "../elsewhere/$(cat name)" &&
	test_grep "^result_dir: $TRASH_DIRECTORY/elsewhere/$(cat name)$" \
		"../elsewhere/$(cat name)/resutil-exp.yaml"
'

test_expect_success 'a results_dir that is a file' '
	mkdir file && cd file && conf && : >results &&
	test_expect_code 128 resutil add x 2>err &&
	test_line_count = 1 err && test_grep "is not a directory" err &&
	test_must_be_empty results
'

test_expect_success AS_USER 'a results_dir that may not be written' '
	mkdir closed closed/results && cd closed && conf &&
	chmod 777 . && chmod 555 results &&
	test_expect_code 128 as_user resutil add x 2>../err &&
	test_line_count = 1 ../err && test_grep "results_dir" ../err &&
	test_dir_is_empty results
'

test_expect_success 'a conf that is a directory' '
	mkdir dir dir/resutil-conf.yaml && cd dir &&
	test_expect_code 128 resutil list-exps 2>err &&
	test_line_count = 1 err && test_grep "resutil-conf.yaml" err
'

test_expect_success 'what cannot be a name, a directory, a configuration' '
	conf "project_name=$(printf %0201d 1 | sed "s/^/x/")" &&
	refused "at most 200 bytes" &&
	conf "project_name=$(printf %0199d 1 | sed "s/^/x/")" &&
	resutil list-exps &&
	conf "results_dir=$(printf "!!binary /////w==")" &&
	test_expect_code 13 resutil list-exps &&
	conf "results_dir=\"a\\tb\"" && refused "results_dir must be" &&
	conf storage_config=here && sed -i "/^  path/d" resutil-conf.yaml &&
	refused "storage_config. must be a map"
'

test_done
