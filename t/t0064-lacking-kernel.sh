#!/bin/sh

test_description='everything works where the kernel or the file system is poor

Calls that older kernels, sandboxes and network file systems do not have fail
as they do there; what is done instead leaves the same behind.
'
. ./test-lib.sh

unset RESUTIL_NO_REMOTE

test_lazy_prereq LACKING '
	lacking-kernel openat2 -- true
'

if ! test_have_prereq LACKING
then
	test_skip_all 'system calls cannot be filtered here'
fi

# poor COMMAND...: with the calls of $lacks
poor () {
	lacking-kernel $lacks -- "$@"
}

# story: all that writes, in one project; hashes of all into the file $1
story () {
	rm -rf project project.store repo-out from &&
	make_repo project && make_project project >/dev/null &&
	mkdir -p from/sub && echo one >from/a && echo two >from/sub/b &&
	head -c 3000000 /dev/zero >from/large && ln -s a from/link &&
	(
		cd project &&
		test_set_now 1720091755 &&
		echo changed >>train.py && mkdir new && echo 1 >new/file &&
		poor resutil run -m first --collect "*.out" -- sh -c \
			"echo hello; echo result >x.out" >/dev/null &&
		poor resutil add --from ../from second >/dev/null &&
		poor resutil push -A >/dev/null &&
		test_set_now 1720091800 &&
		poor resutil run -m third -d second -- true &&
		poor resutil comment third third-b >/dev/null &&
		poor resutil push -A >/dev/null &&
		resutil list-exps >../names &&
		test_line_count = 3 ../names &&
		hash_all >../"$1" &&
		poor resutil rm -l -y $(cat ../names) >/dev/null &&
		poor resutil pull -A >/dev/null &&
		hash_all >../pulled && test_cmp ../"$1" ../pulled &&
		first=$(resutil rev-exp first) &&
		poor resutil show first:x.out >../shown &&
		poor resutil show "first:uncommited_files/new/file" >>../shown &&
		test "$(cat ../shown)" = "result
1" &&
		echo more >"results/$first/more" &&
		poor resutil update-exp --set info.x=1 first &&
		poor resutil push first >/dev/null &&
		poor resutil rm -r -y second >/dev/null &&
		resutil list >../list &&
		resutil fsck --remote >../fsck.out &&
		find results .resutil ../project.store -mindepth 1 \
			-name ".*" ! -name .gitignore ! -name ".*lock*" \
			>../hidden &&
		test_must_be_empty ../hidden
	)
}

hash_all () {
	while read -r hash_name
	do
		resutil hash-experiment "$hash_name" || return 1
	done <../names
}

test_expect_success 'setup: what a good kernel leaves' '
	lacks= && poor () { "$@"; } &&
	story expect &&
	poor () { lacking-kernel $lacks -- "$@"; }
'

for lacks in renameat2 renameat2=EINVAL openat2 copy_file_range=EXDEV \
	copy_file_range=EOPNOTSUPP linkat=EPERM flock ioctl=EOPNOTSUPP \
	"renameat2=EINVAL linkat=EPERM" \
	"renameat2 openat2 copy_file_range flock"
do
	test_expect_success "without $lacks" '
		story actual &&
		test_cmp expect actual
	'
done

for lacks in openat2 openat2=EPERM
do
	test_expect_success "no link leads out of an experiment, without $lacks" '
		cd project && dir=results/$(resutil rev-exp first) &&
		echo secret >../secret && ln -s ../../.. "$dir/out" &&
		ln -s ../../../secret "$dir/sub" &&
		test_when_finished "rm \"$PWD/$dir/out\" \"$PWD/$dir/sub\"" &&
		for path in out/secret out sub
		do
			test_expect_code 128 poor resutil show first:$path \
				>out 2>err &&
			test_must_be_empty out &&
			test_grep "leads out of the experiment" err || return 1
		done &&
		test_expect_code 10 poor resutil show first:x.out/a &&
		test "$(poor resutil show first:x.out)" = result
	'
done

for lacks in renameat2=EINVAL "renameat2 linkat=EPERM"
do
	test_expect_success "what is there is not replaced, without $lacks" '
		mkdir -p r/aapfup_20240704T191555 s/p && echo a >s/p/a &&
		resutil write-exp --force --dir=r/aapfup_20240704T191555 \
			>/dev/null &&
		cp r/*/resutil-exp.yaml before &&
		test_expect_code 14 poor resutil write-exp \
			--dir=r/aapfup_20240704T191555 &&
		test_cmp before r/*/resutil-exp.yaml &&
		test_expect_code 14 poor resutil put-object --remote=dir:s --absent p/a \
			before &&
		echo a >expect && test_cmp expect s/p/a &&
		find r s -name ".*" ! -name ".*lock*" -type f >hidden &&
		test_must_be_empty hidden
	'
done

test_done
