#!/bin/sh

test_description='story: what the Python Resutil left at Google is pulled whole

On Drive a hundred and fifty packs, of which that tool saw a hundred; put there by the API
as it put them, with no metadata and no hashes, and with all that its defects leave.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh
unset RESUTIL_NO_REMOTE

# What the tool does: a folder by name and type, one-shot uploads, a file that
# was there is removed first.
cat >python-resutil.py <<\END
import http.client, io, json, os, sys, urllib.parse, zipfile

host, token, base = sys.argv[1:4]
api = http.client.HTTPConnection(host)
FOLDER = "application/vnd.google-apps.folder"

def ask(method, path, body=b"", kind="application/json"):
    api.request(method, path, body, {
        "Authorization": "Bearer " + token, "Content-Type": kind})
    answer = api.getresponse()
    text = answer.read()
    assert answer.status < 300, (method, path, answer.status, text)
    return json.loads(text) if text else None

def create(name, parent, data=None, kind="application/zip", more={}):
    meta = dict(more, name=name, parents=[parent])
    if data is None:
        meta["mimeType"] = kind
        return ask("POST", "/drive/v3/files", json.dumps(meta))["id"]
    body = (b"--x\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n" +
            json.dumps(meta).encode() + b"\r\n--x\r\nContent-Type: " +
            kind.encode() + b"\r\n\r\n" + data + b"\r\n--x--\r\n")
    return ask("POST", "/upload/drive/v3/files?uploadType=multipart", body,
               "multipart/related; boundary=x")["id"]

def trash(id):
    ask("PATCH", "/drive/v3/files/" + id, json.dumps({"trashed": True}))

def pack(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for path, text in files.items():
            z.writestr(path, text)
    return out.getvalue()

def experiment(i, before, text):
    name = "aapfup_20240704T%06d_日本 a'b" % (191500 + i % 60 + i // 60 * 100)
    record = ("args: main.py --x %d\ndependency:%s\ngit:\n"
              "  commit_hash: null\n  uncommited_files: []\n"
              "result_dir: results/%s\n" % (
                  i, "\n- results/" + before if before else " []", name))
    return name, {"resutil-exp.yaml": record, "data/out.txt": text * 300,
                  "data/日本.txt": "x\n", ".hidden": ""}

project = create("MyProj", base, kind=FOLDER)
before = None
for i in range(150):
    name, files = experiment(i, before, str(i))
    if i == 7:      # two machines sent it at once; the newer one counts
        create(name + ".zip", project, pack(experiment(i, None, "old")[1]),
               more={"modifiedTime": "2024-07-04T10:00:00.000Z"})
    made = create(name + ".zip", project, pack(files))
    if i == 9:      # removed, and sent again
        trash(made)
        create(name + ".zip", project, pack(files))
    for path, text in files.items():
        os.makedirs(os.path.dirname("want/%s/%s" % (name, path)), exist_ok=True)
        with open("want/%s/%s" % (name, path), "w") as f:
            f.write(text)
    before = name

# What else there is: of other projects, of other tools, of no use.
elsewhere = create("archive", base, kind=FOLDER)
other = create("MyProj", elsewhere, kind=FOLDER)
create("aapfup_20240704T000001_elsewhere.zip", other, pack({"a": "b"}))
gone = create("MyProj", base, kind=FOLDER)
create("aapfup_20240704T000002_trashed.zip", gone, pack({"a": "b"}))
trash(gone)
trash(create("aapfup_20240704T000003_gone.zip", project, pack({"a": "b"})))
create("_debug.zip", project, pack({"a": "b"}))
create("exp1.zip", project, pack({}))       # push of what does not exist
create("old", project, kind=FOLDER)
create("notes", project, kind="application/vnd.google-apps.document")
create("MyProj.zip", project, kind="application/vnd.google-apps.shortcut",
       more={"shortcutDetails": {"targetId": other}})
create(".zip", project, b"")
create("desktop.ini", project, b"[.ShellClassInfo]\r\n", "text/plain")
print(project)
END

test_expect_success 'setup: what that tool left' '
	start_drive && base=$(drive_folder results) &&
	drive_share "$base" "$GOOGLE_ACCOUNT" writer &&
	drive_quota "$GOOGLE_ACCOUNT" null &&	# as it was before 2025
	python3 python-resutil.py "${DRIVE_ROOT#http://}" \
		"$(google_token "$GOOGLE_ACCOUNT" drive)" "$base" >project &&
	drive_quota "$GOOGLE_ACCOUNT" 0 &&
	ls want | wc -l >nr && echo 150 >want.nr && test_cmp want.nr nr
'

test_expect_success 'the conf that it wrote works as it is' '
	mkdir p && cd p && google_key key.json &&
	cat >resutil-conf.yaml <<-END &&
	project_name: MyProj
	results_dir: results/
	storage_config:
	  base_folder_id: $base
	  key_file_path: key.json
	  api_root: $DRIVE_ROOT
	storage_type: gdrive
	END
	resutil list-remote >../names && ls ../want >../want.names &&
	test_cmp ../want.names ../names &&
	resutil list >../rows && test_line_count = 151 ../rows
'

test_expect_success 'one is pulled with all that it needs' '
	cd p && last=$(tail -n 1 ../names) && third=$(sed -n 3p ../names) &&
	resutil pull "$third" >out && test_grep "^3 fetched" out &&
	resutil show "$last:data/out.txt" >out &&
	test_cmp "../want/$last/data/out.txt" out
'

test_expect_success 'and all of it, whole' '
	cd p && resutil pull --all --yes >../pulled &&
	test_grep "^147 fetched.*, 3 already here" ../pulled &&
	diff -r ../want results && resutil fsck
'

test_expect_success 'again there is nothing to do, by one look' '
	cd p && google_requests >../before && resutil pull --all >out &&
	test_grep "^0 fetched.*150 already here" out &&
	google_requests >../after &&
	test $(($(wc -l <../after) - $(wc -l <../before))) -le 6
'

test_expect_success 'what lies twice is told, and nothing else' '
	cd p && test_expect_code 1 resutil fsck --remote >out 2>err &&
	test_grep "191507.*several files of that name" out &&
	test_grep "^1 error" out && test_line_count = 2 out
'

test_expect_success 'and is put right as it is told, the newer one stays' '
	cd p && version=$(sed -n "s/.*hides .*version \([^)]*\)), .*/\1/p" out) &&
	eighth=$(sed -n 8p ../names) &&
	resutil remove-object --version="$version" "MyProj/$eighth.zip" &&
	resutil fsck --remote >out && resutil rm -l -y "$eighth" &&
	resutil pull --no-dependency "$eighth" &&
	diff -r "../want/$eighth" "results/$eighth"
'

test_expect_success 'a colleague begins with the URL of the folder' '
	mkdir new && cd new && google_key key.json &&
	test_must_fail resutil init --project-name=MyProj \
		--storage-type=gdrive -o api_root="$DRIVE_ROOT" \
		-o base_folder_id="https://drive.google.com/drive/folders/$base" \
		2>err && test_grep "resutil remote login" err &&
	drive_quota "$GOOGLE_ACCOUNT" null &&
	resutil init --project-name=MyProj --storage-type=gdrive \
		-o api_root="$DRIVE_ROOT" \
		-o base_folder_id="https://drive.google.com/drive/folders/$base" \
		>out && test_grep "^  Experiments: 150$" out &&
	resutil run -m here -- sh -c "echo 1 >\"\$RESUTIL_EX_DIR\"/x" &&
	resutil list-remote >names && test_line_count = 151 names &&
	drive_tree "$base" >tree && grep "MyProj/[a-z]*_.*_here.zip file" tree &&
	test $(grep -c "MyProj folder" tree) = 3
'

test_expect_success 'the Python tool would read what was sent: a plain zip' '
	cd new && resutil get-object "MyProj/$(tail -n 1 names).zip" >here.zip &&
	python3 -m zipfile -e here.zip here && echo 1 >want &&
	test_cmp want here/x && test_grep "^git:" here/resutil-exp.yaml
'

# What a push of something that was not there left, under a good name.
test_expect_success 'an empty pack is told of, and stops no other' '
	python3 -c "import zipfile; zipfile.ZipFile(\"empty.zip\", \"w\")" &&
	test $(wc -c <empty.zip) = 22 &&
	drive_file "$(cat project)" aapfup_20240704T000004_empty.zip empty.zip &&
	cd p && rm -r "results/$(sed -n 3p ../names)" &&
	test_expect_code 3 resutil pull --all --yes >../out 2>../err &&
	test_grep "^2 fetched.*149 already here, 1 not done" ../out &&
	test_grep "_empty. is no experiment: it has no record" ../err &&
	test_line_count = 1 ../err
'

# t5826 pulls a hundred and fifty from a bucket; this is what lies beside them.
test_expect_success 'the same in a bucket' '
	start_gcs && gcs_bucket resutil && name=aapfup_20240704T191500_ok &&
	mkdir pack && printf "args: x\ndependency: []\ngit:\n  commit_hash: null\n" \
		>pack/resutil-exp.yaml && echo 1 >pack/data &&
	(cd pack && python3 -m zipfile -c ../ok.zip resutil-exp.yaml data) &&
	cat >put.py <<-\END &&
	import sys, urllib.parse, urllib.request
	root, token, name, path = sys.argv[1:]
	urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
	    urllib.request.Request(
	        root + "/upload/storage/v1/b/resutil/o?uploadType=media&name=" +
	        urllib.parse.quote(name, ""), open(path, "rb").read(),
	        {"Authorization": "Bearer " + token,
	         "Content-Type": "application/zip"}))
	END
	: >nothing && token=$(google_token) &&
	for object in MyProj/ "MyProj/$name.zip:ok.zip" \
		MyProj/_debug.zip:ok.zip MyProj/exp1.zip:empty.zip \
		MyProj/aapfup_20240704T191501_empty.zip:empty.zip \
		MyProj/aapfup_20240704T191502_bad/name.zip:ok.zip \
		Other/aapfup_20240704T191503_other.zip:ok.zip \
		MyProj/.zip MyProj/notes.txt
	do
		case "$object" in
		*:*)	file=${object#*:} ;;
		*)	file=nothing ;;
		esac
		python3 put.py "$GCS_ROOT" "$token" "${object%%:*}" "$file" ||
			return 1
	done &&
	mkdir b && cd b && gcs_conf resutil &&
	sed -i "s/^project_name.*/project_name: MyProj/" resutil-conf.yaml &&
	test_expect_code 3 resutil pull --all --yes >../out 2>../err &&
	test_grep "^1 fetched.*1 not done" ../out &&
	test_grep "_empty. is no experiment" ../err &&
	test_cmp ../pack/data "results/$name/data" &&
	ls results >../got && echo $name >../want.b && test_cmp ../want.b ../got
'

test_done
