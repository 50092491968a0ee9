#!/bin/sh

test_description='README.md can be typed as it stands

From "Five minutes" on its commands are one story, told with the program in
examples/iris. What needs an account or a host is left out here.'

. ./test-lib.sh

test_set_now 1720088155
TZ=Asia/Tokyo
export TZ
unset RESUTIL_NO_REMOTE

# The session as run-examples reads it. A command below which nothing stands
# may print anything; times, sizes, the user and the home are the machine's.
# Of two experiments that go at once either may be first.
as_page () {
	awk '
	/^#/ { outside = /^### Through / || /^### To another store/ }
	/^    \$ / && !outside {
		if (inside && silent)
			print "..."
		if (!inside)
			print "[source,console]\n----"
		inside = silent = 1
		sub(/ +# .*/, "")
		print substr($0, 5)
		next
	}
	inside && /^    / {
		silent = 0
		gsub(/[0-9.]+ s [|]/, "... s |")
		sub(/[|] sato$/, "| ...")
		sub(/[(][0-9.]+ KiB[)]/, "(...)")
		sub(/~\/.local.*-[0-9a-f]+ /, ".../.local/share/resutil/stores/iris-... ")
		sub(/^    (Sent|Fetched) aapfup_20240704T191555.*/, "&...")
		sub(/191555_(check|baseline)[.][.][.]$/, "191555_...")
		print substr($0, 5)
		next
	}
	inside {
		if (silent)
			print "..."
		print "----\n"
		inside = 0
	}' "$1"
}

test_expect_success 'the story has its commands' '
	as_page "$SOURCE_DIRECTORY/README.md" >page &&
	grep -c "^\\$ resutil" page >count &&
	test "$(cat count)" -ge 35 &&
	for command in init run list show push clone pull report diff rerun \
		bucket fsck gc
	do
		test_grep "^\\$ resutil $command\>" page || return 1
	done &&
	test_grep ! "gcs\|gdrive\|s3:" page
'

test_expect_success PYTHON 'each of them does what is printed' '
	cp -R "$SOURCE_DIRECTORY/examples" . &&
	HOME=$PWD python3 "$SOURCE_DIRECTORY/tools/run-examples" --succeed page
'

# The files that it says an experiment has.
test_expect_success PYTHON 'an experiment is what it says' '
	sed -n "/^    results\/aapfup/,/^$/s/^        \([a-z].*\)/\1/p" \
		"$SOURCE_DIRECTORY/README.md" |
	sed "s/   .*//" | tr " " "\n" | sed "s/\/$//" | sort >expect &&
	ls iris/results/aapfup_20240704T191555_baseline | sort >actual &&
	test_cmp expect actual
'

test_done
