#!/bin/sh
test_description='packs that other programs wrote'
. ./test-lib.sh

test "$(python3 -c "print(1)" 2>/dev/null)" = 1 ||
test_skip_all "python3 is missing"

ZIPS=$TEST_DIRECTORY/fixtures/zip

# kinds, modes, sizes, names and targets, by name
tree_of () {
	(
		cd "$1" && find . ! -path . | sort | while IFS= read -r name
		do
			if test -h "$name"
			then
				echo "l $name $(readlink "$name")"
			elif test -d "$name"
			then
				echo "$(ls -ld "$name" | cut -c1-10) $name"
			else
				echo "$(ls -ld "$name" | cut -c1-10) $name" \
					"$(cksum <"$name")"
			fi
		done
	)
}

# unpacks ZIP TREE
unpacks () {
	rm -rf unpacked &&
	resutil verify-pack "$ZIPS/$1.zip" >out 2>err &&
	test_must_be_empty err &&
	resutil unpack-exp -C unpacked "$ZIPS/$1.zip" 2>err &&
	test_must_be_empty err &&
	tree_of unpacked >actual && test_cmp "$2" actual
}

# as_listed ZIP TREE: what list-pack says, and cat-pack gives, is in the tree.
as_listed () {
	resutil list-pack -z "$ZIPS/$1.zip" >list &&
	python3 -S -E - "$2" "$ZIPS/$1.zip" <<-\END
	import os, subprocess, sys
	names = set()
	for record in open("list", "rb").read().split(b"\0")[:-1]:
	    name = record.split(b"\t")[-1]
	    path = os.path.join(os.fsencode(sys.argv[1]), name.rstrip(b"/"))
	    names.add(path)
	    if os.path.isfile(path) and not os.path.islink(path):
	        got = subprocess.run(["resutil", "cat-pack", sys.argv[2],
	                              name], stdout=subprocess.PIPE, check=True)
	        assert got.stdout == open(path, "rb").read(), name
	found = set()
	for top, dirs, files in os.walk(os.fsencode(sys.argv[1])):
	    found |= {os.path.join(top, n) for n in dirs + files}
	assert names <= found, names - found
	# directories may be implied
	assert not [n for n in found - names if not os.path.isdir(n)], found
	END
}

refused () {
	for command in list-pack verify-pack "unpack-exp -C unpacked"
	do
		rm -rf unpacked &&
		test_expect_code 13 resutil $command "$ZIPS/$1.zip" \
			>out 2>err &&
		test_must_be_empty out && test_line_count = 1 err &&
		test_grep -F -e "$2" err && test_path_is_missing unpacked ||
		return 1
	done
}

test_expect_success 'setup: what all of them packed' '
	mkdir -p full/dir/hollow full/grün &&
	echo hello >full/hello.txt &&
	printf "#!/bin/sh\n" >full/run.sh && chmod 755 full/run.sh &&
	: >full/none &&
	i=0 && while test $i -lt 200
	do
		echo "$i,$(($i * $i))" && i=$(($i + 1))
	done >full/dir/numbers.csv &&
	echo konnichiwa >full/grün/日本.txt &&
	ln -s dir full/latest &&
	tree_of full >full.list &&
	cp -a full files && rm files/latest && tree_of files >files.list &&
	cp -a files plain && chmod 644 plain/run.sh &&
	tree_of plain >plain.list &&
	cp -a full no-hollow && rmdir no-hollow/dir/hollow &&
	tree_of no-hollow >no-hollow.list
'

for zip in infozip-file infozip-pipe infozip-fd infozip-fz infozip-bare \
	infozip-un-utf8 infozip-comment 7z 7z-copy bsdtar-file bsdtar-store \
	go-header
do
	test_expect_success "$zip: all of it" '
		unpacks $zip full.list && as_listed $zip full &&
		test "$(stat -c %Y unpacked/hello.txt)" = 1720120554
	'
done

for zip in python-file python-pipe python-store python-zip64 \
	python-zip64-pipe
do
	test_expect_success "$zip: files with their modes" '
		unpacks $zip files.list && as_listed $zip files &&
		test "$(stat -c %Y unpacked/hello.txt)" = 1720120554
	'
done

for zip in java-jar java-util go-create
do
	test_expect_success "$zip: files" '
		unpacks $zip plain.list && as_listed $zip plain
	'
done

test_expect_success 'directories that are not in it' '
	unpacks infozip-no-dirs no-hollow.list &&
	as_listed infozip-no-dirs no-hollow
'

test_expect_success 'what has no modes gets those of new files' '
	(
		umask 077 &&
		resutil unpack-exp -C private "$ZIPS/java-util.zip"
	) &&
	ls -ld private/hello.txt private/dir >modes &&
	test_grep "^-rw-------" modes && test_grep "^drwx------" modes
'

test_expect_success 'names as Unicode beside, escaped, in a code page' '
	for zip in infozip-un-escape infozip-un-no
	do
		rm -rf unpacked &&
		resutil unpack-exp -C unpacked "$ZIPS/$zip.zip" &&
		test "$(cat unpacked/grün/日本.txt)" = konnichiwa || return 1
	done &&
	resutil list-pack "$ZIPS/windows-explorer.zip" >list &&
	test_grep -F "grün/x.txt" list &&
	resutil list-pack "$ZIPS/windows-infozip.zip" >list &&
	test_grep -F "grün/日.txt" list &&
	resutil cat-pack "$ZIPS/windows-infozip.zip" grün/日.txt >text &&
	test_line_count = 20 text &&
	resutil verify-pack "$ZIPS/windows-infozip.zip" >out
'

test_expect_success 'zip of standard input' '
	resutil cat-pack "$ZIPS/infozip-stdin.zip" - >actual &&
	test_cmp full/dir/numbers.csv actual
'

test_expect_success 'a time of NTFS, a local time, no time' '
	rm -rf unpacked &&
	resutil unpack-exp -C unpacked "$ZIPS/windows-7z.zip" &&
	test "$(stat -c %Y unpacked/dir/hello.txt)" = 1720120555 &&
	rm -rf unpacked &&
	TZ=Asia/Tokyo resutil unpack-exp -C unpacked \
		"$ZIPS/windows-explorer.zip" &&
	test "$(stat -c %Y unpacked/hello.txt)" = $((1720120554 - 9 * 3600)) &&
	rm -rf unpacked &&
	resutil unpack-exp -C unpacked "$ZIPS/go-create.zip" &&
	test "$(stat -c %Y unpacked/hello.txt)" = 315532800
'

test_expect_success 'macOS: what belongs to files beside them' '
	resutil list-pack "$ZIPS/macos-ditto.zip" >list &&
	test_line_count = 5 list &&
	resutil verify-pack "$ZIPS/macos-ditto.zip" &&
	rm -rf unpacked &&
	resutil unpack-exp -C unpacked "$ZIPS/macos-ditto.zip" &&
	test_path_is_file "unpacked/__MACOSX/proj/._$(printf "u\314\210").txt"
'

test_expect_success 'small ones' '
	for zip in infozip-2 java-stored
	do
		rm -rf unpacked &&
		resutil unpack-exp -C unpacked "$ZIPS/$zip.zip" &&
		test "$(ls unpacked)" = hello.txt &&
		test_cmp full/hello.txt unpacked/hello.txt || return 1
	done &&
	for zip in empty python-empty
	do
		rm -rf unpacked &&
		resutil unpack-exp -C unpacked "$ZIPS/$zip.zip" &&
		test_dir_is_empty unpacked || return 1
	done &&
	rm -rf unpacked &&
	resutil unpack-exp -C unpacked "$ZIPS/python-writestr.zip" &&
	test "$(cat unpacked/a/b.txt unpacked/c.txt)" = "text
more"
'

test_expect_success 'and what is refused, with the reason' '
	refused 7z-aes "it is encrypted" &&
	refused infozip-encrypted "it is encrypted" &&
	refused 7z-lzma "a method other than deflate" &&
	refused 7z-bzip2 "a method other than deflate" &&
	refused windows-backslash "which may separate directories" &&
	refused bsdtar-pipe "zip" &&
	refused infozip-stdin-pipe "neither a file nor a directory"
'

test_expect_success 'all fixtures were looked at' '
	ls "$ZIPS"/*.zip | sed "s|.*/||; s/\.zip$//" >there &&
	for zip in $(cat there)
	do
		grep -q -e "\b$zip\b" "$TEST_DIRECTORY/t3410-other-writers.sh" ||
		{ echo "$zip is in no test" && return 1; }
	done
'

test_done
