/** The real registry of everybody else, with skopeo as the other client: what one pushed the other pulls, as the same image. */
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {Readable} from 'node:stream';
import zlib from 'node:zlib';
import test, {type ExecutionContext} from 'ava';
import {assertSound, dockerArchive, hasProgram, idOf, layerWith, load, ociLayout, tarOf, type TestImage} from '../helpers/image-lab.js';
import {dockerRegistry} from '../helpers/docker-registry.js';
import {registryLab} from '../helpers/registry-lab.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';
import {makeKeys} from '../helpers/tls-keys.js';
import {tugCli, type TugCli} from '../helpers/tug-cli.js';

const image: TestImage = {layers: [layerWith('base', 'one'), tarOf(Array.from({length: 300}, (_, index) => ({name: `f/${index}`, data: String(index).repeat(100)})))], tags: ['app:1'], config: {Cmd: ['x'], Env: ['A=b'], Labels: {l: 'v'}}};

function skopeo(t: ExecutionContext, ...words: readonly string[]): string {
	const {stdout, stderr, status} = spawnSync('skopeo', ['--insecure-policy', ...words], {encoding: 'utf8', env: {...process.env, HOME: '/nonexistent'}});
	t.is(status, 0, `skopeo ${words.join(' ')}: ${stderr}`);
	return stdout;
}

function lacksSkopeo(t: ExecutionContext): boolean {
	if (hasProgram('skopeo')) {
		return false;
	}

	t.log('skipped: no skopeo on this machine (apt install skopeo)');
	t.pass();
	return true;
}

function writeLayout(folder: string, compression: 'gzip' | 'none'): void {
	const options = compression === 'gzip' ? {encode: (layer: Buffer) => zlib.gzipSync(layer), layerType: 'application/vnd.oci.image.layer.v1.tar+gzip'} : {};
	for (const [name, data] of ociLayout(image, options)) {
		fs.mkdirSync(path.dirname(path.join(folder, name)), {recursive: true});
		fs.writeFileSync(path.join(folder, name), data);
	}
}

for (const [name, format] of [['as OCI', 'oci'], ['as docker\'s schema 2', 'v2s2']] as const) {
	test(`what skopeo pushed ${name} is pulled with the same ids, and goes back unchanged`, async t => {
		const registry = lacksSkopeo(t) ? undefined : await dockerRegistry(t);
		const lab = registry === undefined ? undefined : await registryLab(t);
		if (lab === undefined || registry === undefined) {
			return;
		}

		const layout = temporaryFolder(t);
		writeLayout(layout, 'gzip');
		const target = `docker://${registry.host}/team/app:1`;
		skopeo(t, 'copy', '-q', '--dest-tls-verify=false', '--format', format, `oci:${layout}`, target);
		await lab.pull(`${registry.host}/team/app:1`);
		const pulled = lab.images.inspect(`${registry.host}/team/app:1`);
		const raw = skopeo(t, 'inspect', '--raw', '--tls-verify=false', target);
		t.is(String(pulled.id), (JSON.parse(raw) as {config: {digest: string}}).config.digest);
		assertSound(t, lab.store);
		await lab.images.tag(`${registry.host}/team/app:1`, `${registry.host}/team/copy:2`);
		await lab.push(`${registry.host}/team/copy:2`);
		t.is(skopeo(t, 'inspect', '--raw', '--tls-verify=false', `docker://${registry.host}/team/copy:2`), raw);
	});
}

test('what was loaded and pushed is what skopeo copies', async t => {
	const registry = lacksSkopeo(t) ? undefined : await dockerRegistry(t);
	const lab = registry === undefined ? undefined : await registryLab(t);
	if (lab === undefined || registry === undefined) {
		return;
	}

	await load(lab.images, Readable.from([dockerArchive(image)]));
	await lab.images.tag('app:1', `${registry.host}/app:1`);
	await lab.push(`${registry.host}/app:1`);
	const folder = temporaryFolder(t);
	skopeo(t, 'copy', '-q', '--src-tls-verify=false', `docker://${registry.host}/app:1`, `dir:${folder}/out`);
	const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'out', 'manifest.json'), 'utf8')) as {config: {digest: string}; layers: Array<{digest: string}>};
	t.is(manifest.config.digest, idOf(image));
	for (const [index, {digest}] of manifest.layers.entries()) {
		t.true(zlib.gunzipSync(fs.readFileSync(path.join(folder, 'out', digest.slice('sha256:'.length)))).equals(image.layers[index]!));
	}

	const tags = JSON.parse(skopeo(t, 'list-tags', '--tls-verify=false', `docker://${registry.host}/app`)) as {Tags: string[]};
	t.deepEqual(tags.Tags, ['1']);
});

test('layers are mounted from another repository of a real registry', async t => {
	const registry = await dockerRegistry(t);
	const lab = registry === undefined ? undefined : await registryLab(t);
	if (lab === undefined || registry === undefined) {
		return;
	}

	await load(lab.images, Readable.from([dockerArchive(image)]));
	await lab.images.tag('app:1', `${registry.host}/one:1`);
	await lab.push(`${registry.host}/one:1`);
	await lab.images.remove('app:1', {});
	await lab.images.remove(`${registry.host}/one:1`, {});
	await lab.pull(`${registry.host}/one:1`);
	await lab.images.tag(`${registry.host}/one:1`, `${registry.host}/two:1`);
	const messages = await lab.push(`${registry.host}/two:1`);
	t.is(messages.filter(({status}) => status === 'Mounted from one').length, 2);
	await t.notThrowsAsync(lab.pull(`${registry.host}/two`, {allTags: true}));
	assertSound(t, lab.store);
});

/** The command line with a login and an authority of its own. */
async function guarded(t: ExecutionContext): Promise<{tug: TugCli; host: string} | undefined> {
	const keys = makeKeys(t);
	const registry = keys === undefined ? undefined : await dockerRegistry(t, {login: true, keys});
	const tug = registry === undefined ? undefined : await tugCli(t);
	if (tug === undefined || registry === undefined) {
		return undefined;
	}

	const folder = path.join(tug.folder, '.config', 'tug', 'certs.d', registry.host);
	fs.mkdirSync(folder, {recursive: true});
	fs.writeFileSync(path.join(folder, 'ca.crt'), keys!.authority);
	return {tug, host: registry.host};
}

test('login, push, pull, run and logout at a registry with TLS by an authority of one\'s own', async t => {
	const place = await guarded(t);
	if (place === undefined) {
		return;
	}

	const {tug, host} = place;
	const [[name]] = (await tug.say('images', '--format', '{{.Repository}}:{{.Tag}}')).split('\n').map(line => [line]) as [[string]];
	await tug.say('tag', name, `${host}/team/box:1`);
	const denied = await tug.run(['push', `${host}/team/box:1`]);
	t.is(denied.exitCode, 1);
	t.regex(denied.errors, /^tug: no basic auth credentials\nLog in first: tug login /);
	const wrong = await tug.run(['login', '-u', 'testuser', '--password-stdin', host], 'wrong\n');
	t.is(wrong.exitCode, 1);
	t.regex(wrong.errors, /^tug: login attempt to https:\/\/127\.0\.0\.1:\d+\/v2\/ failed with status: 401 Unauthorized\n/);
	const login = await tug.run(['login', '-u', 'testuser', '--password-stdin', host], 'testpass\n');
	t.deepEqual([login.exitCode, login.output], [0, 'Login Succeeded\n']);
	t.regex(login.errors, /stored unencrypted in '.*config\.json'/);
	const config = path.join(tug.folder, '.docker', 'config.json');
	t.is(fs.statSync(config).mode & 0o777, 0o600);
	t.is((await tug.run(['login', host])).output, 'Authenticating with existing credentials...\nLogin Succeeded\n');
	t.regex(await tug.say('push', `${host}/team/box:1`), /^The push refers to repository \[.*\]\n[^]*\n1: digest: sha256:\w{64} size: \d+$/);
	const id = await tug.say('images', '-q', '--no-trunc', `${host}/team/box:1`);
	await tug.say('rmi', '-f', id);
	t.is((await tug.say('images', '-q')), '');
	const missing = await tug.run(['run', '--rm', '--network', 'none', `${host}/team/box:1`, 'echo', 'hello']);
	t.deepEqual([missing.exitCode, missing.output], [0, 'hello\n']);
	t.regex(missing.errors, /^Unable to find image '.*\/team\/box:1' locally\n1: Pulling from team\/box\n[^]*Status: Downloaded newer image for /);
	t.is(await tug.say('images', '-q', '--no-trunc'), id);
	t.is(await tug.say('pull', '-q', `${host}/team/box:1`), `${host}/team/box:1`);
	t.regex(await tug.say('search', '--format', '{{.Name}}', `${host}/box`), /^team\/box$/);
	t.is(await tug.say('logout', host), `Removing login credentials for ${host}`);
	t.is(await tug.say('logout', host), `Not logged in to ${host}`);
	const gone = await tug.run(['pull', `${host}/team/box:2`]);
	t.is(gone.exitCode, 1);
	t.regex(gone.errors, /no basic auth credentials/);
});

test('manifest lists are put together, annotated, pushed and pulled from', async t => {
	const registry = await dockerRegistry(t);
	const tug = registry === undefined ? undefined : await tugCli(t);
	if (tug === undefined || registry === undefined) {
		return;
	}

	const {host} = registry;
	const name = (await tug.say('images', '--format', '{{.Repository}}:{{.Tag}}')).split('\n')[0]!;
	for (const tag of ['one:amd', 'two:arm']) {
		await tug.say('tag', name, `${host}/${tag}`);
		await tug.say('push', '-q', `${host}/${tag}`);
	}

	t.is(await tug.say('manifest', 'create', `${host}/one:all`, `${host}/one:amd`), `Created manifest list ${host}/one:all`);
	t.regex((await tug.run(['manifest', 'create', `${host}/one:all`, `${host}/two:arm`])).errors, /refusing to amend an existing manifest list with no --amend flag/);
	// The same image twice would be one entry: the second is changed a little first.
	await tug.say('create', '--name', 'changed', name);
	await tug.say('commit', 'changed', `${host}/two:arm`);
	await tug.say('push', '-q', `${host}/two:arm`);
	await tug.say('manifest', 'create', '--amend', `${host}/one:all`, `${host}/two:arm`);
	await tug.say('manifest', 'annotate', '--arch', 'arm64', '--variant', 'v8', `${host}/one:all`, `${host}/two:arm`);
	const list = JSON.parse(await tug.say('manifest', 'inspect', `${host}/one:all`)) as {manifests: Array<{platform: {architecture: string; variant?: string}}>};
	t.deepEqual(list.manifests.map(({platform}) => platform.variant ?? platform.architecture), ['amd64', 'v8']);
	t.regex(await tug.say('manifest', 'push', '--purge', `${host}/one:all`), /^sha256:\w{64}$/);
	t.regex((await tug.run(['manifest', 'rm', `${host}/one:all`])).errors, /No such manifest/);
	t.deepEqual(JSON.parse(await tug.say('manifest', 'inspect', `${host}/one:all`)), list);
	const verbose = JSON.parse(await tug.say('manifest', 'inspect', '-v', `${host}/one:all`)) as Array<{Descriptor: {platform: {architecture: string}}}>;
	t.deepEqual(verbose.map(({Descriptor: descriptor}) => descriptor.platform.architecture), ['amd64', 'arm64']);
	const before = await tug.say('images', '-q', '--no-trunc', `${host}/two:arm`);
	await tug.say('pull', '-q', '--platform', 'linux/arm64', `${host}/one:all`);
	t.is(await tug.say('images', '-q', '--no-trunc', `${host}/one:all`), before);
	t.regex((await tug.run(['pull', '--platform', 'linux/s390x', `${host}/one:all`])).errors, /no matching manifest for linux\/s390x in the manifest list entries\nThere is: linux\/amd64, linux\/arm64\/v8\./);
});

test('system df says what pruning gives back, and images --tree who shares what', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	const name = (await tug.say('images', '--format', '{{.Repository}}:{{.Tag}}')).split('\n')[0]!;
	await tug.say('create', '--name', 'box', name);
	await tug.say('commit', 'box', 'second:1');
	const [images] = (await tug.say('system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}} {{.Reclaimable}}')).split('\n');
	t.regex(images!, /^Images 2 1 [\d.]+[kMG]?B [\d.]+[kMG]?B \(\d+%\)$/);
	t.regex(await tug.say('system', 'df', '-v'), /^Images space usage:\n\nREPOSITORY .*UNIQUE SIZE/);
	t.regex(await tug.say('images', '--tree'), new RegExp(`^└─layer \\w{12} [\\d.]+MB {2}${name}\n {2}└─layer \\w{12} 0B {2}second:1$`));
	const promised = /^Images \S+ \S+ \S+ (\S+)/.exec(images!)![1]!;
	const pruned = await tug.say('image', 'prune', '-af');
	t.true(pruned.includes('untagged: second:1') || pruned.includes('second:1'));
	t.regex(pruned, new RegExp(`Total reclaimed space: ${promised.replaceAll('.', '\\.')}$`));
});
