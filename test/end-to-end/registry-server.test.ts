/** `tug registry serve` as a process, with clients that are not ours. */
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import bcrypt from 'bcryptjs';
import {dockerRegistry} from '../helpers/docker-registry.js';
import {hasProgram} from '../helpers/image-lab.js';
import {digestOf} from '../helpers/registry-server-lab.js';
import {makeKeys} from '../helpers/tls-keys.js';
import {finish, tugCli, until, type Finished, type TugCli} from '../helpers/tug-cli.js';

type Server = {readonly url: string; readonly host: string; readonly child: ChildProcess; readonly log: () => string; readonly errors: () => string; stop(signal: NodeJS.Signals): Promise<number | null>};

async function serve(t: ExecutionContext, tug: TugCli, ...words: readonly string[]): Promise<Server> {
	const child = tug.start(['registry', 'serve', '--listen', '127.0.0.1:0', ...words]);
	let output = '';
	let errors = '';
	child.stdout!.on('data', (chunk: Buffer) => {
		output += chunk.toString();
	});
	child.stderr!.on('data', (chunk: Buffer) => {
		errors += chunk.toString();
	});
	const exited = once(child, 'exit') as Promise<[number | null]>;
	t.teardown(async () => {
		child.kill('SIGKILL');
		await exited;
	});
	await until(() => output.includes('listening on') || child.exitCode !== null, () => `the server to listen: ${errors}`);
	const url = /listening on (\S+)/.exec(output)![1]!;
	return {
		url,
		host: new URL(url).host,
		child,
		log: () => output,
		errors: () => errors,
		async stop(signal) {
			child.kill(signal);
			const [code] = await exited;
			return code;
		},
	};
}

async function run(program: string, words: readonly string[], tug: TugCli): Promise<Finished> {
	return finish(spawn(program, words, {env: {...tug.environment, HOME: tug.folder}, stdio: 'pipe'}));
}

function missing(t: ExecutionContext, program: string): boolean {
	if (hasProgram(program)) {
		return false;
	}

	t.log(`skipped: ${program} is not on this machine`);
	t.pass();
	return true;
}

test.serial('an image of this machine is pulled from it, and one that is pushed is an image here that runs', async t => {
	const tug = await tugCli(t);
	if (tug === undefined || missing(t, 'skopeo')) {
		return;
	}

	const server = await serve(t, tug, '-v');
	const folder = path.join(tug.folder, 'out');
	const pulled = await run('skopeo', ['copy', '--src-tls-verify=false', `docker://${server.host}/busybox:latest`, `dir:${folder}`], tug);
	t.is(pulled.exitCode, 0, pulled.errors);
	const pushed = await run('skopeo', ['copy', '--dest-tls-verify=false', `dir:${folder}`, `docker://${server.host}/team/pushed:v1`], tug);
	t.is(pushed.exitCode, 0, pushed.errors);
	t.regex(await tug.say('images', 'team/pushed'), /team\/pushed +v1 /);
	t.is(await tug.say('run', '--rm', '--network', 'none', 'team/pushed:v1', 'echo', 'hello'), 'hello');
	const listed = await run('skopeo', ['list-tags', '--tls-verify=false', `docker://${server.host}/team/pushed`], tug);
	t.deepEqual((JSON.parse(listed.output) as {Tags: string[]}).Tags, ['v1']);
	const removed = await run('skopeo', ['delete', '--tls-verify=false', `docker://${server.host}/team/pushed:v1`], tug);
	t.is(removed.exitCode, 0, removed.errors);
	await until(async () => !(await tug.say('images')).includes('team/pushed'), 'the image to go');
	t.regex(server.log(), /PUT "\/v2\/team\/pushed\/manifests\/v1" 201 /);
	t.is(server.errors(), '');
	t.is(await server.stop('SIGTERM'), 0);
});

test.serial('our own pull and push speak with it', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	const other = await tugCli(t);
	const server = await serve(t, tug);
	await other!.say('tag', 'busybox', `${server.host}/mine/bb:1`);
	await other!.say('push', `${server.host}/mine/bb:1`);
	t.regex(await tug.say('images'), /mine\/bb +1 /);
	await other!.say('pull', `${server.host}/busybox`);
	t.is(await other!.say('run', '--rm', '--network', 'none', `${server.host}/busybox`, 'echo', 'pulled'), 'pulled');
});

for (const program of ['podman', 'buildah']) {
	test.serial(`${program} pushes and pulls`, async t => {
		const tug = await tugCli(t);
		if (tug === undefined || missing(t, program)) {
			return;
		}

		if (process.getuid?.() !== 0) {
			t.log(`skipped: ${program} needs more than one user id here`);
			t.pass();
			return;
		}

		const server = await serve(t, tug);
		const storage = ['--root', path.join(tug.folder, 'storage'), '--runroot', path.join(tug.folder, 'runroot'), '--storage-driver', 'vfs'];
		for (const words of [
			['pull', '--tls-verify=false', `${server.host}/busybox`],
			['tag', `${server.host}/busybox`, `${server.host}/${program}/bb:1`],
			['push', '--tls-verify=false', `${server.host}/${program}/bb:1`],
		]) {
			const {exitCode, errors} = await run(program, [...storage, ...words], tug);
			t.is(exitCode, 0, errors);
		}

		t.regex(await tug.say('images'), new RegExp(`${program}/bb +1 `));
	});
}

test.serial('accounts, by password and by token', async t => {
	const tug = await tugCli(t);
	if (tug === undefined || missing(t, 'skopeo')) {
		return;
	}

	const users = path.join(tug.folder, 'users');
	fs.writeFileSync(users, `ann:${bcrypt.hashSync('secret', 4)}\n`);
	for (const auth of ['basic', 'token']) {
		const server = await serve(t, tug, '--htpasswd', users, '--auth', auth);
		const inspect = async (...words: readonly string[]) => (await run('skopeo', ['inspect', '--tls-verify=false', ...words, `docker://${server.host}/busybox`], tug)).exitCode;
		t.is(await inspect('--creds', 'ann:secret'), 0, auth);
		t.not(await inspect('--creds', 'ann:wrong'), 0, auth);
		t.not(await inspect(), 0, auth);
		t.is(await server.stop('SIGINT'), 0);
	}
});

test.serial('with TLS, for clients that know the authority, and have a certificate where one is asked for', async t => {
	const tug = await tugCli(t);
	const keys = makeKeys(t);
	if (tug === undefined || keys === undefined || missing(t, 'skopeo')) {
		return;
	}

	const file = (name: string) => path.join(keys.folder, name);
	const known = path.join(tug.folder, 'known');
	fs.mkdirSync(known);
	fs.copyFileSync(file('ca.crt'), path.join(known, 'ca.crt'));
	const inspect = async (host: string, ...words: readonly string[]) => run('skopeo', ['inspect', ...words, `docker://${host}/busybox`], tug);
	const open = await serve(t, tug, '--tls-cert', file('server.crt'), '--tls-key', file('server.key'));
	const good = await inspect(open.host, '--cert-dir', known);
	t.is(good.exitCode, 0, good.errors);
	t.regex((await inspect(open.host)).errors, /certificate/);

	const closed = await serve(t, tug, '--tls-cert', file('server.crt'), '--tls-key', file('server.key'), '--tls-client-ca', file('ca.crt'));
	t.not((await inspect(closed.host, '--cert-dir', known)).exitCode, 0);
	fs.copyFileSync(file('server.crt'), path.join(known, 'client.cert'));
	fs.copyFileSync(file('server.key'), path.join(known, 'client.key'));
	const proven = await inspect(closed.host, '--cert-dir', known);
	t.is(proven.exitCode, 0, proven.errors);
});

test.serial('a cache of docker\'s own registry, with its login', async t => {
	const tug = await tugCli(t);
	const origin = tug === undefined || missing(t, 'skopeo') ? undefined : await dockerRegistry(t, {login: true});
	if (tug === undefined || origin === undefined) {
		return;
	}

	const folder = path.join(tug.folder, 'busybox');
	const own = await serve(t, tug);
	t.is((await run('skopeo', ['copy', '--src-tls-verify=false', `docker://${own.host}/busybox`, `dir:${folder}`], tug)).exitCode, 0);
	const filled = await run('skopeo', ['copy', '--dest-tls-verify=false', '--dest-creds', 'testuser:testpass', `dir:${folder}`, `docker://${origin.host}/team/bb:1`], tug);
	t.is(filled.exitCode, 0, filled.errors);

	fs.mkdirSync(path.join(tug.folder, '.docker'));
	fs.writeFileSync(path.join(tug.folder, '.docker', 'config.json'), JSON.stringify({auths: {[origin.host]: {auth: Buffer.from('testuser:testpass').toString('base64')}}}), {mode: 0o600});
	const cache = await serve(t, tug, '--proxy', `http://${origin.host}`);
	const pulled = await run('skopeo', ['copy', '--src-tls-verify=false', `docker://${cache.host}/team/bb:1`, `dir:${path.join(tug.folder, 'pulled')}`], tug);
	t.is(pulled.exitCode, 0, pulled.errors);
	const raw = await run('skopeo', ['inspect', '--raw', '--tls-verify=false', '--creds', 'testuser:testpass', `docker://${origin.host}/team/bb:1`], tug);
	t.is(fs.readFileSync(path.join(tug.folder, 'pulled', 'manifest.json'), 'utf8'), raw.output);
	t.regex(await tug.say('images'), new RegExp(`${origin.host}/team/bb +1 `));
	t.is(cache.errors(), '');
});

test.serial('a server killed in the middle of a piece is replaced by another, and the upload goes on', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	const first = await serve(t, tug);
	const {location} = Object.fromEntries((await fetch(`${first.url}/v2/app/blobs/uploads/`, {method: 'POST'})).headers) as {location: string};
	const half = Buffer.alloc(500_000, 'a');
	const socket = net.connect(Number(new URL(first.url).port), '127.0.0.1');
	socket.on('error', () => {});
	socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n`);
	socket.write(half);
	await until(async () => (await fetch(`${first.url}${location}`)).headers.get('range') === '0-499999', 'the first half');
	await first.stop('SIGKILL');

	const second = await serve(t, tug);
	t.is((await fetch(`${second.url}${location}`)).headers.get('range'), '0-499999');
	const rest = Buffer.alloc(500_000, 'b');
	const patched = await fetch(`${second.url}${location}`, {method: 'PATCH', body: rest, headers: {'content-range': '500000-999999'}});
	t.is(patched.status, 202);
	const digest = digestOf(Buffer.concat([half, rest]));
	t.is((await fetch(`${second.url}${location}?digest=${digest}`, {method: 'PUT'})).status, 201);
	t.is((await fetch(`${second.url}/v2/app/blobs/${digest}`, {method: 'HEAD'})).headers.get('content-length'), '1000000');
	t.is(await second.stop('SIGTERM'), 0);
});

test.serial('a signal ends it once the transfer under way is done', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	const server = await serve(t, tug);
	const {location} = Object.fromEntries((await fetch(`${server.url}/v2/app/blobs/uploads/`, {method: 'POST'})).headers) as {location: string};
	const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
	let reply = '';
	socket.on('data', (chunk: Buffer) => {
		reply += chunk.toString();
	});
	socket.write(`PUT ${location}?digest=${digestOf('first last')} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nfirst `);
	await until(async () => (await fetch(`${server.url}${location}`)).headers.get('range') === '0-5', 'the first bytes');
	const stopped = server.stop('SIGTERM');
	await until(async () => fetch(`${server.url}/v2/`).then(() => false, () => true), 'the port to close');
	socket.write('last');
	t.is(await stopped, 0);
	t.regex(reply, /^HTTP\/1\.1 201 /);
});

test.serial('it goes on when nobody reads its log any more', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	const server = await serve(t, tug, '-v');
	server.child.stdout!.destroy();
	server.child.stderr!.destroy();
	for (let round = 0; round < 5; round++) {
		t.is((await fetch(`${server.url}/v2/`)).status, 200);
	}

	t.is(await server.stop('SIGTERM'), 0);
});

test.serial('figures, and what can\'t be started says why', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	const server = await serve(t, tug, '--metrics', '127.0.0.1:0', '--read-only');
	await until(() => server.log().includes('figures at'), 'the second line');
	t.regex(await (await fetch(/figures at (\S+)/.exec(server.log())![1]!)).text(), /^tug_registry_repositories 1$/m);
	t.is((await fetch(`${server.url}/v2/app/blobs/uploads/`, {method: 'POST'})).status, 405);
	const taken = await tug.run(['registry', 'serve', '--listen', server.host]);
	t.is(taken.exitCode, 1);
	t.regex(taken.errors, /^tug: 127\.0\.0\.1:\d+ is in use\n.*--listen/);
	for (const words of [['--htpasswd', '/nowhere'], ['--auth', 'token'], ['--anonymous-pull'], ['--tls-cert', '/nowhere', '--tls-key', '/nowhere'], ['--notify', 'ftp://x'], ['--proxy', 'nonsense'], ['--proxy', 'http://127.0.0.1:9/path'], ['--metrics', 'x']]) {
		const {exitCode, errors} = await tug.run(['registry', 'serve', '--listen', '127.0.0.1:0', ...words]);
		t.is(exitCode, 1, words.join(' '));
		t.regex(errors, /^tug: [^\n]+\n/);
		t.notRegex(errors, /\n\s+at /);
	}

	t.true(process.pid > 0);
});

test.serial('a cache of another one serves while that one is away', async t => {
	const tug = await tugCli(t);
	const cacheTug = await tugCli(t);
	if (tug === undefined || cacheTug === undefined || missing(t, 'skopeo')) {
		return;
	}

	const origin = await serve(t, tug);
	const cache = await serve(t, cacheTug, '--proxy', origin.url);
	const pull = async (name: string) => run('skopeo', ['copy', '--src-tls-verify=false', `docker://${cache.host}/busybox`, `dir:${path.join(tug.folder, name)}`], tug);
	t.is((await pull('one')).exitCode, 0);
	t.is(await origin.stop('SIGTERM'), 0);
	t.is((await pull('two')).exitCode, 0);
	t.regex(await cacheTug.say('images'), new RegExp(`${origin.host}/busybox +latest `));
});
