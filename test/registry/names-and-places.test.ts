/** Where a registry is, through which proxy, with whose certificates, as the config files say. */
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {certificateFolders, readSystemAuthorities, readTlsMaterial} from '../../engine/registry/certificates.js';
import {inNetwork, isLoopbackHost, registryHost, resolveEndpoints} from '../../engine/registry/endpoint.js';
import {chooseProxy, proxyAuthorization} from '../../engine/registry/proxy.js';
import {defaultSettings, mergeSettings, readRegistrySettings, settingsFiles} from '../../engine/registry/registry-settings.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

const bases = (domain: string, insecure: readonly string[] = [], mirrors: readonly string[] = [], purpose: 'pull' | 'push' = 'pull') =>
	resolveEndpoints(domain, {insecure, mirrors}, purpose).map(endpoint => `${endpoint.bases.map(base => base.href).join(' ')} ${endpoint.verifies ? 'verified' : 'any'}${endpoint.isMirror ? ' mirror' : ''}`);

for (const [domain, insecure, expected] of [
	['docker.io', [], ['https://registry-1.docker.io/ verified']],
	['quay.io', [], ['https://quay.io/ verified']],
	['registry.local:5000', [], ['https://registry.local:5000/ verified']],
	['registry.local:5000', ['registry.local:5000'], ['https://registry.local:5000/ http://registry.local:5000/ any']],
	['registry.local:5000', ['registry.local'], ['https://registry.local:5000/ http://registry.local:5000/ any']],
	['registry.local:5001', ['registry.local:5000'], ['https://registry.local:5001/ verified']],
	['10.1.2.3:5000', ['10.0.0.0/8'], ['https://10.1.2.3:5000/ http://10.1.2.3:5000/ any']],
	['11.1.2.3:5000', ['10.0.0.0/8'], ['https://11.1.2.3:5000/ verified']],
	['localhost:5000', [], ['http://localhost:5000/ https://localhost:5000/ any']],
	['127.0.0.1', [], ['http://127.0.0.1/ https://127.0.0.1/ any']],
	['127.99.1.2:80', [], ['http://127.99.1.2/ https://127.99.1.2:80/ any']],
	['[::1]:5000', [], ['http://[::1]:5000/ https://[::1]:5000/ any']],
	['localhost.example.com', [], ['https://localhost.example.com/ verified']],
] as const) {
	test(`${domain} with insecure registries ${insecure.join(',') || 'none'}`, t => {
		t.deepEqual(bases(domain, insecure), [...expected]);
	});
}

test('mirrors come before docker.io, for pulls alone', t => {
	t.deepEqual(bases('docker.io', [], ['https://mirror.example/hub', 'http://127.0.0.1:5055']), ['https://mirror.example/hub verified mirror', 'http://127.0.0.1:5055/ any mirror', 'https://registry-1.docker.io/ verified']);
	t.deepEqual(bases('docker.io', [], ['https://mirror.example'], 'push'), ['https://registry-1.docker.io/ verified']);
	t.deepEqual(bases('quay.io', [], ['https://mirror.example']), ['https://quay.io/ verified']);
});

test('addresses in networks', t => {
	t.true(inNetwork('192.168.1.9', '192.168.0.0/16'));
	t.true(inNetwork('fd00::5', 'fd00::/8'));
	t.false(inNetwork('fd00::5', '10.0.0.0/8'));
	t.false(inNetwork('name', '10.0.0.0/8'));
	t.false(inNetwork('10.0.0.1', '10.0.0.0/40'));
	t.false(inNetwork('10.0.0.1', '10.0.0.1'));
	t.true(['localhost', 'localhost:1', '127.0.0.5', '[::1]', '[::1]:80'].every(host => isLoopbackHost(host)));
	t.false(['127.example.com', 'local', '128.0.0.1', '[::2]:80'].some(host => isLoopbackHost(host)));
});

for (const [server, host] of [['', 'docker.io'], ['https://index.docker.io/v1/', 'docker.io'], ['docker.io', 'docker.io'], ['https://registry.local:5000/v2/', 'registry.local:5000'], ['registry.local', 'registry.local'], ['http://127.0.0.1:1', '127.0.0.1:1']] as const) {
	test(`the server ${JSON.stringify(server)} is ${host}`, t => {
		t.is(registryHost(server), host);
	});
}

const proxied = (url: string, environment: Readonly<Record<string, string>>) => chooseProxy(new URL(url), environment)?.href;

for (const [url, environment, expected] of [
	['https://quay.io/v2/', {}, undefined],
	['https://quay.io/v2/', {HTTPS_PROXY: 'http://proxy:3128'}, 'http://proxy:3128/'],
	['https://quay.io/v2/', {https_proxy: 'proxy:3128'}, 'http://proxy:3128/'],
	['https://quay.io/v2/', {HTTP_PROXY: 'http://proxy:3128'}, undefined],
	['http://plain.example/', {HTTP_PROXY: 'http://proxy:3128'}, 'http://proxy:3128/'],
	['http://localhost:5000/', {HTTP_PROXY: 'http://proxy:3128'}, undefined],
	['http://127.0.0.1:5000/', {HTTP_PROXY: 'http://proxy:3128'}, undefined],
	['https://quay.io/', {HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '*'}, undefined],
	['https://quay.io/', {HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'example.com, quay.io'}, undefined],
	['https://cdn.quay.io/', {HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'quay.io'}, undefined],
	['https://cdn.quay.io/', {HTTPS_PROXY: 'http://proxy:3128', no_proxy: '.quay.io'}, undefined],
	['https://quay.io/', {HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '.quay.io'}, 'http://proxy:3128/'],
	['https://notquay.io/', {HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'quay.io'}, 'http://proxy:3128/'],
	['https://quay.io/', {HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'quay.io:444'}, 'http://proxy:3128/'],
	['https://quay.io/', {HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'quay.io:443'}, undefined],
	['https://10.2.3.4:5000/', {HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '10.0.0.0/8'}, undefined],
	['https://10.2.3.4:5000/', {HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '10.2.3.4'}, undefined],
	['https://10.2.3.4:5000/', {HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '10.2.3.5,,'}, 'http://proxy:3128/'],
	['https://[fd00::1]:5000/', {HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'fd00::1'}, undefined],
] as const) {
	test(`${url} with ${JSON.stringify(environment)} goes ${expected === undefined ? 'straight' : `through ${expected}`}`, t => {
		t.is(proxied(url, environment as Readonly<Record<string, string>>), expected);
	});
}

test('a proxy that is no URL is named, one with a password gets it', t => {
	t.throws(() => proxied('https://quay.io/', {HTTPS_PROXY: 'socks5://proxy'}), {message: /HTTPS_PROXY is not the URL of an http or https proxy: "socks5:\/\/proxy"/});
	t.is(proxyAuthorization(new URL('http://me:p%40ss@proxy:1')), `Basic ${Buffer.from('me:p@ss').toString('base64')}`);
	t.is(proxyAuthorization(new URL('http://proxy:1')), undefined);
});

test('certificates of a registry come from the first folder that has some', t => {
	const folder = temporaryFolder(t);
	const at = (...parts: string[]) => path.join(folder, ...parts);
	fs.mkdirSync(at('a'));
	fs.mkdirSync(at('b', 'host:5000'), {recursive: true});
	t.is(readTlsMaterial('host:5000', [at('a'), at('b')]), undefined);
	fs.writeFileSync(at('b', 'host:5000', 'ca.crt'), 'CA');
	t.deepEqual(readTlsMaterial('host:5000', [at('a'), at('b'), at('nowhere')]), {authorities: ['CA']});
	fs.writeFileSync(at('b', 'host:5000', 'client.cert'), 'CERT');
	t.throws(() => readTlsMaterial('host:5000', [at('b')]), {message: /missing key client\.key for client\.cert in /});
	fs.writeFileSync(at('b', 'host:5000', 'client.key'), 'KEY');
	t.deepEqual(readTlsMaterial('host:5000', [at('b')]), {authorities: ['CA'], certificate: 'CERT', key: 'KEY'});
	fs.rmSync(at('b', 'host:5000', 'client.cert'));
	t.throws(() => readTlsMaterial('host:5000', [at('b')]), {message: /missing client certificate client\.cert for client\.key/});
	t.deepEqual(certificateFolders({XDG_CONFIG_HOME: '/c'}, '/h').slice(0, 4), ['/c/tug/certs.d', '/etc/tug/certs.d', '/c/docker/certs.d', '/etc/docker/certs.d']);
});

test('the system\'s authorities are those of SSL_CERT_FILE, where it is set', t => {
	const folder = temporaryFolder(t);
	fs.writeFileSync(path.join(folder, 'all.pem'), 'PEM');
	t.is(readSystemAuthorities({SSL_CERT_FILE: path.join(folder, 'all.pem')}), 'PEM');
	t.is(readSystemAuthorities({SSL_CERT_FILE: path.join(folder, 'none.pem')}), undefined);
});

test('settings: lists add up over the files, numbers of the later one win', async t => {
	const folder = temporaryFolder(t);
	const [first, second] = ['one.toml', 'two.toml'].map(name => path.join(folder, name));
	fs.writeFileSync(first!, 'theme = "dark"\nregistry-mirrors = ["https://one.example/"]\ninsecure-registries = ["http://a:1/", "10.0.0.0/8"]\nmax-concurrent-downloads = 7\n');
	fs.writeFileSync(second!, 'registry-mirrors = ["http://two.example/hub"]\nmax-concurrent-downloads = 2\nmax-concurrent-uploads = 9\n');
	t.deepEqual(await readRegistrySettings([first!, path.join(folder, 'none.toml'), second!]), {
		mirrors: ['https://one.example', 'http://two.example/hub'],
		insecure: ['a:1', '10.0.0.0/8'],
		downloadsAtOnce: 2,
		uploadsAtOnce: 9,
	});
	t.deepEqual(settingsFiles({}, '/home/me'), ['/etc/tug/config.toml', '/home/me/.config/tug/config.toml']);
	t.is(settingsFiles({XDG_CONFIG_HOME: '/c'}, '/home/me')[1], '/c/tug/config.toml');
});

for (const [fields, expected] of [
	[{'registry-mirrors': ['mirror.example']}, /invalid mirror: "mirror\.example"/],
	[{'registry-mirrors': ['ftp://mirror.example']}, /invalid mirror/],
	[{'registry-mirrors': ['https://user@mirror.example']}, /invalid mirror/],
	[{'registry-mirrors': ['https://mirror.example?x']}, /invalid mirror/],
	[{'registry-mirrors': 'https://mirror.example'}, /registry-mirrors is not a list/],
	[{'insecure-registries': [1]}, /insecure-registries\[0\] is not a string/],
	[{'max-concurrent-downloads': 0}, /max-concurrent-downloads is not a number from 1 to 100/],
	[{'max-concurrent-uploads': 1.5}, /max-concurrent-uploads is not a number/],
] as const) {
	test(`settings ${JSON.stringify(fields)} are refused, naming the file`, t => {
		const {message} = t.throws(() => mergeSettings(defaultSettings, fields, '/etc/x.toml'));
		t.regex(message, expected);
		t.true(message.startsWith('/etc/x.toml: '));
	});
}

test('a file that is no TOML is named', async t => {
	const file = path.join(temporaryFolder(t), 'bad.toml');
	fs.writeFileSync(file, '= [');
	await t.throwsAsync(readRegistrySettings([file]), {message: new RegExp(`^${file}: `)});
});
