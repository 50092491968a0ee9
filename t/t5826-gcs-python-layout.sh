#!/bin/sh

test_description='Cloud Storage: a store of the Python Resutil is pulled whole

As that tool leaves it: no metadata, no hashes, no tree in a comment, folders
that are objects, a conf with backet_name.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh
unset RESUTIL_NO_REMOTE

test_expect_success 'setup: 150 packs, each of which depends on the one before' '
	start_gcs &&
	google_admin bucket "{\"name\": \"resutil\", \"roles\": {\"allUsers\":
		[\"storage.objectUser\"], \"$GOOGLE_ACCOUNT\":
		[\"storage.objectUser\", \"storage.legacyBucketReader\"]}}" &&
	cat >fill.py <<-\EOF &&
	import base64, io, json, os, sys, urllib.request, zipfile

	def put(name, data, kind):
	    body = json.dumps({
	        "bucket": "resutil", "name": name, "contentType": kind,
	        "base64": base64.b64encode(data).decode()}).encode()
	    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
	        sys.argv[1] + "/_test/put", body).read()

	put("MyProj/", b"", "text/plain")
	before = None
	for i in range(150):
	    name = "aapfup_20240704T%06d_日本 a b" % (191555 + i % 5 + i // 5 * 100)
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
	    put("MyProj/%s.zip" % name, out.getvalue(), "application/zip")
	    before = name
	EOF
	/usr/bin/python3 fill.py "$GOOGLE" && ls want | wc -l >nr &&
	echo 150 >want.nr && test_cmp want.nr nr
'

test_expect_success 'the conf that it wrote works as it is' '
	google_key key.json && mkdir p && cp key.json p/ &&
	cat >p/resutil-conf.yaml <<-\END &&
	project_name: MyProj
	results_dir: results/
	storage_config:
	  backet_name: resutil
	  key_file_path: key.json
	storage_type: gcs
	END
	STORAGE_EMULATOR_HOST=127.0.0.1:$GCS_PORT resutil -C p list-remote \
		>names &&
	ls want >expect && sort names >got && test_cmp expect got
'

test_expect_success 'all of them are pulled, and are what they were' '
	echo "  api_root: $GCS_ROOT" >api &&
	sed "/key_file_path/r api" p/resutil-conf.yaml >conf &&
	cp conf p/resutil-conf.yaml &&
	resutil -C p pull -A && rm -f p/results/.gitignore &&
	diff -r want p/results &&
	resutil -C p check-project && resutil -C p fsck --remote
'

test_expect_success 'what was pulled is known: another pull is one listing' '
	wc -l <"$GCS_LOG" >before && resutil -C p pull -A && sleep 0.3 &&
	tail -n +$(($(cat before) + 1)) "$GCS_LOG" >since &&
	grep -c "\"path\": \"/storage" since >nr && echo 1 >expect &&
	test_cmp expect nr
'

test_expect_success 'by a name, with what it depends on' '
	mkdir q && cp p/resutil-conf.yaml key.json q/ &&
	third=$(head -n 3 names | tail -n 1) &&
	resutil -C q pull "$third" && ls q/results >got &&
	head -n 3 names | sort >expect && test_cmp expect got
'

test_expect_success 'what we push it lists and reads, and no more' '
	resutil -C p add ours --from "$PWD/want" >/dev/null && resutil -C p push ours &&
	google_admin objects "{\"bucket\": \"resutil\"}" >objects &&
	cat >list.py <<-\EOF &&
	import json
	# As the Python Resutil lists: the last component less four characters.
	for o in json.load(open("objects"))["objects"]:
	    if o["name"].startswith("MyProj/"):
	        print(o["name"].split("/")[-1][:-4])
	EOF
	/usr/bin/python3 list.py | sort >listed &&
	{ echo && ls want && (cd p/results && ls -d *_ours); } | sort >expect &&
	test_cmp expect listed &&
	resutil -C p get-object "MyProj/$(cd p/results && ls -d *_ours).zip" \
		>pack.zip && mkdir unpacked &&
	/usr/bin/python3 -m zipfile -e pack.zip unpacked &&
	test -f unpacked/resutil-exp.yaml
'

test_done
