#!/bin/sh

test_description='static programs; programs without what not every machine has'

. ./test-lib.sh

STATIC=$BUILD_DIRECTORY/static PLAIN=$BUILD_DIRECTORY/plain

# Not with a sanitizer, and not where the system has no archives.
test_lazy_prereq STATIC 'test -x "$STATIC/resutil"'

test_expect_success !SANITIZED 'on Debian there are static programs' '
	test -x "$STATIC/resutil" || ! test -f /etc/debian_version
'

test_expect_success 'setup: some measurements, and text that packs well' '
	mkdir in rows && python3 -B - >rows/metrics-0000.csv <<-\END &&
	print("at,loss,step,\"odd, name\",text")
	for i in range(3000):
	    print(f"{1700000000 + i},{1 / (i + 1)},{i},{i * 7 % 13},\"a,{i}\"")
	END
	seq 1 200000 >in/numbers && make_project proj &&
	name=$(cd proj && resutil add many --from ../in) &&
	( cd proj && resutil hash-experiment "$name" ) >hash
'

if test_have_prereq STATIC
then

test_expect_success 'static: no loader, no library' '
	for program in resutil libexec/resutil-edit libexec/resutil-index \
		libexec/resutil-pack
	do
		readelf -l -d "$STATIC/$program" >elf &&
		test_grep "no dynamic section" elf &&
		test_must_fail grep -i -e INTERP -e NEEDED elf || return 1
	done
'

# A directory that has the program, its commands and a project, and nothing else;
# whoever may not chroot gets libraries that are none.
chroot=$(PATH=$PATH:/usr/sbin:/sbin command -v chroot)
nowhere () {
	if test "$(id -u)" = 0 &&
		"$chroot" nowhere /usr/bin/resutil version >version 2>&1
	then
		env -i PATH=/usr/bin HOME=/ \
			"$chroot" nowhere /usr/bin/resutil -C /proj "$@"
	else
		env -i PATH=/usr/bin:/bin HOME="$HOME" \
			LD_LIBRARY_PATH="$PWD/broken" \
			nowhere/usr/bin/resutil -C nowhere/proj "$@"
	fi
}

test_expect_success 'static: it runs where there is no library' '
	mkdir broken && for library in libc.so.6 libyaml-0.so.2 libcrypto.so.3 \
		libjansson.so.4 libz.so.1 libsqlite3.so.0
	do
		>broken/$library || return 1
	done &&
	mkdir -p nowhere/usr/bin nowhere/usr/libexec/resutil &&
	cp "$STATIC"/resutil nowhere/usr/bin/ &&
	cp "$STATIC"/libexec/* nowhere/usr/libexec/resutil/ &&
	cp -R proj nowhere/ && sed "s|$PWD/proj.store|/proj/store|" \
		proj/resutil-conf.yaml >nowhere/proj/resutil-conf.yaml &&
	test_expect_code 127 env LD_LIBRARY_PATH="$PWD/broken" resutil version &&
	nowhere version --build-options >options &&
	test_grep "^static: true" options && test_grep "^libcrypto: 3" options &&
	test_grep "^libcurl: missing" options
'

test_expect_success 'static: hashes, packs, lists and reports are the same' '
	nowhere hash-experiment "$name" >actual && test_cmp hash actual &&
	nowhere pack-exp -o ../static.zip "$name" &&
	resutil verify-pack nowhere/static.zip >actual &&
	cut -f1 hash >expect && cut -f1 actual | test_cmp expect - &&
	nowhere report --format=csv >actual && test_grep many actual &&
	( cd proj && resutil report --format=csv ) >expect &&
	test_cmp expect actual
'

test_expect_success 'static: a run is recorded, with who it was' '
	make_project mine && (
		cd mine && env -u LOGNAME -u USER "$STATIC"/resutil run -m one -- \
			sh -c "echo out" >out && grep out out &&
		env -u LOGNAME -u USER resutil run -m two -- true &&
		resutil read-exp --key user one >one &&
		resutil read-exp --key user two >two && test_cmp two one &&
		"$STATIC"/resutil push one && resutil list-remote >list &&
		test_grep one list
	)
'

test_expect_success 'static: stores that speak HTTP are refused in one line' '
	test_expect_code 128 "$STATIC"/resutil list-objects \
		--remote "s3://bucket/a?endpoint_url=http://127.0.0.1:1" \
		>out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	test_grep "linked statically" err
'

test_expect_success 'make STATIC=1 install-built' '
	make -s -C "$SOURCE_DIRECTORY" B="$BUILD_DIRECTORY" STATIC=1 \
		DESTDIR="$PWD/dest" install-built &&
	cmp "$STATIC"/resutil dest/usr/local/bin/resutil &&
	cmp "$STATIC"/libexec/resutil-pack \
		dest/usr/local/libexec/resutil/resutil-pack
'

fi

test_expect_success 'plain: neither ISA-L nor libdeflate is linked' '
	"$PLAIN"/resutil version --build-options >options &&
	test_grep "^deflate: zlib$" options &&
	test_grep "^libexec: $PLAIN/libexec" options &&
	readelf -d "$PLAIN"/libexec/resutil-pack \
		"$PLAIN"/libexec/resutil-index >elf &&
	test_must_fail grep -e libisal -e libdeflate elf &&
	test_grep "NEEDED.*libz" elf
'

test_expect_success 'plain: packs of each are read by the other' '
	for level in 0 1 6 9
	do
		( cd proj && "$PLAIN"/resutil pack-exp --level=$level \
			-o ../plain.zip "$name" && resutil pack-exp \
			--level=$level -o ../full.zip "$name" ) &&
		resutil verify-pack plain.zip | cut -f1 >actual &&
		"$PLAIN"/resutil verify-pack full.zip | cut -f1 >>actual &&
		cut -f1 hash >expect && cut -f1 hash >>expect &&
		test_cmp expect actual && rm plain.zip full.zip || return 1
	done
'

test_expect_success 'plain: sums are those of the instructions' '
	for functions in count,sum,min,max,last count,mean,std,median
	do
		resutil metrics --reduce $functions rows >expect &&
		"$PLAIN"/resutil metrics --reduce $functions rows >actual &&
		test_cmp expect actual && test_line_count -gt 2 actual || return 1
	done
'

test_expect_success 'plain: pushed, pulled and imported' '
	( cd proj && "$PLAIN"/resutil push "$name" ) &&
	"$PLAIN"/resutil clone "dir:$PWD/proj.store/project" copy && (
		cd copy && "$PLAIN"/resutil pull "$name" &&
		"$PLAIN"/resutil hash-experiment "$name" >../actual
	) && test_cmp hash actual
'

test_done
