/** Debian's docker-registry (distribution 2.8) for tests: on a port of its own, with a login and TLS where that is asked for. */
import {spawn} from 'node:child_process';
import fs from 'node:fs';
import net, {type AddressInfo} from 'node:net';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {hasProgram} from './image-lab.js';
import {temporaryFolder} from './temporary-folder.js';
import type {Keys} from './tls-keys.js';
import {until} from './tug-cli.js';

export type DockerRegistry = {readonly host: string; readonly folder: string};

/** bcrypt of `testpass`, by apache2-utils' htpasswd. */
const htpasswd = 'testuser:$2y$05$4BTkMLQ..7N0HhzKUgFbJO8FoH8bPSYofEaJGyz07RDdzNXKCORsS\n';

/** Undefined, with the reason logged, where it is not installed. */
export async function dockerRegistry(t: ExecutionContext, {login = false, keys}: {readonly login?: boolean; readonly keys?: Keys} = {}): Promise<DockerRegistry | undefined> {
	if (!hasProgram('docker-registry')) {
		t.log('skipped: no docker-registry on this machine (apt install docker-registry)');
		t.pass();
		return undefined;
	}

	const folder = temporaryFolder(t);
	const port = await freePort();
	fs.writeFileSync(path.join(folder, 'htpasswd'), htpasswd);
	fs.writeFileSync(path.join(folder, 'config.yml'), [
		'version: 0.1',
		'log: {level: error}',
		`storage: {filesystem: {rootdirectory: ${folder}/data}, delete: {enabled: true}}`,
		`http: {addr: "127.0.0.1:${port}"${keys === undefined ? '' : `, tls: {certificate: ${keys.folder}/server.crt, key: ${keys.folder}/server.key}`}}`,
		...(login ? [`auth: {htpasswd: {realm: test, path: ${folder}/htpasswd}}`] : []),
		'',
	].join('\n'));
	const child = spawn('docker-registry', ['serve', path.join(folder, 'config.yml')], {stdio: ['ignore', 'ignore', 'pipe']});
	let complaints = '';
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		complaints += text;
	});
	t.teardown(() => child.kill('SIGKILL'));
	await until(async () => isListening(port), () => `docker-registry did not start: ${complaints}`);
	return {host: `127.0.0.1:${port}`, folder};
}

async function freePort(): Promise<number> {
	const server = net.createServer();
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const {port} = server.address() as AddressInfo;
	await new Promise<void>(resolve => {
		server.close(() => {
			resolve();
		});
	});
	return port;
}

async function isListening(port: number): Promise<boolean> {
	return new Promise(resolve => {
		const socket = net.connect(port, '127.0.0.1');
		socket.once('connect', () => {
			socket.destroy();
			resolve(true);
		});
		socket.once('error', () => {
			resolve(false);
		});
	});
}
