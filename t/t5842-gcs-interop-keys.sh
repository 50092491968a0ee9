#!/bin/sh

test_description='Cloud Storage: names, conditions and layouts of others'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-gcs-clients.sh
. "$TEST_DIRECTORY"/lib-interop.sh
unset RESUTIL_NO_REMOTE

fixture=$TEST_DIRECTORY/fixtures/python-store

test_expect_success 'setup: a bucket' '
	start_gcs && gcs_bucket lab && google_key key.json &&
	key=$PWD/key.json && odd_keys >odd
'

# The content of each is its key.
test_expect_success 'keys of all characters: put by us, read by all' '
	gcs_bucket odd &&
	while IFS= read -r name
	do
		printf "%s" "$name" >content &&
		resutil put-object --remote "$(store odd)" -- "$name" content \
			>/dev/null || return 1
	done <odd &&
	resutil list-objects --remote "$(store odd)" --format "%(key)" -z |
	tr "\0" "\n" | sort >ours && sort odd >want && test_cmp want ours &&
	their_node list odd | sort >theirs && test_cmp want theirs &&
	their_python list odd | sort >theirs && test_cmp want theirs &&
	mkdir of.node of.python of.rclone && their_node read-all odd "" of.node &&
	their_python read-all odd "" of.python &&
	for file in of.node/* of.node/.hidden* of.python/* of.python/.hidden*
	do
		/usr/bin/python3 -c "
import sys, urllib.parse
sys.stdout.write(urllib.parse.unquote(sys.argv[1]))" "${file#of.*/}" >want &&
		cmp want "$file" && echo || return 1
	done >count && test_line_count = 16 count &&
	their_rclone copy t:odd of.rclone &&
	while IFS= read -r name
	do
		printf "%s" "$name" >want && cmp want "of.rclone/$name" || return 1
	done <odd
'

for client in node python rclone
do
	test_expect_success "keys of all characters: put by $client, read by us" '
		gcs_bucket from-$client && rm -rf theirs && mkdir theirs &&
		while IFS= read -r name
		do
			mkdir -p "theirs/$(dirname "./$name")" &&
			printf "%s" "$name" >"theirs/$name" || return 1
		done <odd &&
		case $client in
		node)	their_node tree from-node "" theirs ;;
		python)	their_python tree from-python "" theirs ;;
		rclone)	their_rclone copy theirs t:from-rclone ;;
		esac &&
		resutil list-objects --remote "$(store from-$client)" \
			--format "%(key)" -z | tr "\0" "\n" | sort >ours &&
		sort odd >want && test_cmp want ours &&
		while IFS= read -r name
		do
			printf "%s" "$name" >want &&
			resutil get-object --remote "$(store from-$client)" \
				-- "$name" >got && cmp want got || return 1
		done <odd &&
		while IFS= read -r name
		do
			resutil remove-object --remote "$(store from-$client)" \
				-- "$name" || return 1
		done <odd &&
		their_python list from-$client >out && test_must_be_empty out
	'
done

test_expect_success 'what is stored packed by gzip is read as it is stored' '
	head -c 100000 /dev/urandom >plain && gzip -n <plain >packed.gz &&
	their_python put lab gzip/plain packed.gz \
		"{\"contentEncoding\": \"gzip\"}" &&
	resutil get-object --remote "$(store lab/gzip)" plain >got &&
	cmp packed.gz got && rm packed.gz
'

test_expect_success 'others see when we replaced theirs, and we when they did' '
	echo one >one && echo two >two && echo three >three &&
	generation=$(their_node upload lab shared one) &&
	resutil put-object --remote "$(store lab)" --version "$generation" \
		shared two >ours &&
	test_must_fail their_node upload lab shared three \
		"{\"ifGenerationMatch\": $generation}" 2>err && grep "^412:" err &&
	ours=$(resutil list-objects --remote "$(store lab)" \
		--format "%(version)" shared) &&
	their_node upload lab shared three "{\"ifGenerationMatch\": $ours}" &&
	test_must_fail resutil put-object --remote "$(store lab)" \
		--version "$ours" shared one &&
	test_must_fail resutil put-object --remote "$(store lab)" --absent \
		shared one &&
	their_python get lab shared >got && test_cmp three got
'

test_expect_success 'a project of the Python Resutil, in a bucket with litter' '
	mkdir packed && cp -R "$fixture"/store/. packed &&
	mkdir bucket && /usr/bin/python3 "$TEST_DIRECTORY/helper/python-store.py" \
		push bucket MyProj packed \
		"aakuqj_20240511T174522_my data" "aamxrp_20240606T135747_" \
		"aapfup_20240704T191555_日本 a_b" &&
	/usr/bin/python3 "$TEST_DIRECTORY/helper/python-store.py" \
		litter bucket MyProj &&
	gcs_bucket old && their_python tree old "" bucket &&
	: >empty && their_python put old MyProj/ empty &&
	their_python put old MyProj/sub/ empty &&
	mkdir s && (cd s && gcs_conf old &&
		sed "s/^project_name:.*/project_name: MyProj/" resutil-conf.yaml \
			>conf && mv conf resutil-conf.yaml) &&
	resutil -C s list-remote >out &&
	printf "%s\n" "aakuqj_20240511T174522_my data" \
		"aamxrp_20240606T135747_" "aapfup_20240704T191555_日本 a_b" >want &&
	test_cmp want out &&
	resutil -C s show "aakuqj_20240511T174522_my data:raw/part 1.txt" >out &&
	test_cmp "$fixture/store/aakuqj_20240511T174522_my data/raw/part 1.txt" out &&
	resutil -C s pull -A && while IFS= read -r name
	do
		diff -r "packed/$name" "s/results/$name" || return 1
	done <want
'

test_expect_success 'nothing went wrong in the server' '
	test_must_be_empty "$TEST_TOP_DIRECTORY/server1/said"
'

test_done
