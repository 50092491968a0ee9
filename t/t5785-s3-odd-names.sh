#!/bin/sh

test_description='S3: odd names of buckets, projects, folders and experiments'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

SQ="'"

# What every client writes in its own way into a URL, and signs in its own way.
cat >comments <<'END'
a b
a+b
a=b
a&b
a#b
a%b
a%20b
~a!b$c
'(a)'
a,b;c@d
a..b
日本 語
é
😀
[a]{b}^`c
trailing-
-leading
END
# the same letter, decomposed: another name
printf 'e\314\201\n' >>comments

# to_bucket PROJECT [PREFIX]: a project here; what YAML makes of them is
# exactly what they are
to_bucket () {
	resutil -q init --storage-type=s3 --project-name="$1" \
		-o bucket_name=odd.names-1 ${2:+-o prefix="$2"}
}

# keys_there: all keys in the bucket, by a client that is not ours
keys_there () {
	cat >keys.py <<-\EOF &&
	import os, boto3
	s3 = boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT"])
	for page in s3.get_paginator("list_objects_v2").paginate(
	        Bucket="odd.names-1"):
	    for o in page.get("Contents", ()):
	        print(o["Key"])
	EOF
	/usr/bin/python3 keys.py | LC_ALL=C sort
}

test_expect_success 'setup' '
	start_radosgw && make_bucket odd.names-1
'

test_expect_success 'experiments of all comments: pushed, listed, looked at' '
	mkdir one && cd one && to_bucket plain && nr=0 &&
	while IFS= read -r comment
	do
		nr=$((nr + 1)) &&
		make_exp "aapfcd_20240704T1115$((10 + nr))_$comment" \
			"id: $(test_id $nr)" && printf "%s\n" "$comment" \
			>"results/aapfcd_20240704T1115$((10 + nr))_$comment/file" ||
		return 1
	done <../comments &&
	resutil push -A >../out && resutil list-exps >../want &&
	test_line_count = $(wc -l <../comments) ../want &&
	resutil list-remote >../got && test_cmp ../want ../got &&
	(cd .. && sed "s,.*,plain/&.zip," want | LC_ALL=C sort >keys &&
	keys_there >got && test_cmp keys got) &&
	resutil stat-remote --stdin <../want >../out &&
	test_line_count = $(wc -l <../want) ../out &&
	resutil push -A >../out && test_grep "^0 sent" ../out
'

test_expect_success 'fetched, file by file and whole' '
	resutil clone s3://odd.names-1/plain two && cd two &&
	while IFS= read -r name
	do
		resutil show "$name:file" >../got &&
		printf "%s\n" "${name#*_*_}" >../expect &&
		test_cmp ../expect ../got || return 1
	done <../want &&
	resutil pull -A >../out &&
	resutil list-exps >../got && test_cmp ../want ../got &&
	for here in ../one/results/*/file
	do
		test_cmp "$here" "results/${here#../one/results/}" || return 1
	done
'

test_expect_success 'renamed into each other, and removed' '
	cd one && resutil -q init --force --project-name=other &&
	resutil add "a b" >../name && resutil push @ &&
	old=$(cat ../name) &&
	while IFS= read -r comment
	do
		case "$old" in *_"$comment") continue ;; esac &&
		resutil comment -- "$old" "$comment" >../out &&
		old=$(resutil rev-exp @) || return 1
	done <../comments &&
	echo "$old" >../new && resutil list-remote >../got &&
	test_cmp ../new ../got &&
	resutil rm -l -r -y "$old" &&
	resutil list-remote >../got && test_must_be_empty ../got
'

for project in "a+b&c=d" "50%" "%2F" "#1? ~!\$(x)*" "${SQ}q${SQ}" "日本" "..." \
	"-x" "a\"b<c>"
do
	test_expect_success "a project called $project" '
		rm -rf in copy && mkdir in && cd in && to_bucket "$project" &&
		make_exp aapfcd_20240704T111555_x "id: $(test_id 1)" &&
		resutil push x && resutil list-remote >../got &&
		test_line_count = 1 ../got &&
		(cd .. && keys_there >got &&
		test_grep -F -e "$project/aapfcd_20240704T111555_x.zip" got) &&
		url=$(printf "%s" "$project" | sed "s/%/%25/g; s/?/%3F/g") &&
		resutil clone "s3://odd.names-1/$url" ../copy >../out &&
		resutil -C ../copy pull x && resutil rm -r -y x
	'
done

test_expect_success 'projects do not see each other, whatever they begin with' '
	for project in a ab "a b" A
	do
		rm -rf "p $project" && mkdir "p $project" && (
			cd "p $project" && to_bucket "$project" &&
			make_exp "aapfcd_20240704T111555_$project" &&
			resutil -q push -A &&
			resutil list-remote >../got && test_line_count = 1 ../got
		) || return 1
	done
'

test_expect_success 'folders in the bucket' '
	rm -rf in && mkdir in && cd in &&
	for prefix in "a folder/in + it" "日/50%" "x/"
	do
		rm -rf resutil-conf.yaml results && to_bucket p "$prefix" &&
		make_exp aapfcd_20240704T111555_x && resutil -q push x &&
		resutil list-remote >../got && test_line_count = 1 ../got &&
		(cd .. && keys_there >got && test_grep -F \
			"${prefix%/}/p/aapfcd_20240704T111555_x.zip" got) ||
		return 1
	done
'

test_expect_success 'what others have put beside stays, and is not seen' '
	cd one && resutil list-remote >../got && test_must_be_empty ../got &&
	echo x >../x &&
	for key in other/readme.txt other/sub/ other/x.zip \
		other/aapfcd_20240704T111555_x.zip.bak other/_debug.zip \
		other/aapfcd_20240704T111555_a/b.zip
	do
		s3_ask -b ../x PUT "/odd.names-1/$key" 2>../said || return 1
	done &&
	resutil list-remote >../got && test_must_be_empty ../got &&
	resutil list >../got && test_grep ! "|   \*" ../got &&
	resutil gc --remote --older-than=0 && resutil fsck --remote >../out &&
	(cd .. && keys_there | grep "^other/" >got && test_line_count = 6 got)
'

test_done
