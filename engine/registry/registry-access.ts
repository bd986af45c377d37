/**
The way to any registry: brings settings, certificates, credentials and one pool of connections together.
*/
import type {Credentials} from './credentials.js';
import {certificateFolders, readTlsMaterial} from './certificates.js';
import {credentialStore, type CredentialStore} from './credential-store.js';
import {hostEndpoint, resolveEndpoints, type Endpoint} from './endpoint.js';
import {connectRegistry, type RegistryConnection} from './registry-connection.js';
import {readRegistrySettings, settingsFiles, type RegistrySettings} from './registry-settings.js';
import type {RetryPolicy} from './retry.js';
import {createTransport} from './transport.js';

export type RegistryAccess = {
	readonly settings: RegistrySettings;
	readonly credentials: CredentialStore;
	/** Connections to try in this order: mirrors first. `credentials`: undefined for what config.json has. */
	connect(domain: string, options?: {readonly credentials?: Credentials | undefined; readonly purpose?: 'pull' | 'push'}): Promise<readonly RegistryConnection[]>;
	/** A host by itself, as `login` and `search` name it. */
	connectHost(host: string, credentials?: Credentials): Promise<RegistryConnection>;
	/** Ends kept connections. */
	close(): void;
};

export type AccessOptions = {
	readonly environment: Readonly<Record<string, string | undefined>>;
	readonly home: string;
	/** Default: what the config files say. */
	readonly settings?: RegistrySettings;
	readonly certificateFolders?: readonly string[];
	readonly policy?: RetryPolicy;
	readonly silenceMs?: number;
	readonly version?: string;
};

/** Docker Hub's search and its token server's account check live on a host of their own. */
const hubIndex = new URL('https://index.docker.io');

/** Throws `invalidParameter` for a config file that can't be read. */
export async function openRegistryAccess(options: AccessOptions): Promise<RegistryAccess> {
	const {environment, home} = options;
	const settings = options.settings ?? await readRegistrySettings(settingsFiles(environment, home));
	const credentials = credentialStore(environment, home);
	const folders = options.certificateFolders ?? certificateFolders(environment, home);
	const transport = createTransport({environment, userAgent: `tug/${options.version ?? '0'} (linux)`, ...(options.silenceMs === undefined ? {} : {silenceMs: options.silenceMs})});
	const open = async (endpoint: Endpoint, given: Credentials | undefined): Promise<RegistryConnection> => connectRegistry({
		endpoint,
		transport,
		// What was given is for the registry that was named, not for a mirror of it.
		credentials: endpoint.isMirror || given === undefined ? await credentials.get(endpoint.host) : given,
		material: readTlsMaterial(endpoint.host, folders),
		policy: options.policy,
	});

	return {
		settings,
		credentials,
		async connect(domain, {credentials: given, purpose = 'pull'} = {}) {
			return Promise.all(resolveEndpoints(domain, settings, purpose).map(async endpoint => open(endpoint, given)));
		},
		async connectHost(host, given) {
			const endpoint = host === 'docker.io' ? {host, bases: [hubIndex], verifies: true, isMirror: false} : hostEndpoint(host, settings);
			return open(endpoint, given);
		},
		close() {
			transport.close();
		},
	};
}
