// drive.js KEYFILE COMMAND ARG...: what Google's own library does with Drive.
//
//	list FOLDER [QUERY]		names, sizes, MD5, by pages of two
//	put FOLDER NAME FILE		a new file, in one request; prints its id
//	pieces FOLDER NAME FILE SIZE	the same, by a session, in pieces
//	content ID FILE			another content of it
//	get ID FILE			its bytes
//	bytes ID RANGE			some of them
//	revisions ID			MD5 of each
//	patch ID JSON			name, properties, trashed...
//	move ID FROM TO			from one folder into another
//	copy ID NAME
//	delete ID
//	folder PARENT NAME		prints its id
//	id				one for a new file
//	about				who we are
//	refused COMMAND ARG...		prints status and reason
'use strict';

const fs = require('fs');
const { pipeline } = require('stream/promises');
const { auth, drive } = require('@googleapis/drive');

const SHARED = { supportsAllDrives: true };

function quoted(text) {
	return "'" + text.replace(/[\\']/g, '\\$&') + "'";
}

class Client {
	constructor(keyFile) {
		this.auth = new auth.GoogleAuth({
			keyFile,
			scopes: ['https://www.googleapis.com/auth/drive'],
		});
		this.files = drive({
			version: 'v3', auth: this.auth, retry: false,
		}).files;
		this.all = drive({ version: 'v3', auth: this.auth });
	}

	async list(folder, query) {
		let pageToken;
		do {
			const { data } = await this.files.list({
				...SHARED, includeItemsFromAllDrives: true,
				q: `${quoted(folder)} in parents and ` +
					`trashed = false${query ? ` and (${query})` : ''}`,
				orderBy: 'name', pageSize: 2, pageToken,
				fields: 'nextPageToken, ' +
					'files(name, size, md5Checksum, mimeType)',
			});
			for (const f of data.files) {
				console.log([f.name, f.size || '-',
					f.md5Checksum || '-'].join('\t'));
			}
			pageToken = data.nextPageToken;
		} while (pageToken);
	}

	async put(folder, name, file) {
		const { data } = await this.files.create({
			...SHARED, fields: 'id',
			requestBody: { name, parents: [folder] },
			media: {
				mimeType: 'application/zip',
				body: fs.createReadStream(file),
			},
		});
		console.log(data.id);
	}

	async pieces(folder, name, file, size) {
		const begun = await this.files.create({
			...SHARED, fields: 'id',
			requestBody: { name, parents: [folder] },
		}, {
			url: 'https://www.googleapis.com/upload/drive/v3/files' +
				'?uploadType=resumable',
		});
		const url = begun.headers.location;
		const bytes = fs.readFileSync(file);
		for (let at = 0; ;) {
			const end = Math.min(at + Number(size), bytes.length);
			const answer = await this.auth.request({
				url, method: 'PUT', data: bytes.subarray(at, end),
				headers: {
					'Content-Range':
						`bytes ${at}-${end - 1}/${bytes.length}`,
				},
				validateStatus: s => s === 200 || s === 308,
			});
			if (answer.status === 200) {
				return console.log(answer.data.id);
			}
			at = Number(answer.headers.range.split('-')[1]) + 1;
		}
	}

	async content(fileId, file) {
		await this.files.update({
			...SHARED, fileId, media: { body: fs.createReadStream(file) },
		});
	}

	async get(fileId, file) {
		const { data } = await this.files.get(
			{ ...SHARED, fileId, alt: 'media' },
			{ responseType: 'stream' });
		await pipeline(data, fs.createWriteStream(file));
	}

	async bytes(fileId, range) {
		const answer = await this.files.get(
			{ ...SHARED, fileId, alt: 'media' },
			{ headers: { Range: `bytes=${range}` }, responseType: 'text' });
		console.log(answer.status, answer.headers['content-range'],
			answer.data);
	}

	async revisions(fileId) {
		const { data } = await this.all.revisions.list({
			fileId, fields: 'revisions(md5Checksum)',
		});
		data.revisions.forEach(r => console.log(r.md5Checksum));
	}

	async patch(fileId, json) {
		await this.files.update({
			...SHARED, fileId, requestBody: JSON.parse(json),
		});
	}

	async move(fileId, removeParents, addParents) {
		await this.files.update({
			...SHARED, fileId, removeParents, addParents,
		});
	}

	async copy(fileId, name) {
		const { data } = await this.files.copy({
			...SHARED, fileId, requestBody: { name },
		});
		console.log(data.id);
	}

	async delete(fileId) {
		await this.files.delete({ ...SHARED, fileId });
	}

	async folder(parent, name) {
		const { data } = await this.files.create({
			...SHARED, fields: 'id', requestBody: {
				name, parents: [parent],
				mimeType: 'application/vnd.google-apps.folder',
			},
		});
		console.log(data.id);
	}

	async id() {
		const { data } = await this.files.generateIds({ count: 1 });
		console.log(data.ids[0]);
	}

	async about() {
		const { data } = await this.all.about.get({
			fields: 'user(emailAddress, me)',
		});
		console.log(data.user.emailAddress, data.user.me);
	}

	async refused(command, ...args) {
		try {
			await this[command](...args);
		} catch (e) {
			// where bytes were wanted the answer is no object
			const { error } = e.response.data.error ?
				e.response.data : JSON.parse(e.message);
			return console.log(error.code, error.errors[0].reason);
		}
		throw new Error(`${command} was taken`);
	}
}

const [keyFile, command, ...args] = process.argv.slice(2);
new Client(keyFile)[command](...args).catch(e => {
	console.error(e.message);
	process.exitCode = 1;
});
