/**
Whom to trust: docker's certs.d folders (a certificate authority and client certificates per registry) and the system's authorities.
*/
import path from 'node:path';
import {EngineError} from '../errors.js';
import {listIfThere, readIfThere} from '../files/atomic-file.js';

export type TlsMaterial = {
	/** PEM of authorities for this registry alone; undefined: the usual ones. */
	readonly authorities?: readonly string[];
	readonly certificate?: string;
	readonly key?: string;
};

/** Folders that may hold `HOST:PORT/{*.crt,*.cert,*.key}`: ours, then docker's and podman's; the first that has one for the host counts. */
export function certificateFolders(environment: Readonly<Record<string, string | undefined>>, home: string): readonly string[] {
	const config = environment['XDG_CONFIG_HOME'] || path.join(home, '.config');
	return [path.join(config, 'tug', 'certs.d'), '/etc/tug/certs.d', path.join(config, 'docker', 'certs.d'), '/etc/docker/certs.d', path.join(config, 'containers', 'certs.d'), '/etc/containers/certs.d'];
}

/** What there is for a registry; undefined when there is no folder for it. Throws `invalidParameter` for a certificate without its key, or the reverse. */
export function readTlsMaterial(host: string, folders: readonly string[]): TlsMaterial | undefined {
	for (const folder of folders.map(parent => path.join(parent, host))) {
		const names = listIfThere(folder);
		if (names.length > 0) {
			return readFolder(folder, names);
		}
	}

	return undefined;
}

/** docker's rules: NAME.crt is an authority, NAME.cert and NAME.key belong together. */
function readFolder(folder: string, names: readonly string[]): TlsMaterial {
	const read = (name: string) => readIfThere(path.join(folder, name))?.toString('utf8') ?? '';
	const authorities = names.filter(name => name.endsWith('.crt')).sort().map(name => read(name));
	const certificates = names.filter(name => name.endsWith('.cert')).sort();
	for (const name of [...certificates, ...names.filter(other => other.endsWith('.key'))]) {
		const partner = name.endsWith('.cert') ? name.replace(/cert$/, 'key') : name.replace(/key$/, 'cert');
		if (!names.includes(partner)) {
			throw new EngineError('invalidParameter', `missing ${name.endsWith('.cert') ? 'key' : 'client certificate'} ${partner} for ${name} in ${folder}`, {hint: 'CA certificates must use the extension .crt, client certificates .cert and .key.'});
		}
	}

	const [first] = certificates;
	return {
		...(authorities.length === 0 ? {} : {authorities}),
		...(first === undefined ? {} : {certificate: read(first), key: read(first.replace(/cert$/, 'key'))}),
	};
}

const systemBundles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem', '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', '/etc/ssl/cert.pem'];

/** The authorities this system trusts (Go's list of places, SSL_CERT_FILE first). Node has its own list; this one holds what a company added. */
export function readSystemAuthorities(environment: Readonly<Record<string, string | undefined>>): string | undefined {
	const named = environment['SSL_CERT_FILE'];
	for (const file of named ? [named] : systemBundles) {
		const data = readIfThere(file);
		if (data !== undefined) {
			return data.toString('latin1');
		}
	}

	return undefined;
}
