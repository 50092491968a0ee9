#!/bin/sh

test_description='Drive: a store of the Python Resutil is pulled whole

As that tool leaves it: no metadata, no hashes, more packs than it sees itself
(a page of 100), and what people do to a folder that they all may write to.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh
unset RESUTIL_NO_REMOTE

test_expect_success 'setup: a folder that is shared, 150 packs, and litter' '
	start_drive && lab=$(drive_folder lab) && base=$(drive_folder resutil "$lab") &&
	drive_share "$base" "$GOOGLE_ACCOUNT" writer &&
	elsewhere=$(drive_folder MyProj "$lab") &&
	drive_share "$elsewhere" "$GOOGLE_ACCOUNT" writer &&
	thrown=$(drive_folder MyProj "$base") &&
	folder=$(drive_folder MyProj "$base") &&
	cat >fill.py <<-\EOF &&
	import base64, io, json, os, sys, urllib.request, zipfile

	url, folder, thrown, elsewhere = sys.argv[1:]

	def ask(control, **args):
	    body = json.dumps(args).encode()
	    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
	    return json.load(opener.open(url + "/_test/" + control, body))

	def put(name, data, parent=folder, mime="application/zip", **more):
	    return ask("drive_file", parent=parent, name=name, mimeType=mime,
	               base64=base64.b64encode(data).decode(), **more)["id"]

	before = None
	for i in range(150):
	    name = "aapfup_20240704T%06d_日本 it'"'"'s a b" % (
	        191555 + i % 5 + i // 5 * 100)
	    record = ("args: main.py --x %d\ndependency:%s\ngit:\n"
	              "  commit_hash: null\n  uncommited_files: []\n"
	              "result_dir: results/%s\n" % (
	                  i, "\n- results/" + before if before else " []", name))
	    files = {"resutil-exp.yaml": record, "data/out.txt": str(i) * 500,
	             "data/日本.txt": "x\n", ".hidden": ""}
	    os.makedirs("want/" + name + "/data")
	    out = io.BytesIO()
	    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
	        for path, text in files.items():
	            pack.writestr(path, text)
	            with open("want/%s/%s" % (name, path), "w") as f:
	                f.write(text)
	    put(name + ".zip", out.getvalue())
	    before = name
	first = "aapfup_20240704T191555_日本 it'"'"'s a b"
	# an upload of the same, older and broken, and one in the trash
	put(first + ".zip", b"half of it", modifiedTime="2024-07-04T00:00:00Z")
	ask("drive_trash", id=put("aapfup_20240704T101010_trashed.zip", b"x"))
	put("aapfup_20240704T101010_elsewhere.zip", b"x", elsewhere)
	put("aapfup_20240704T101010_thrown.zip", b"x", thrown)
	ask("drive_trash", id=thrown)
	put("notes.txt", b"read me", mime="text/plain")
	put("aapfup_20240704T101010_sheet.zip", b"", mime="application/zip")
	ask("drive_folder", parent=folder, name="aapfup_20240704T101010_dir.zip")
	EOF
	/usr/bin/python3 fill.py "$GOOGLE" "$folder" "$thrown" "$elsewhere" &&
	ls want >expect && test_line_count = 150 expect
'

test_expect_success 'the conf that it wrote works with the place besides' '
	mkdir p && (cd p && google_key key.json) &&
	cat >p/resutil-conf.yaml <<-END &&
	project_name: MyProj
	results_dir: results/
	storage_config:
	  base_folder_id: $base
	  key_file_path: key.json
	  api_root: $DRIVE_ROOT
	storage_type: gdrive
	END
	resutil -C p list-remote >names && sort names >got &&
	{ cat expect && echo aapfup_20240704T101010_sheet; } | sort >all &&
	test_cmp all got
'

test_expect_success 'an empty file is told of; the others are pulled' '
	test_must_fail resutil -C p pull -A 2>err &&
	test_grep "aapfup_20240704T101010_sheet" err &&
	ls p/results >got && test_cmp expect got && rm -f p/results/.gitignore &&
	diff -r want p/results && resutil -C p check-project
'

# id_of PATH: of a file, by the end of its path
id_of () {
	google_admin drive_tree | grep -B 1 -F "$1\"," |
	sed -n "s/.*\"id\": \"\(.*\)\",/\1/p" | head -n 1
}

test_expect_success 'without it all is well' '
	google_admin drive_delete "{\"id\": \"$(id_of _sheet.zip)\"}" &&
	resutil -C p pull -A 2>err && test_must_be_empty err
'

test_expect_success 'the folder is given as people paste it, too' '
	mkdir q && cp p/key.json q/ && link=https://drive.google.com/drive/u/0 &&
	sed "s,base_folder_id: .*,base_folder_id: $link/folders/$base?usp=sharing," \
		p/resutil-conf.yaml >q/resutil-conf.yaml &&
	third=$(sed -n 3p expect) && resutil -C q pull "$third" &&
	ls q/results >got && head -n 3 expect >three && test_cmp three got
'

test_expect_success 'another pull asks for lists alone' '
	wc -l <"$DRIVE_LOG" >before && resutil -C p pull -A &&
	tail -n +$(($(cat before) + 1)) "$DRIVE_LOG" >since &&
	test_grep ! "alt=media" since && grep -c "\"path\": \"/drive" since >nr &&
	test $(cat nr) -le 6
'

test_expect_success 'a service account that owns nothing says what to do' '
	(
		cd p && name=$(resutil add ours) && echo x >"results/$name/x" &&
		test_must_fail resutil push "$name" 2>../err
	) &&
	test_grep "shared drive" err && test_grep "remote login" err
'

test_expect_success 'what we push it finds by its name, once' '
	drive_quota "$GOOGLE_ACCOUNT" null && resutil -C p push -A &&
	ours=$(cd p/results && ls -d *_ours) &&
	q="'\''$folder'\'' in parents and trashed = false" &&
	google_ask -G --data-urlencode "q=$q and name = '\''$ours.zip'\''" \
		--data "fields=files(id,name,mimeType)" /drive/v3/files >answer &&
	sed -n "s/.*\"id\": \"\(.*\)\".*/\1/p" answer >ids &&
	test_line_count = 1 ids &&
	google_ask -o pack.zip "/drive/v3/files/$(cat ids)?alt=media" >status &&
	mkdir unpacked && /usr/bin/python3 -m zipfile -e pack.zip unpacked &&
	test -f unpacked/resutil-exp.yaml && test -f unpacked/x
'

test_expect_success 'a pack that it replaced is the one that we read' '
	fourth=$(sed -n 4p expect) && resutil -C p get-object \
		"MyProj/$fourth.zip" >before.zip &&
	cp pack.zip other.zip &&
	google_admin drive_delete \
		"{\"id\": \"$(id_of "MyProj/$fourth.zip")\"}" &&
	drive_file "$folder" "$fourth.zip" other.zip &&
	resutil -C p get-object "MyProj/$fourth.zip" >got && cmp other.zip got
'

test_done
