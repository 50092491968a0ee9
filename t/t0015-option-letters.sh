#!/bin/sh

test_description='one letter has one meaning in all commands

Read from the completion tables. DESIGN gives -d, -n, -m and -r more than one
meaning; what is allowed beside the table stands here with its reason.'

. ./test-lib.sh

all_commands () {
	sed -n '/^COMMAND/,$s/^[^"]*"\([a-z-]*\)",.*cmd_.*/\1/p' \
		"$SOURCE_DIRECTORY"/command-list.h
}

# letter TAB long name ("-": has none)
cat >meanings <<\EOF
A all
C -
a all
c -
d dependency
f follow
g guides
h help
j jobs
l local
m comment
n dry-run
o -
q quiet
r remote
s series
v verbose
y yes
z -
EOF

# command, letter, long name. How many (log -n 5) is what git's users know;
# none of these changes anything, so -n means nothing else there. The keys
# that do not match (match-keys -v) are what grep's users know. rm -r is a flag
# beside --remote R, which names the store. bench has the letters of ab and
# hey, which their users know, and tag those of git tag.
cat >allowed <<\EOF
bench c concurrency
bench d duration
bench n number
bench w warmup
list n max-count
log n max-count
match-keys v invert-match
report n limit
rm r -
tag d delete
tag l list
EOF

test_expect_success 'the letters of all commands' '
	all_commands >commands &&
	test_line_count -gt 20 commands &&
	{
		resutil --completion-table | sed "s/^/resutil	/" &&
		while read -r command
		do
			resutil "$command" --completion-table >table ||
				return 1
			sed "s/^/$command	/" table
		done <commands
	} >tables &&
	awk -F "\t" "\$2 != \"\" {
		print \$1, \$2, \$3 == \"\" ? \"-\" : \$3
	}" tables >letters &&
	test_line_count -gt 40 letters
'

test_expect_success 'each means what the table says' '
	awk "
		FILENAME == \"meanings\" { meaning[\$1] = \$2; next }
		FILENAME == \"allowed\" { fine[\$0] = 1; next }
		meaning[\$2] != \$3 && !(\$0 in fine)
	" meanings allowed letters >bad &&
	test_must_be_empty bad
'

test_expect_success 'nothing is allowed that no command does' '
	sort allowed >allowed.sorted &&
	sort letters >letters.sorted &&
	comm -23 allowed.sorted letters.sorted >stale &&
	test_must_be_empty stale
'

# DESIGN gives --all the letter A where it moves things.
test_expect_success 'a long name has the same letter everywhere, or none' '
	awk "\$3 != \"-\" && \$2 != \"A\" { print \$3, \$2 }" letters |
		sort -u >pairs &&
	cut -d " " -f 1 pairs | uniq -d >twice &&
	test_must_be_empty twice
'

test_done
