#!/bin/sh
test_description='code state: commit, patch and copies give the work tree again'
. ./test-lib.sh
. "$TEST_DIRECTORY/lib-code.sh"

# Random work trees, the same for the same seed: each step changes files,
# links, directories, modes, the index.
for seed in 1 2 3 4 5 6 7 8 9 10 11 12
do
	test_expect_success "random changes, seed $seed" "
		python3 '$TEST_DIRECTORY/helper/random-tree.py' $seed tree$seed &&
		snap tree$seed --treeish &&
		has left_out.nr=0 &&
		has_not error &&
		rebuilds tree$seed &&
		test_commit tree$seed all &&
		has \"treeish=\$(git -C tree$seed rev-parse HEAD^{tree})\"
	"
done

test_expect_success 'line ends that git changes are kept as they are' '
	make_repo crlf &&
	git -C crlf config core.autocrlf true &&
	printf "a\r\nb\r\n" >crlf/dos && printf "a\nb\r\n" >crlf/mixed &&
	test_commit crlf second &&
	printf "a\r\nb\r\nc\r\n" >crlf/dos && printf "a\nb\r\nc\n" >crlf/mixed &&
	printf "x\r\n" >crlf/new &&
	snap crlf &&
	rebuild crlf &&
	for file in dos mixed new
	do
		test_cmp_bin crlf/$file again/$file || return 1
	done
'

test_expect_success 'files without a newline at their end, and empty ones' '
	make_repo ends &&
	printf a >ends/a && : >ends/b && printf "c\n" >ends/c &&
	test_commit ends second &&
	printf "a\n" >ends/a && printf b >ends/b && : >ends/c &&
	: >ends/d && git -C ends add d && : >ends/e &&
	snap ends &&
	rebuilds ends
'

test_expect_success 'the patch alone gives all tracked files' '
	make_repo patch &&
	head -c 3000 /dev/urandom >patch/bin && test_commit patch second &&
	head -c 3000 /dev/urandom >patch/bin && chmod +x patch/train.py &&
	rm patch/data.csv && ln -s bin patch/data.csv &&
	echo x >patch/new && git -C patch add new &&
	snap patch &&
	rm -r snap/uncommited_files &&
	rebuilds patch
'

test_done
