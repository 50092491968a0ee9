#!/bin/sh

test_description='Cloud Storage: others read what we wrote, and we what they wrote'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-gcs-clients.sh
. "$TEST_DIRECTORY"/lib-interop.sh
unset RESUTIL_NO_REMOTE

# project DIR PREFIX: one whose store is gs://lab/PREFIX/project
project () {
	mkdir "$1" && (cd "$1" && gcs_conf lab "prefix: $2")
}

test_expect_success 'setup: a bucket, a project with packs small and large' '
	start_gcs && gcs_bucket lab && google_key key.json &&
	key=$PWD/key.json && project p ours &&
	push_small_and_large &&
	small=$(grep small names) && large=$(grep large names)
'

for client in node python rclone
do
	test_expect_success "$client reads our packs, which are zip files" '
		mkdir read &&
		test_when_finished "rm -rf read" &&
		case $client in
		node)	their_node read-all lab ours/project/ read ;;
		python)	their_python read-all lab ours/project/ read ;;
		rclone)	their_rclone copy t:lab/ours/project read ;;
		esac &&
		same_as_read
	'
done

test_expect_success 'what we put has the sums that others check' '
	their_node download lab "ours/project/$large.zip" large.zip &&
	their_rclone md5sum "t:lab/ours/project/$large.zip" >out &&
	openssl dgst -md5 -r large.zip | cut -d " " -f 1 >want &&
	cut -d " " -f 1 out >got && test_cmp want got &&
	their_python stat lab "ours/project/$large.zip" >about &&
	grep "\"size\": \"$(wc -c <large.zip)\"" about &&
	grep "\"contentType\": \"application/zip\"" about
'

test_expect_success 'small ones by one request, large ones by a session' '
	google_requests /upload/ >out &&
	grep -c "^POST .* 200$" out >posts && echo 2 >want &&
	test_cmp want posts && grep -c "^PUT .* 308$" out >pieces &&
	test "$(cat pieces)" -ge 3
'

test_expect_success 'metadata that we put is what others see' '
	tree=$(resutil -C p hash-experiment "$small" | cut -f 1) &&
	for client in their_node their_python
	do
		$client stat lab "ours/project/$small.zip" >about &&
		grep "\"resutil-tree\": \"$tree\"" about || return 1
	done
'

test_expect_success 'metadata that others put is what we see' '
	resutil -C p fsck --remote --read-data >out &&
	test_must_fail grep differs out &&
	their_node patch lab "ours/project/$small.zip" \
		"{\"resutil-tree\": \"$(echo "$tree" | tr 0-9a-f 1-9a-f0)\",
		\"who\": \"é\"}" &&
	test_expect_code 1 resutil -C p fsck --remote --read-data >out 2>&1 &&
	grep "resutil-tree.* is another one" out &&
	their_node patch lab "ours/project/$small.zip" \
		"{\"resutil-tree\": \"$tree\"}" &&
	resutil -C p fsck --remote --read-data >out 2>&1 &&
	test_must_fail grep "another one" out
'

test_expect_success 'a store that rclone copied is pulled' '
	mkdir dir && resutil -C p remote add plain "dir:$PWD/dir" &&
	resutil -C p push -A --remote plain && ls dir/project >packs &&
	test_line_count = 2 packs && their_rclone copy dir t:lab/copied &&
	project q copied && resutil -C q pull -A &&
	resutil -C q list-exps >got && test_cmp names got &&
	while IFS= read -r name
	do
		diff -r "p/results/$name" "q/results/$name" || return 1
	done <names &&
	resutil -C q fsck --remote --read-data
'

test_expect_success 'the other way: rclone checks what we pushed against it' '
	their_rclone check --match - t:lab/ours t:lab/copied >same &&
	test_line_count = 2 same
'

# as: what they did it with
pulled () {
	project "$1" "$1" &&
	test_when_finished "rm -rf $1 got" &&
	resutil -C "$1" list-remote >out && echo "$large" >want &&
	test_cmp want out &&
	resutil -C "$1" show "$large" >out && test_grep "large" out &&
	resutil -C "$1" cat-pack --remote origin "$large" big >got &&
	cmp big got && resutil -C "$1" pull "$large" &&
	diff -r "p/results/$large" "$1/results/$large"
}

test_expect_success 'what we rename and remove, others see so' '
	stem=${small%_*} && resutil -C q comment "$small" renamed &&
	their_node list lab copied/ >out &&
	printf "%s\n" "copied/project/$large.zip" \
		"copied/project/${stem}_renamed.zip" | sort >want &&
	sort out >got && test_cmp want got &&
	their_node copy lab "copied/project/$large.zip" \
		"moved/project/${stem}_copied.zip" &&
	their_python remove lab "copied/project/$large.zip" &&
	resutil -C q list-remote >out && echo "${stem}_renamed" >want &&
	test_cmp want out && resutil -C q rm -r -y renamed &&
	their_python list lab copied/ >out && test_must_be_empty out
'

test_expect_success 'put by others in sessions, with pieces of any size' '
	their_node_there resume lab "node/project/$large.zip" large.zip \
		"{\"ifGenerationMatch\": 0}" && pulled node &&
	their_python resume lab "python/project/$large.zip" large.zip 5 &&
	pulled python &&
	their_node_there stream lab "stream/project/$large.zip" <large.zip &&
	pulled stream
'

test_expect_success 'put together by the server: it has no MD5' '
	their_python compose lab "composed/project/$large.zip" large.zip 1 &&
	their_python stat lab "composed/project/$large.zip" >about &&
	test_must_fail grep md5Hash about &&
	grep componentCount.*29 about && pulled composed
'

test_expect_success 'what all may read, rclone and we read as nobody' '
	google_admin bucket "{\"name\": \"lab\", \"roles\":
		{\"allUsers\": [\"storage.objectViewer\"]}}" &&
	their_rclone copy a:lab/ours/project public && ls public >got &&
	test_line_count = 2 got && mkdir n &&
	cat >n/resutil-conf.yaml <<-END &&
	project_name: project
	results_dir: results
	storage_type: gcs
	storage_config:
	  bucket_name: lab
	  prefix: ours
	  anonymous: true
	  api_root: $GCS_ROOT
	END
	resutil -C n pull -A && resutil -C n list-exps >got && test_cmp names got
'

test_expect_success 'nothing went wrong in the server' '
	test_must_be_empty "$TEST_TOP_DIRECTORY/server1/said"
'

test_done
