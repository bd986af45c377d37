/** pull, push, search, login, logout and system df: what is asked of the engine, what is printed. */
import fs from 'node:fs';
import path from 'node:path';
import {PassThrough} from 'node:stream';
import test from 'ava';
import type {DiskUsage, ProgressMessage, RegistryAuth} from '../../engine/index.js';
import {fakeEngine} from '../helpers/fake-engine.js';
import {runCommand} from '../helpers/run-command.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

const messages: readonly ProgressMessage[] = [
	{status: 'Pulling from library/x', id: 'latest'},
	{status: 'Pulling fs layer', id: 'aaa', progressDetail: {}},
	{status: 'Downloading', id: 'aaa', progressDetail: {current: 1, total: 2}},
	{status: 'Status: done'},
];

const mover = () => fakeEngine({
	async * pullImage() {
		yield* messages;
	},
	async * pushImage() {
		yield* messages;
	},
});

const shown = 'latest: Pulling from library/x\naaa: Pulling fs layer\nStatus: done\n';

for (const [words, asked, output] of [
	[['pull', 'x'], ['x', {}], `Using default tag: latest\n${shown}docker.io/library/x:latest\n`],
	[['pull', 'x:1'], ['x:1', {}], `${shown}docker.io/library/x:1\n`],
	[['pull', 'me/x'], ['me/x', {}], `Using default tag: latest\n${shown}docker.io/me/x:latest\n`],
	[['pull', 'localhost:5000/x'], ['localhost:5000/x', {}], `Using default tag: latest\n${shown}localhost:5000/x:latest\n`],
	[['image', 'pull', '-q', 'x'], ['x', {}], 'docker.io/library/x:latest\n'],
	[['pull', '-a', 'x'], ['x', {allTags: true}], `${shown}docker.io/library/x\n`],
	[['pull', '--platform', 'linux/arm64', 'x:1'], ['x:1', {platform: 'linux/arm64'}], `${shown}docker.io/library/x:1\n`],
	[['push', 'r:5000/x'], ['r:5000/x', {}], `Using default tag: latest\n${shown}`],
	[['push', '-q', 'r:5000/x:2'], ['r:5000/x:2', {}], 'r:5000/x:2\n'],
	[['image', 'push', '-a', 'r:5000/x'], ['r:5000/x', {allTags: true}], shown],
] as const) {
	test(`tug ${words.join(' ')}`, async t => {
		const {engine, calls} = mover();
		const outcome = await runCommand(words, {engine});
		t.deepEqual(outcome, {exitCode: 0, output, errors: ''});
		const [, name, {signal: _, ...options}] = calls[0] as [string, string, Record<string, unknown>];
		t.deepEqual([name, options], [...asked] as unknown as [string, Record<string, unknown>]);
	});
}

test('--all-tags takes no tag, and nothing is asked then', async t => {
	for (const verb of ['pull', 'push']) {
		t.deepEqual(await runCommand([verb, '-a', 'x:1']), {exitCode: 1, output: '', errors: 'tug: tag can\'t be used with --all-tags/-a\n'});
	}
});

test('ctrl-c ends with 1 and docker\'s words', async t => {
	const {engine} = mover();
	const outcome = await runCommand(['pull', 'x:1'], {engine, interrupted: AbortSignal.abort()});
	t.is(outcome.exitCode, 1);
	t.is(outcome.errors, 'context canceled\n');
	t.false(outcome.output.includes('docker.io'));
});

test('search prints docker\'s table', async t => {
	const {engine, calls} = fakeEngine({
		searchImages: async () => [
			{name: 'nginx', description: 'Official build of Nginx, with a description that is longer than a line', star_count: 20_000, is_official: true, is_automated: false},
			{name: 'me/nginx', description: 'two\nlines', star_count: 0, is_official: false, is_automated: true},
		],
	});
	const {output} = await runCommand(['search', '--limit', '5', '-f', 'stars=3', 'nginx'], {engine});
	t.is(output, [
		'NAME       DESCRIPTION                                     STARS     OFFICIAL',
		'nginx      Official build of Nginx, with a description …   20000     [OK]',
		'me/nginx   two lines                                       0         ',
		'',
	].join('\n'));
	t.deepEqual(calls[0], ['searchImages', 'nginx', {limit: 5, filters: {stars: ['3']}}]);
	t.is((await runCommand(['search', '--format', '{{.Name}} {{.StarCount}}', 'x'], {engine})).output, 'nginx 20000\nme/nginx 0\n');
	t.regex((await runCommand(['search', '--no-trunc', 'x'], {engine})).output, /longer than a line/);
});

/** One stream, however often it is asked for. */
function typed(text: string): PassThrough {
	const stream = new PassThrough();
	stream.end(text);
	return stream;
}

/** The person's config.json is what the environment says, so these share the process's. */
test.serial('login checks, then keeps; logout forgets', async t => {
	const folder = temporaryFolder(t);
	const before = process.env['DOCKER_CONFIG'];
	process.env['DOCKER_CONFIG'] = folder;
	t.teardown(() => {
		if (before === undefined) {
			delete process.env['DOCKER_CONFIG'];
		} else {
			process.env['DOCKER_CONFIG'] = before;
		}
	});
	const file = path.join(folder, 'config.json');
	let answer: () => {Status: string; IdentityToken: string} = () => ({Status: 'Login Succeeded', IdentityToken: ''});
	const {engine, calls} = fakeEngine({checkAuth: async (_: RegistryAuth) => answer()});
	const login = async (words: readonly string[], input?: string, isTerminal = false) => runCommand(['login', ...words], {engine, isTerminal, ...(input === undefined ? {} : {input: isTerminal ? typed(input) : input})});

	t.regex((await login(['r:5000'])).errors, /cannot perform an interactive login from a non TTY device\n.*--password-stdin r:5000/);
	t.regex((await login(['--password-stdin', 'r:5000'], 'x')).errors, /requires --username/);
	t.regex((await login(['-u', 'me', '-p', 'x', '--password-stdin', 'r:5000'], 'x')).errors, /mutually exclusive/);
	t.regex((await login(['-u', 'me', '--password-stdin', 'r:5000'], '\n')).errors, /is empty/);
	t.is(calls.length, 0);
	t.false(fs.existsSync(file));

	t.is((await login(['-u', 'me', '--password-stdin', 'r:5000'], 'secret\r\n')).output, 'Login Succeeded\n');
	t.deepEqual(calls.at(-1), ['checkAuth', {username: 'me', password: 'secret', serveraddress: 'r:5000'}]);
	t.regex((await login(['-u', 'hub', '-p', 'x'])).errors, /^WARNING! Using --password via the CLI is insecure/);
	t.deepEqual(calls.at(-1), ['checkAuth', {username: 'hub', password: 'x', serveraddress: 'https://index.docker.io/v1/'}]);
	answer = () => ({Status: 'Login Succeeded', IdentityToken: 'token'});
	await login(['-u', 'tok', '-p', 'x', 'https://other:1/v2/']);
	const {auths} = JSON.parse(fs.readFileSync(file, 'utf8')) as {auths: Record<string, unknown>};
	t.deepEqual(auths, {
		'r:5000': {auth: Buffer.from('me:secret').toString('base64')},
		'https://index.docker.io/v1/': {auth: Buffer.from('hub:x').toString('base64')},
		'other:1': {auth: Buffer.from('tok:').toString('base64'), identitytoken: 'token'},
	});

	t.is((await login(['asked:1'], 'typed\nin secret\n', true)).output, 'Username: Password: \nLogin Succeeded\n');
	t.deepEqual(calls.at(-1), ['checkAuth', {username: 'typed', password: 'in secret', serveraddress: 'asked:1'}]);
	t.is((await runCommand(['logout', 'asked:1'])).exitCode, 0);
	t.regex((await login(['asked:1'], '\n', true)).errors, /username is required/);
	t.regex((await login(['-u', 'me', 'asked:1'], '\n', true)).errors, /password is required/);

	answer = () => {
		throw Object.assign(new Error('login attempt to https://r:5000/v2/ failed with status: 401 Unauthorized'), {name: 'EngineError', kind: 'unauthorized'});
	};

	const text = fs.readFileSync(file, 'utf8');
	t.is((await login(['-u', 'me', '-p', 'wrong', 'r:5000'])).exitCode, 1);
	t.is(fs.readFileSync(file, 'utf8'), text);
	answer = () => ({Status: 'Login Succeeded', IdentityToken: ''});
	t.is((await login(['r:5000'])).output, 'Authenticating with existing credentials...\nLogin Succeeded\n');
	t.is(fs.readFileSync(file, 'utf8'), text);
	t.is((await runCommand(['logout'])).output, 'Removing login credentials for https://index.docker.io/v1/\n');
	t.is((await runCommand(['logout', 'r:5000'])).output, 'Removing login credentials for r:5000\n');
	t.is((await runCommand(['logout', 'r:5000'])).output, 'Not logged in to r:5000\n');
	t.deepEqual(Object.keys((JSON.parse(fs.readFileSync(file, 'utf8')) as {auths: object}).auths), ['other:1']);
});

const image = (id: string, size: number, shared: number, containers: number) => ({Id: `sha256:${id.repeat(64)}`, ParentId: '', RepoTags: [`${id}:1`], RepoDigests: [], Created: 0, Size: size, VirtualSize: size, SharedSize: shared, Labels: {}, Containers: containers});
const usage = {
	LayersSize: 3_000_000,
	Images: [image('a', 2_000_000, 1_000_000, 1), image('b', 2_000_000, 1_000_000, 0)],
	Containers: [{Id: 'c'.repeat(64), Names: ['/box'], Image: 'a:1', ImageID: '', Command: 'a command that is long', Created: 0, Ports: [], Labels: {}, State: 'running', Status: 'Up', Mounts: [], HostConfig: {NetworkMode: 'none'}, NetworkSettings: {Networks: {}}, SizeRw: 5}],
	Volumes: [{Name: 'v', Driver: 'local', Mountpoint: '/v', UsageData: {Size: 10, RefCount: 0}}],
	BuildCache: [],
} as unknown as DiskUsage;

test('system df: docker\'s sum where the engine gives no better', async t => {
	const {engine} = fakeEngine({diskUsage: async () => usage});
	t.is((await runCommand(['system', 'df'], {engine})).output, [
		'TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE',
		'Images          2         1         3MB       2MB (66%)',
		'Containers      1         1         5B        0B (0%)',
		'Local Volumes   1         0         10B       10B (100%)',
		'Build Cache     0         0         0B        0B',
		'',
	].join('\n'));
	const exact = fakeEngine({diskUsage: async () => ({...usage, Disk: {Images: {Size: 4_000_000, Reclaimable: 1_000_000}, Containers: {Size: 5, Reclaimable: 0}}})});
	t.is((await runCommand(['system', 'df', '--format', '{{.Type}}={{.Size}}/{{.Reclaimable}}'], {engine: exact.engine})).output.split('\n')[0], 'Images=4MB/1MB (25%)');
	const {output} = await runCommand(['system', 'df', '-v'], {engine});
	t.regex(output, /a +1 +aaaaaaaaaaaa +N\/A +2MB +1MB +1MB +1\n/);
	t.regex(output, /cccccccccccc +a:1 +"a command that is l…" +0 +5B/);
	t.regex(output, /VOLUME NAME +LINKS +SIZE\nv +0 +10B\n/);
	t.is((await runCommand(['system', 'df', '-v', '--format', 'x'], {engine})).exitCode, 1);
});

test('images --tree asks for the layers of each image', async t => {
	const {engine} = fakeEngine({
		listImages: async () => [image('a', 1, 0, 0), image('b', 1, 0, 0)] as never,
		imageLayers: async (id: string) => [{DiffId: 'sha256:base', Size: 1000, CreatedBy: '', Created: 0, SharedWith: []}, ...(id.includes('b') ? [{DiffId: 'sha256:top', Size: 5, CreatedBy: '', Created: 0, SharedWith: []}] : [])],
	});
	t.is((await runCommand(['images', '--tree'], {engine})).output, '└─layer base 1kB  a:1\n  └─layer top 5B  b:1\n');
	t.is((await runCommand(['images', '--tree', '-q'], {engine})).exitCode, 1);
});
