#!/bin/sh
test_description='ssh: names of any bytes, of objects and of stores'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

start_sshd && ssh_shared || exit 1
url=$(ssh_url lab store)
store=$SSH_STORES/store

# Each byte that a name can have: at its beginning, at its end, twice alone.
cat >make-names.py <<\EOF
import os, sys
top = os.fsencode(sys.argv[1])
words = [b"-n", b"-name", b" a ", b"a/b/c", b"a\nb/c\n", b"\n", b"*/?[a]\\",
         b"$(touch x)", b"`id`", b"q'q\"q", b"$nl", b"!", b"a;b&c|d", b"~",
         b"#x", b"a\\nb", b"%s%n", b"d/\t", b"p/aa1", b"p/aa2/x", b"p/ab",
         b"p[x]*/aa1", b"\xe3\x83\xa9\xe3\x83\x9c", b"x" * 255]
for i in range(1, 256):
    if i != 47:
        c = bytes([i])
        words += [b"any/" + w for w in (c + b"x", b"y" + c, c + c)
                  if w != b".."]
for word in words:
    path = os.path.join(top, word)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(word[::-1])
with open(sys.argv[2], "wb") as f:
    f.write(b"".join(sorted({w + b"\0" for w in words})))
EOF

# keys_of FILE: of what list-objects -z wrote
keys_of () {
	/usr/bin/python3 -c '
import sys
records = open(sys.argv[1], "rb").read().split(b"\0")[:-1]
keys = [r.split(b"\t", 2)[2] for r in records]
sys.stdout.buffer.write(b"".join(k + b"\0" for k in keys))' "$1"
}

test_expect_success 'setup' '
	/usr/bin/python3 make-names.py "$store" names &&
	mkdir -p "$store/empty/deep" "$store/.resutil-x" &&
	echo 1 >"$store/.resutil-x/y" && echo 2 >"$store/any/.resutil-put-1" &&
	ln -s -- -n "$store/link" && ln -s p "$store/linked" &&
	mkfifo "$store/fifo" && ln -s /nowhere "$store/dangling"
'

test_expect_success 'every name is listed as it is, also those that are no UTF-8' '
	resutil list-objects -z --remote "$url" >listed &&
	keys_of listed >keys && test_cmp_bin names keys
'

test_expect_success 'sizes, versions and times are those that a directory has' '
	resutil list-objects -z --remote "dir:$store" >by-dir &&
	test_cmp_bin by-dir listed
'

test_expect_success 'a prefix may have what means something to a shell or to find' '
	echo "p[x]*/aa1" >want &&
	resutil list-objects --remote "$url" "p[x]*/" >out &&
	cut -f 3 out >keys && test_cmp want keys &&
	resutil list-objects --remote "$url" "p[" >out &&
	cut -f 3 out >keys && test_cmp want keys &&
	resutil list-objects --remote "$url" "*/?[a]\\" >out &&
	test_line_count = 1 out &&
	resutil list-objects --remote "$url" "$(printf "a\nb/c")" >out &&
	test_line_count = 1 out &&
	resutil list-objects --remote "$url" -- -na >out &&
	cut -f 3 out >keys && echo -name >want && test_cmp want keys
'

test_expect_success 'one level, also from the middle of a name' '
	resutil list-objects --remote "dir:$store" --one-level -z >want &&
	resutil list-objects --remote "$url" --one-level -z >out &&
	test_cmp_bin want out &&
	resutil list-objects --remote "$url" --one-level p/aa >out &&
	cut -f 3 out >keys && printf "%s\n" p/aa1 p/aa2/ >want &&
	test_cmp want keys
'

test_expect_success 'links, and what is no file, are not there; nor what is behind them' '
	for key in link linked/ab fifo dangling a p/
	do
		test_might_fail resutil get-object --remote "$url" "$key" \
			>out 2>err && test_must_be_empty out || return 1
	done &&
	test_expect_code 10 resutil get-object --remote "$url" linked/ab &&
	resutil list-objects --remote "$url" linked/ >out &&
	test_must_be_empty out
'

test_expect_success 'objects of such names are put, read and removed' '
	for key in "-rf" " both " "a
b" "\$(touch $PWD/made)" "q\"q" "back\\slash" "*" "$(printf "\377\n.")x"
	do
		key=$key/$key && echo "of $key" >content &&
		resutil put-object --remote "$url" "put/$key" content &&
		test_cmp_bin content "$store/put/$key" &&
		resutil get-object --remote "$url" "put/$key" >got &&
		test_cmp_bin content got || return 1
	done &&
	resutil list-objects -z --remote "$url" put/ >listed &&
	keys_of listed | resutil remove-object --stdin -z --remote "$url" &&
	test_path_is_missing "$store/put" && test_path_is_missing made
'

test_expect_success 'a link in the way of what is put is not followed' '
	echo new >content &&
	test_must_fail resutil put-object --remote "$url" linked/new content &&
	test_path_is_missing "$store/p/new" &&
	test_must_fail resutil put-object --remote "$url" link content &&
	test_path_is_link "$store/link" && printf "n-" >want &&
	test_cmp want "$store/-n"
'

# store_named NAME URL-NAME: a store of that name does all that a store does
store_named () {
	mkdir "$SSH_STORES/$1" && echo x >content &&
	resutil put-object --remote "$(ssh_url lab "$2")" k/o content &&
	test_cmp content "$SSH_STORES/$1/k/o" &&
	resutil get-object --remote "$(ssh_url lab "$2")" k/o >got &&
	test_cmp content got
}

test_expect_success 'stores may have such names, too' '
	store_named " a  b " "%20a%20%20b%20" && store_named -n -n &&
	store_named "\$(id)\`id\`" "%24%28id%29%60id%60" &&
	store_named "q\"*?[a]\\" "q%22%2A%3F%5Ba%5D%5C" &&
	store_named "it$(printf "\047")s" "it%27s"
'

test_expect_success 'a conf may name one that no URL can' '
	name="tab	and
line" &&
	mkdir project "$SSH_STORES/$name" && echo x >content &&
	cat >project/resutil-conf.yaml <<-END &&
	project_name: P
	results_dir: results
	storage_type: ssh
	storage_config:
	  host: lab
	  path: "$SSH_STORES/tab\tand\nline"
	END
	resutil -C project put-object k/o ../content &&
	test_cmp content "$SSH_STORES/$name/k/o"
'

test_expect_success 'a store that is itself behind a link is used' '
	ln -s store "$SSH_STORES/by-link" &&
	resutil list-objects --remote "$(ssh_url lab by-link)" p/ >out &&
	test_line_count = 3 out
'

test_expect_success 'a path without a slash in front is one of the home there' '
	mkdir -p "$SSH_HOME/of mine/~" && echo x >content &&
	resutil put-object --remote "ssh://lab/~/of%20mine" o content &&
	test_cmp content "$SSH_HOME/of mine/o" &&
	resutil put-object --remote "ssh://lab/~/of%20mine/~" o content &&
	test_cmp content "$SSH_HOME/of mine/~/o" &&
	resutil list-objects --remote "ssh://lab/~" "of mine/" >out &&
	cut -f 3 out >keys && printf "%s\n" "of mine/o" "of mine/~/o" >want &&
	test_cmp want keys
'

test_expect_success 'a directory that is missing is no empty store, and is not made' '
	test_expect_code 12 resutil list-objects \
		--remote "$(ssh_url lab missing)" >out 2>err &&
	test_must_be_empty out && grep "no directory .*/missing. on .lab.;" err &&
	test_expect_code 12 resutil put-object \
		--remote "$(ssh_url lab missing)" o content &&
	test_path_is_missing "$SSH_STORES/missing" &&
	: >"$SSH_STORES/file" &&
	test_expect_code 12 resutil list-objects --remote "$(ssh_url lab file)"
'

test_expect_success 'names with the beginning that stores keep are refused' '
	test_expect_code 129 resutil get-object --remote "$url" .resutil-x/y \
		2>err && grep "keeps names with" err &&
	resutil list-objects --remote "$url" .resutil- >out &&
	test_must_be_empty out
'

test_done
