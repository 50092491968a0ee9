#!/bin/sh

test_description='remote set-url: another store under an old name'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

conf_is () {
	cat >want && test_cmp want resutil-conf.yaml
}

test_expect_success 'setup: a conf with comments and keys of others' '
	mkdir one two && cat >resutil-conf.yaml <<-\EOF
	# of the bridges group
	project_name: project
	results_dir: results  # big
	storage_type: dir  # for now
	storage_config:
	  # on the old server
	  path: one
	  quota: 5T  # read by our backup
	colour: green
	remotes:
	  cold:
	    type: s3
	    config: {bucket_name: ice, region: eu-north-1}
	    owner: Mai
	EOF
'

test_expect_success 'origin; comments and keys of others stay' '
	resutil remote set-url -n origin dir:two >out &&
	echo "Would change origin, dir:two" >want && echo "It was dir:one" >>want &&
	test_cmp want out && grep "path: one" resutil-conf.yaml &&
	resutil remote set-url origin dir:two >out &&
	sed "s/Would change/Changed/" want >changed && test_cmp changed out &&
	conf_is <<-\EOF
	# of the bridges group
	project_name: project
	results_dir: results  # big
	storage_type: dir  # for now
	storage_config:
	  # on the old server
	  path: two
	  quota: 5T  # read by our backup
	colour: green
	remotes:
	  cold:
	    type: s3
	    config: {bucket_name: ice, region: eu-north-1}
	    owner: Mai
	EOF
'

test_expect_success 'another kind of store; what it does not need goes' '
	resutil remote set-url cold gs://snow/2024 -o key_file_path=k.json \
		>out &&
	echo "Changed cold, gs://snow/2024" >want &&
	echo "It was s3://ice?region=eu-north-1" >>want && test_cmp want out &&
	resutil remote list -v --format tsv >out &&
	test_grep "^cold	gcs	gs://snow/2024$" out &&
	test_grep "owner: Mai" resutil-conf.yaml &&
	test_grep ! region resutil-conf.yaml &&
	test_grep ! ice resutil-conf.yaml &&
	resutil remote set-url origin --storage-type=s3 -o bucket_name=lab &&
	test_grep "^storage_type: s3  # for now$" resutil-conf.yaml &&
	test_grep "^  quota: 5T  # read by our backup$" resutil-conf.yaml &&
	test_grep ! "  path:" resutil-conf.yaml &&
	/usr/bin/python3 -c "
import yaml
c = yaml.safe_load(open(\"resutil-conf.yaml\"))
assert c[\"storage_config\"] == {\"bucket_name\": \"lab\", \"quota\": \"5T\"}, c
assert c[\"remotes\"][\"cold\"][\"config\"] == {\"backet_name\": \"snow\",
	\"prefix\": \"2024\", \"key_file_path\": \"k.json\"}, c
" && resutil remote set-url origin dir:one && resutil remote rm cold
'

test_expect_success 'a directory is made, and is from here' '
	mkdir -p sub && (
		cd sub && resutil remote set-url origin dir:three >out &&
		head -n 1 out
	) >out &&
	echo "Changed origin, dir:sub/three (new)" >want && test_cmp want out &&
	test_path_is_dir sub/three && resutil remote set-url origin dir:one
'

test_expect_success 'what cannot be changes nothing' '
	cp resutil-conf.yaml saved &&
	test_expect_code 10 resutil remote set-url nosuch dir:two 2>err &&
	test_grep "no remote .nosuch." err &&
	test_expect_code 129 resutil remote set-url origin 2>err &&
	test_expect_code 129 resutil remote set-url origin box:x 2>err &&
	test_expect_code 129 resutil remote set-url origin dir:results/x 2>err &&
	test_expect_code 129 resutil remote set-url -o path=x origin dir:two \
		2>err &&
	test_expect_code 129 resutil remote set-url origin s3://u:p@b 2>err &&
	test_cmp saved resutil-conf.yaml && test_path_is_missing results/x
'

# What this clone sent to the one store says nothing about the other one.
test_expect_success 'a project moves by two commands, and back' '
	export RESUTIL_TEST_NOW=1720091755 &&
	name=$(resutil add nice) && resutil push -A &&
	resutil list >before &&
	resutil remote copy origin dir:two --all &&
	resutil remote set-url origin dir:two &&
	resutil list >after && test_cmp before after &&
	resutil push -A >out && echo "0 sent, 1 already there" >want &&
	test_cmp want out &&
	resutil fsck --remote=origin --read-data &&
	resutil comment $name nicer && new=${name%_nice}_nicer &&
	resutil push -A && resutil list-remote >out && echo $new >want &&
	test_cmp want out &&
	resutil remote set-url origin dir:one &&
	resutil list-remote >out && echo $name >want && test_cmp want out &&
	resutil pull -A 2>err || test_grep "is here as" err
'

test_expect_success 'a run that grew after the move may be pushed' '
	resutil remote set-url origin dir:two &&
	resutil update-exp --set=info.more=1 $new >out &&
	resutil push $new >out && grep "^Sent $new, which has grown$" out
'

test_expect_success 'notes of the other store do not hide what is missing' '
	rm -r two/project && resutil remote set-url origin dir:one &&
	mkdir four && resutil remote set-url origin dir:four &&
	resutil push -A >out && grep "^Sent $new$" out
'

test_done
