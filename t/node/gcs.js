// gcs.js ROOT KEYFILE VERB ARGUMENT...: Google's own client of Cloud Storage,
// against the server at ROOT; KEYFILE "-": nobody. OPTIONS are JSON, conditions
// and metadata: {"ifGenerationMatch": 0, "metadata": {"who": "me"}}. To a ROOT
// that is not Google's it shows nobody's name when it begins a session: then
// ROOT is http://storage.googleapis.com, and http_proxy leads to ours.
//
//	upload BUCKET KEY FILE [OPTIONS]    in one request
//	resume BUCKET KEY FILE [OPTIONS]    in a session, pieces of 1 MiB
//	stream BUCKET KEY [OPTIONS]         of stdin, in one piece
//	download BUCKET KEY FILE            its sums are compared
//	read-all BUCKET PREFIX DIR          each object, its name escaped
//	tree BUCKET PREFIX DIR              puts each file below DIR
//	range BUCKET KEY FIRST LAST         to stdout
//	list BUCKET [PREFIX]                names, five a page
//	stat BUCKET KEY                     JSON
//	patch BUCKET KEY JSON               metadata
//	copy BUCKET KEY TO [OPTIONS]
//	compose BUCKET TO KEY...
//	delete BUCKET KEY [OPTIONS]
//	sign BUCKET KEY SECONDS [METHOD]    prints the URL
//	roles BUCKET PERMISSION...          which of them we have
'use strict';

const fs = require('fs');
const { pipeline } = require('stream/promises');
const { Storage } = require('@google-cloud/storage');

const [root, keyFile, verb, name, ...args] = process.argv.slice(2);
const options = { apiEndpoint: root, projectId: 'lab-project',
	retryOptions: { autoRetry: false } };
if (keyFile !== '-') {
	options.keyFilename = keyFile;
	options.useAuthWithCustomEndpoint = true;
}
const storage = new Storage(options);
// It signs claims instead of asking for a token: where this client asks for
// one cannot be set.
storage.authClient.useJWTAccessWithScope = true;
const bucket = storage.bucket(name);
const conditions = (text) => JSON.parse(text || '{}');

async function upload(key, file, text, more) {
	const { metadata, ...rest } = conditions(text);
	const [made] = await bucket.upload(file, { destination: key,
		validation: 'crc32c', metadata: { metadata }, ...more,
		preconditionOpts: rest });
	console.log(made.metadata.generation);
}

const verbs = {
	upload: (key, file, text) => upload(key, file, text,
		{ resumable: false }),
	resume: (key, file, text) => upload(key, file, text,
		{ resumable: true, chunkSize: 1 << 20 }),
	async stream(key, text) {
		const file = bucket.file(key);
		await pipeline(process.stdin, file.createWriteStream({
			resumable: true, preconditionOpts: conditions(text) }));
		console.log(file.metadata.generation);
	},
	async download(key, file) {
		await bucket.file(key).download({ destination: file,
			validation: 'crc32c' });
	},
	async 'read-all'(prefix, dir) {
		const [files] = await bucket.getFiles({ prefix });
		for (const file of files)
			await file.download({ validation: 'crc32c', destination:
				`${dir}/${encodeURIComponent(file.name)}` });
	},
	async tree(prefix, dir) {
		for (const file of fs.readdirSync(dir, { recursive: true }))
			if (fs.statSync(`${dir}/${file}`).isFile())
				await bucket.upload(`${dir}/${file}`, { resumable: false,
					destination: prefix + file });
	},
	async range(key, first, last) {
		await pipeline(bucket.file(key).createReadStream({
			start: Number(first), end: Number(last) }), process.stdout);
	},
	async list(prefix) {
		let next = { prefix, maxResults: 5, autoPaginate: false };
		while (next) {
			const [files, query] = await bucket.getFiles(next);
			for (const file of files)
				console.log(file.name);
			next = query;
		}
	},
	async stat(key) {
		const [metadata] = await bucket.file(key).getMetadata();
		console.log(JSON.stringify(metadata, null, 1));
	},
	async patch(key, text) {
		await bucket.file(key).setMetadata({ metadata: JSON.parse(text) });
	},
	async copy(key, to, text) {
		await bucket.file(key).copy(bucket.file(to),
			{ preconditionOpts: conditions(text) });
	},
	async compose(to, ...keys) {
		await bucket.combine(keys, to);
	},
	async delete(key, text) {
		await bucket.file(key).delete(conditions(text));
	},
	async sign(key, seconds, method) {
		const [url] = await bucket.file(key).getSignedUrl({ version: 'v4',
			action: method || 'read',
			expires: Date.now() + Number(seconds) * 1000 });
		console.log(url);
	},
	async roles(...permissions) {
		const [has] = await bucket.iam.testPermissions(permissions);
		console.log(JSON.stringify(has));
	},
};

verbs[verb](...args).catch((e) => {
	console.error(`${e.code || e.name}: ${e.message}`);
	process.exitCode = 1;
});
