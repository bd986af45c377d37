import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {temporaryFolder} from './temporary-folder.js';

export type Keys = {readonly folder: string; readonly key: string; readonly cert: string; readonly authority: string};

/** An authority of the test's own, and a certificate by it for 127.0.0.1. Undefined without openssl. */
export function makeKeys(t: ExecutionContext): Keys | undefined {
	const folder = temporaryFolder(t);
	const openssl = (...words: readonly string[]) => spawnSync('openssl', words, {cwd: folder, encoding: 'utf8'});
	if (openssl('version').status !== 0) {
		t.log('skipped: no openssl on this machine');
		t.pass();
		return undefined;
	}

	fs.writeFileSync(path.join(folder, 'ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
	openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test authority', '-days', '2');
	openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=registry');
	openssl('x509', '-req', '-in', 'server.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'server.crt', '-days', '2', '-extfile', 'ext');
	const read = (name: string) => fs.readFileSync(path.join(folder, name), 'utf8');
	return {folder, key: read('server.key'), cert: read('server.crt'), authority: read('ca.crt')};
}
