/** docker's config.json and its credential helpers: read as docker reads them, written so that docker can. */
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {credentialStore} from '../../engine/registry/credential-store.js';
import {changeDockerConfig, credentialHelper, credentialKey, dockerConfigFile, dockerHubKey, findAuth, readDockerConfig, withAuth} from '../../engine/registry/docker-config.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');

test('where the file is', t => {
	t.is(dockerConfigFile({}, '/home/me'), '/home/me/.docker/config.json');
	t.is(dockerConfigFile({DOCKER_CONFIG: '/else'}, '/home/me'), '/else/config.json');
	t.is(dockerConfigFile({DOCKER_CONFIG: ''}, '/home/me'), '/home/me/.docker/config.json');
	t.is(credentialKey('docker.io'), dockerHubKey);
	t.is(credentialKey('quay.io'), 'quay.io');
});

for (const [entry, expected] of [
	[{auth: base64('me:secret')}, {username: 'me', password: 'secret'}],
	[{auth: base64('me:with:colons')}, {username: 'me', password: 'with:colons'}],
	[{auth: base64('me:'), identitytoken: 'tok'}, {username: 'me', identityToken: 'tok'}],
	[{username: 'me', password: 'plain'}, {username: 'me', password: 'plain'}],
	[{registrytoken: 'access'}, {registryToken: 'access'}],
	[{}, {}],
	[{auth: ''}, {}],
	[{auth: base64('ünï:cødé')}, {username: 'ünï', password: 'cødé'}],
] as const) {
	test(`the entry ${JSON.stringify(entry)}`, t => {
		t.deepEqual(findAuth({auths: {'registry:5000': entry}}, 'registry:5000'), expected);
	});
}

test('an entry is found however it was written', t => {
	const auth = {auth: base64('me:x')};
	for (const key of ['registry:5000', 'https://registry:5000', 'http://registry:5000/v1/', 'https://registry:5000/v2/']) {
		t.is(findAuth({auths: {[key]: auth}}, 'registry:5000')?.username, 'me', key);
	}

	t.is(findAuth({auths: {'registry:5001': auth}}, 'registry:5000'), undefined);
	t.is(findAuth({auths: {'index.docker.io': auth}}, dockerHubKey)?.username, 'me');
	t.is(findAuth({}, 'registry:5000'), undefined);
	t.is(findAuth({auths: null}, 'registry:5000'), undefined);
	t.is(findAuth({auths: {['__proto__']: auth}}, 'constructor'), undefined);
	t.throws(() => findAuth({auths: {r: {auth: base64('nocolon')}}}, 'r'), {message: /entry for r in docker's config\.json is damaged/});
	t.throws(() => findAuth({auths: []}, 'r'), {message: /auths is not an object/});
});

test('setting and taking away leaves everything else as it is', t => {
	const before = {HttpHeaders: {a: 'b'}, detachKeys: 'ctrl-x', auths: {other: {auth: 'eA=='}, 'https://registry/v1/': {auth: 'eTp6'}}};
	const set = withAuth(before, 'registry', {username: 'me', password: 'secret'});
	t.deepEqual(set, {...before, auths: {...before.auths, registry: {auth: base64('me:secret')}}});
	t.deepEqual(withAuth(before, 'registry', {username: 'me', identityToken: 'tok'})['auths'], {...before.auths, registry: {auth: base64('me:'), identitytoken: 'tok'}});
	t.deepEqual(withAuth(set, 'registry', undefined), {...before, auths: {other: {auth: 'eA=='}}});
	t.deepEqual(withAuth({}, 'registry', undefined), {auths: {}});
});

test('the helper of a registry, or the one for all', t => {
	const config = {credsStore: 'general', credHelpers: {'registry:5000': 'special', 'index.docker.io': 'hub'}};
	t.is(credentialHelper(config, 'registry:5000'), 'special');
	t.is(credentialHelper(config, 'other'), 'general');
	t.is(credentialHelper(config, dockerHubKey), 'hub');
	t.is(credentialHelper({}, 'other'), undefined);
	t.is(credentialHelper({credsStore: ''}, 'other'), undefined);
});

test('the file is written with mode 0600, atomically, with docker\'s tabs, through a symbolic link', async t => {
	const folder = temporaryFolder(t);
	const store = credentialStore({DOCKER_CONFIG: path.join(folder, 'new')}, folder);
	t.is(await store.store('registry:5000', {username: 'me', password: 'secret'}), undefined);
	t.is(fs.statSync(store.file).mode & 0o777, 0o600);
	t.is(fs.statSync(path.dirname(store.file)).mode & 0o777, 0o700);
	t.is(fs.readFileSync(store.file, 'utf8'), `{\n\t"auths": {\n\t\t"registry:5000": {\n\t\t\t"auth": "${base64('me:secret')}"\n\t\t}\n\t}\n}\n`);
	t.deepEqual(await store.get('registry:5000'), {username: 'me', password: 'secret'});
	t.deepEqual(fs.readdirSync(path.dirname(store.file)), ['config.json']);

	const real = path.join(folder, 'dotfiles.json');
	fs.renameSync(store.file, real);
	fs.chmodSync(real, 0o644);
	fs.symlinkSync(real, store.file);
	await store.store('docker.io', {username: 'hub', password: 'x'});
	t.true(fs.lstatSync(store.file).isSymbolicLink());
	t.is(fs.statSync(real).mode & 0o777, 0o600);
	t.deepEqual(Object.keys(readDockerConfig(real)['auths'] as object), ['registry:5000', dockerHubKey]);
	t.true(await store.erase('registry:5000'));
	t.false(await store.erase('registry:5000'));
	t.deepEqual(await store.get('registry:5000'), {});
});

test('a file that is no JSON is not overwritten', async t => {
	const folder = temporaryFolder(t);
	fs.mkdirSync(path.join(folder, '.docker'));
	const store = credentialStore({}, folder);
	fs.writeFileSync(store.file, '{"auths": ');
	await t.throwsAsync(store.store('r', {username: 'a', password: 'b'}), {message: new RegExp(`${store.file} is not valid JSON`)});
	await t.throwsAsync(store.get('r'), {message: /is not valid JSON/});
	t.is(fs.readFileSync(store.file, 'utf8'), '{"auths": ');
	fs.writeFileSync(store.file, '  \n');
	t.deepEqual(await store.get('r'), {});
});

test('many at once lose nothing', async t => {
	const file = path.join(temporaryFolder(t), 'config.json');
	await Promise.all(Array.from({length: 12}, async (_, index) => changeDockerConfig(file, config => withAuth(config, `r${index}`, {username: 'u', password: 'p'}))));
	t.is(Object.keys(readDockerConfig(file)['auths'] as object).length, 12);
});

/** A helper that keeps its secrets in a file beside it. */
function installHelper(folder: string): Readonly<Record<string, string>> {
	const script = `#!/bin/sh
input=$(cat)
echo "$1 $input" >>${folder}/calls
case $1 in
get) case $input in
	known) echo '{"ServerURL":"known","Username":"me","Secret":"pass"}';;
	token) echo '{"ServerURL":"token","Username":"<token>","Secret":"identity"}';;
	broken) echo 'the keyring is locked'; exit 1;;
	babble) echo 'not json';;
	*) echo 'credentials not found in native keychain'; exit 1;;
	esac;;
esac
`;
	fs.writeFileSync(path.join(folder, 'docker-credential-test'), script, {mode: 0o755});
	fs.writeFileSync(path.join(folder, 'config.json'), '{"credsStore":"test","credHelpers":{"missing":"nosuch","evil":"../../bin/sh"}}');
	return {PATH: `${folder}:${process.env['PATH'] ?? ''}`, DOCKER_CONFIG: folder};
}

test('a credential helper is asked, told and cleared', async t => {
	const folder = temporaryFolder(t);
	const store = credentialStore(installHelper(folder), folder);
	t.deepEqual(await store.get('known'), {username: 'me', password: 'pass'});
	t.deepEqual(await store.get('token'), {identityToken: 'identity'});
	t.deepEqual(await store.get('unknown'), {});
	t.is(await store.store('somewhere', {username: 'a', password: 'b'}), 'test');
	t.is(await store.store('docker.io', {username: 'a', identityToken: 'tok'}), 'test');
	t.true(await store.erase('somewhere'));
	const calls = fs.readFileSync(path.join(folder, 'calls'), 'utf8').trim().split('\n');
	t.deepEqual(calls.slice(3), [
		'store {"ServerURL":"somewhere","Username":"a","Secret":"b"}',
		`store {"ServerURL":"${dockerHubKey}","Username":"<token>","Secret":"tok"}`,
		'erase somewhere',
	]);
	const text = fs.readFileSync(path.join(folder, 'config.json'), 'utf8');
	t.false(text.includes('"b"') || text.includes('tok"}'));
	t.deepEqual(Object.keys((JSON.parse(text) as {auths: object}).auths), [dockerHubKey]);
});

test('a helper that fails, babbles, is missing or has no right name is named', async t => {
	const folder = temporaryFolder(t);
	const store = credentialStore(installHelper(folder), folder);
	await t.throwsAsync(store.get('broken'), {message: 'docker-credential-test: the keyring is locked'});
	await t.throwsAsync(store.get('babble'), {message: /answer of docker-credential-test is not valid JSON/});
	await t.throwsAsync(store.get('missing'), {message: 'docker-credential-nosuch is not installed'});
	await t.throwsAsync(store.get('evil'), {message: /can't be the name of a credential helper/});
});

test('skopeo reads what was written', async t => {
	if (spawnSync('skopeo', ['--version']).status !== 0) {
		t.log('skipped: no skopeo on this machine');
		t.pass();
		return;
	}

	const folder = temporaryFolder(t);
	const store = credentialStore({}, folder);
	await store.store('registry.example:5000', {username: 'me', password: 'secret'});
	const {stdout} = spawnSync('skopeo', ['login', '--get-login', '--authfile', store.file, 'registry.example:5000'], {encoding: 'utf8'});
	t.is(stdout.trim(), 'me');
});
