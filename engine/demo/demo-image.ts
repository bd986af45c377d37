/**
The demo image: our own static program under many names, in three layers, made in memory. Where there is no registry it is also what tests run.
*/
import crypto from 'node:crypto';
import process from 'node:process';
import {writeTar} from '../archive/tar-writer.js';
import {layerTar, type LayerEntry} from './layer-tar.js';

export const demoReference = 'tug/demo:latest';

/** The names its program answers to. */
export const demoVerbs = ['logs', 'flood', 'http', 'burn', 'memory', 'exit', 'stubborn', 'sleep', 'cat', 'echo', 'env', 'id', 'ls', 'write', 'pwd', 'true', 'false', 'shell', 'help'] as const;

export type DemoImage = {
	/** The image id: the digest of its config. */
	readonly id: string;
	/** A docker archive, as `docker save` writes it. */
	readonly archive: Buffer;
};

/** When the image says it was made; the same program always gives the same bytes. */
const created = '2026-11-21T00:00:00Z';

type Layer = {readonly createdBy: string; readonly entries: readonly LayerEntry[]};

/** `program`: the bytes of tug-demo. */
export async function demoImage(program: Buffer, architecture: string = process.arch): Promise<DemoImage> {
	const layers = [baseLayer(program), applicationLayer, settingsLayer].map(layer => {
		const data = layerTar(layer.entries, Date.parse(created) / 1000);
		return {...layer, data, diffId: sha256(data)};
	});
	const config = Buffer.from(JSON.stringify({
		architecture: architecture === 'x64' ? 'amd64' : architecture,
		os: 'linux',
		created,
		author: 'tug',
		config: {
			Cmd: ['logs'],
			Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'DEMO_GREETING=hello from a container'],
			ExposedPorts: {'8080/tcp': {}},
			Labels: {'tug.demo': 'true', 'org.opencontainers.image.title': 'tug demo'},
			WorkingDir: '/app',
		},
		history: [
			...layers.map(({createdBy}) => ({created, created_by: createdBy})),
			...['WORKDIR /app', 'EXPOSE map[8080/tcp:{}]', 'CMD ["logs"]'].map(createdBy => ({created, created_by: createdBy, comment: 'made by tug', empty_layer: true})),
		],
		rootfs: {type: 'layers', diff_ids: layers.map(({diffId}) => diffId)},
	}));
	const blobName = (digest: string) => `blobs/sha256/${digest.slice('sha256:'.length)}`;
	const manifest = [{Config: blobName(sha256(config)), RepoTags: [demoReference], Layers: layers.map(({diffId}) => blobName(diffId))}];
	const files = [
		...layers.map(({diffId, data}) => ({name: blobName(diffId), data})),
		{name: blobName(sha256(config)), data: config},
		{name: 'manifest.json', data: Buffer.from(JSON.stringify(manifest))},
	];
	const pieces: Buffer[] = [];
	for await (const piece of writeTar(files.map(file => ({kind: 'bytes', ...file})))) {
		pieces.push(piece);
	}

	return {id: sha256(config), archive: Buffer.concat(pieces)};
}

function baseLayer(program: Buffer): Layer {
	const folders = ['bin', 'dev', 'etc', 'home', 'proc', 'run', 'sys', 'usr', 'usr/bin', 'var', 'var/log'];
	return {
		createdBy: 'ADD rootfs / # tug-demo under all its names, users and groups',
		entries: [
			...folders.map(name => ({kind: 'directory', name}) as const),
			{kind: 'directory', name: 'root', mode: 0o700},
			{kind: 'directory', name: 'tmp', mode: 0o1777},
			{kind: 'directory', name: 'home/app', uid: 1000, gid: 1000},
			{kind: 'file', name: 'bin/tug-demo', data: program, mode: 0o755},
			{kind: 'hardlink', name: 'bin/sh', target: 'bin/tug-demo'},
			...demoVerbs.map(verb => ({kind: 'symlink', name: `bin/${verb}`, target: 'tug-demo'}) as const),
			{kind: 'symlink', name: 'usr/bin/env', target: '../../bin/env'},
			{kind: 'file', name: 'etc/passwd', data: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\napp:x:1000:1000:demo application:/home/app:/bin/sh\n'},
			{kind: 'file', name: 'etc/group', data: 'root:x:0:\ntty:x:5:\nstaff:x:50:app\nnogroup:x:65534:\napp:x:1000:\n'},
			{kind: 'file', name: 'etc/os-release', data: 'ID=tug-demo\nNAME="tug demo"\nPRETTY_NAME="tug demo"\n'},
		],
	};
}

const applicationLayer: Layer = {
	createdBy: 'COPY --chown=app:app app /app',
	entries: [
		{kind: 'directory', name: 'app', uid: 1000, gid: 1000},
		{kind: 'directory', name: 'app/public', uid: 1000, gid: 1000},
		{kind: 'file', name: 'app/public/index.html', uid: 1000, gid: 1000, data: '<!doctype html>\n<title>tug demo</title>\n<h1>It floats</h1>\n'},
		{kind: 'file', name: 'app/orders.json', uid: 1000, gid: 1000, data: `${JSON.stringify(Array.from({length: 40}, (_, index) => ({order: 4700 + index, items: 1 + (index % 5), paid: index % 3 !== 0})), null, '\t')}\n`},
		{kind: 'file', name: 'app/notes.txt', uid: 1000, gid: 1000, data: 'Remove before shipping: the next layer does.\n'},
	],
};

const settingsLayer: Layer = {
	createdBy: 'RUN rm /app/notes.txt && echo "rate = 5" > /etc/demo.conf',
	entries: [
		{kind: 'directory', name: 'app', uid: 1000, gid: 1000},
		{kind: 'file', name: 'app/.wh.notes.txt', data: ''},
		{kind: 'directory', name: 'etc'},
		{kind: 'file', name: 'etc/demo.conf', data: 'rate = 5\n', mode: 0o640, gid: 1000},
		{kind: 'file', name: 'etc/motd', data: 'Welcome aboard. `help` lists what there is.\n'},
	],
};

function sha256(data: Buffer): string {
	return `sha256:${crypto.createHash('sha256').update(data).digest('hex')}`;
}
