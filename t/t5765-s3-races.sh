#!/bin/sh

test_description='S3: many at one bucket at once'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh
unset RESUTIL_NO_REMOTE

# clone DIR: a project of the bucket, empty
clone () {
	rm -rf "$1" && mkdir "$1" &&
	resutil -C "$1" --no-interactive init --project-name proj \
		--storage-type s3 -o bucket_name=lab >/dev/null
}

# at_once COMMAND...: in the background; its status into status.N, which is
# what `statuses` waits for
at_once () {
	at_once_nr=$((at_once_nr + 1))
	(
		status=0
		"$@" >out.$at_once_nr 2>err.$at_once_nr || status=$?
		echo $status >status.$at_once_nr
	) &
	at_once_pids="$at_once_pids $!"
}

# Not for the server.
all_over () {
	wait $at_once_pids
}

begin () {
	at_once_nr=0 at_once_pids=
	rm -f out.* err.* status.*
}

# statuses CODE NUMBER...: so many ended like that, and nobody else
statuses () {
	all_over
	cat status.* | sort -n | uniq -c | awk "{ print \$2, \$1 }" >ended &&
	while test $# != 0
	do
		echo "$1 $2" && shift 2 || return 1
	done >ends && test_cmp ends ended || { cat err.* >&4; return 1; }
}

name=aapfcd_20240704T111555_one

# run_of DIR TEXT: an experiment of that one name, by another run
run_of () {
	rm -rf "$1/results/$name" &&
	RESUTIL_TEST_NOW=1720091755 TZ=UTC resutil -C "$1" add one >made &&
	echo "$2" >"$1/results/$(cat made)/text"
}

test_expect_success 'setup: a server, two clones' '
	start_radosgw && make_bucket lab && clone a && clone b && clone c &&
	run_of a a && run_of b b && cp made name && name=$(cat name) &&
	test -f "a/results/$name/text" && test -f "b/results/$name/text"
'

# in_store: the text of what the store holds under that name
in_store () {
	resutil -C c cat-pack --remote origin "$name" text
}

test_expect_success 'two push one name: one wins, the other is told' '
	for round in 1 2 3 4 5
	do
		s3_ask DELETE "/lab/proj/$name.zip" 2>/dev/null
		rm -rf a/.resutil/remotes b/.resutil/remotes && begin &&
		at_once resutil -C a push "$name" &&
		at_once resutil -C b push "$name" &&
		statuses 0 1 14 1 &&
		case "$(cat status.1)" in
		0)	winner=a loser=b said=err.2 ;;
		*)	winner=b loser=a said=err.1 ;;
		esac &&
		in_store >text && echo $winner >want && test_cmp want text &&
		test_grep "$name" $said &&
		# nothing is lost: it is still here, and says so again
		echo $loser >want && test_cmp want "$loser/results/$name/text" &&
		test_expect_code 14 resutil -C $loser push "$name" 2>err &&
		in_store >text && echo $winner >want && test_cmp want text ||
		return 1
	done
'

test_expect_success 'the loser takes another name, and both are there' '
	resutil -C $loser push --rename "$name" >out 2>err &&
	resutil -C c list-remote >all && test_line_count = 2 all &&
	clone d && resutil -C d pull -A && cat d/results/*/text | sort >got &&
	printf "a\nb\n" >want && test_cmp want got
'

# radosgw takes no notice of conditions at the end of an upload in parts. So both
# may be told that they are done, when they end in the same moment; who was
# there first hears of it at the next push.
test_expect_success 'two large ones, in parts: one is there whole, the other told' '
	s3_ask DELETE "/lab/proj/$name.zip" 2>/dev/null
	rm -rf a/.resutil/remotes b/.resutil/remotes &&
	run_of $loser $loser &&
	for dir in a b
	do
		head -c 20000000 /dev/urandom >"$dir/results/$name/large" ||
		return 1
	done &&
	begin && at_once resutil -C a push "$name" &&
	at_once resutil -C b push "$name" && all_over &&
	cat status.1 status.2 >got && grep -x 0 got &&
	test_grep ! -v "^\(0\|14\)$" got && in_store >text &&
	winner=$(cat text) && loser=$(printf "ab" | tr -d $winner) &&
	resutil -C c cat-pack --remote origin "$name" large >large &&
	cmp "$winner/results/$name/large" large &&
	resutil -C $winner push "$name" &&
	test_expect_code 14 resutil -C $loser push "$name" 2>err &&
	test_path_is_file "$loser/results/$name/large" &&
	s3_ask GET "/lab?uploads" >uploads 2>/dev/null &&
	test_grep ! "<Upload>" uploads
'

test_expect_success 'the same run from two places: both succeed, it is there once' '
	clone e && run_of e same && s3_ask DELETE "/lab/proj/$name.zip" 2>/dev/null
	rm -rf f && cp -R e f && begin &&
	at_once resutil -C e push "$name" &&
	at_once resutil -C f push "$name" && statuses 0 2 &&
	in_store >text && echo same >want && test_cmp want text
'

test_expect_success 'of many who create one object, one does' '
	for round in 1 2 3
	do
		begin && for i in 1 2 3 4 5 6 7 8
		do
			echo $i >content.$i &&
			at_once resutil put-object --remote s3://lab --absent \
				only/$round content.$i || return 1
		done &&
		statuses 0 1 14 7 &&
		grep -lx 0 status.* >winner &&
		resutil get-object --remote s3://lab only/$round >got &&
		echo "status.$(cat got)" >want && test_cmp want winner ||
		return 1
	done
'

# add_line N: its own line onto an object that others add to
add_line () {
	tries=0
	while test $tries -lt 200
	do
		tries=$((tries + 1))
		version=$(resutil list-objects --remote s3://lab \
			--format "%(version)" sum) &&
		resutil get-object --remote s3://lab --version "$version" sum \
			>sum.$1 2>/dev/null && echo "$1" >>sum.$1 &&
		resutil put-object --remote s3://lab --version "$version" \
			sum sum.$1 >/dev/null 2>&1 && return 0
	done
	return 1
}

test_expect_success 'of many who add a line, none is lost' '
	echo 0 >sum && resutil put-object --remote s3://lab sum sum >/dev/null &&
	begin && for i in 1 2 3 4 5 6
	do
		at_once add_line $i || return 1
	done &&
	statuses 0 6 && resutil get-object --remote s3://lab sum | sort >got &&
	seq 0 6 >want && test_cmp want got
'

test_expect_success 'ten clones push ten experiments each, and pull them all' '
	clone proto && for i in 0 1 2 3 4 5 6 7 8 9
	do
		cp -R proto many.$i &&
		for j in 0 1 2 3 4 5 6 7 8 9
		do
			echo "aapfcd_20240704T1${i}0${j}00_m$i$j" || return 1
		done >names.$i &&
		while IFS= read -r one
		do
			mkdir -p "many.$i/results/$one" &&
			printf "resutil: 1\nname: \"%s\"\n" "$one" \
				>"many.$i/results/$one/resutil-exp.yaml" &&
			echo "$one" >"many.$i/results/$one/text" || return 1
		done <names.$i || return 1
	done &&
	begin && for i in 0 1 2 3 4 5 6 7 8 9
	do
		at_once resutil -C many.$i push -A -j 4 || return 1
	done &&
	statuses 0 10 &&
	cat names.? | sort >want &&
	resutil -C c list-remote >all && grep "_m[0-9]" all | sort >got &&
	test_cmp want got &&
	begin && for i in 0 1 2 3
	do
		at_once resutil -C many.$i pull -A -j 4 || return 1
	done &&
	statuses 0 4 && for i in 0 3
	do
		cat many.$i/results/*_m??/text | sort >got &&
		test_cmp want got ||
		return 1
	done
'

test_expect_success 'setup: two objects' '
	printf "%0100000d" 1 >one && printf "%0200000d" 2 >two &&
	resutil put-object --remote s3://lab whole one
'

test_expect_success 'readers see whole objects while writers replace them' '
	{
		for i in 1 2 3 4 5 6
		do
			resutil put-object --remote s3://lab whole two &&
			resutil put-object --remote s3://lab whole one ||
			echo failed
		done >writer 2>&1
		: >over
	} & writer=$!
	reads=0 && while ! test -e over && test $reads -lt 1000
	do
		reads=$((reads + 1)) &&
		resutil get-object --remote s3://lab whole >seen &&
		{ cmp -s one seen || cmp two seen; } || return 1
	done &&
	wait $writer && test_grep ! failed writer && test $reads -gt 2
'

test_done
