#!/bin/sh

test_description='bucket on a host reached by ssh, and scp and sftp beside it'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

test_expect_success 'setup: files that scp has put there' '
	start_sshd && mkdir "$SSH_STORES/lab" && mkdir -p theirs/Data/sub &&
	echo one >theirs/Data/a.txt && echo "two words" >"theirs/Data/sub/b c" &&
	echo quote >"theirs/Data/it'\''s \"x\" \$HOME" && mkdir theirs/Data2 &&
	echo no >theirs/Data2/c &&
	scp -q -F "$SSH_CONFIG" -r theirs/Data theirs/Data2 \
		lab:"$SSH_STORES/lab/" &&
	url=$(ssh_url lab lab) && mkdir here
'

test_expect_success 'what scp put is listed, found and fetched' '
	resutil bucket --remote "$url" --list >actual &&
	printf "%s\n" Data/ Data2/ >expect && test_cmp expect actual &&
	resutil bucket --remote "$url" --find -z "Data/*" >actual &&
	tr "\0" "\n" <actual >keys && test_line_count = 3 keys &&
	resutil bucket --remote "$url" --root here --download "Data/*" >out &&
	test_grep "^3 downloaded, " out && diff -r theirs/Data here/Data &&
	resutil bucket --remote "$url" --root here --download "Data/*" >out &&
	echo "0 downloaded, 3 the same" >expect && test_cmp expect out
'

test_expect_success 'what is put, sftp and find see' '
	echo changed >here/Data/a.txt && mkdir -p "here/New dir" &&
	printf x >"here/New dir/-f
second line" && head -c 300000 /dev/urandom >here/Data/large &&
	resutil bucket --remote "$url" --root here --upload "*" >out &&
	test_grep "^3 uploaded, 2 the same, " out &&
	test_cmp here/Data/large "$SSH_STORES/lab/Data/large" &&
	diff -r here/Data "$SSH_STORES/lab/Data" &&
	diff -r "here/New dir" "$SSH_STORES/lab/New dir" &&
	printf "%s\n" "get $SSH_STORES/lab/Data/a.txt got" >batch &&
	sftp -q -F "$SSH_CONFIG" -b batch lab >out 2>&1 &&
	test_cmp here/Data/a.txt got &&
	find "$SSH_STORES/lab" -name ".resutil-*" ! -name .resutil-ssh-lock \
		>left && test_must_be_empty left
'

test_expect_success 'remove takes what is meant' '
	resutil bucket --remote "$url" --remove -y "Data/*" >out &&
	test_grep "^4 removed, " out &&
	find "$SSH_STORES/lab" -type f -path "*/Data/*" >left &&
	test_must_be_empty left &&
	test_path_is_file "$SSH_STORES/lab/Data2/c"
'

test_expect_success 'a host that is not there is 12, a directory that is not there too' '
	test_expect_code 12 resutil bucket \
		--remote "$(ssh_url lab gone)" --find "*" 2>err &&
	test_must_fail resutil bucket --remote "$(ssh_url lab-nologin lab)" \
		--find "*" 2>err && test_line_count = 1 err
'

test_done
