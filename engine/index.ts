/** The only door of the engine. What few programs need is loaded when it is used. */
import type {DemoOptions} from './demo/index.js';
import type {Engine} from './engine.js';
import type {ManifestLists} from './manifest-lists.js';
import type {UserCredentials} from './user-credentials.js';
import type {RegistryServer, RegistryServerOptions} from './registry-host/open-registry-server.js';

export {EngineError, isEngineError} from './errors.js';
export type {ErrorKind} from './errors.js';
export {eventJson} from './events.js';
export type * from './engine.js';
export {createEngine} from './embedded.js';
export type {EngineOptions} from './local-store.js';
export type {RegistryServer, RegistryServerOptions} from './registry-host/open-registry-server.js';

export type {DemoOptions} from './demo/index.js';

/** Loads the built-in image `tug/demo:latest` from its program, unless this very one is there. Resolves to its id. */
export async function loadDemoImage(engine: Engine, program: string): Promise<string> {
	const demo = await import('./demo/index.js');
	return demo.loadDemoImage(engine, program);
}

/** Starts containers of the built-in image; resolves to their names. Idempotent. */
export async function startDemo(engine: Engine, options?: DemoOptions): Promise<string[]> {
	const demo = await import('./demo/index.js');
	return demo.startDemo(engine, options);
}

/** Serves this user's images as a registry (OCI distribution spec). Loaded when it is used. The caller closes. Throws `invalidParameter`, `conflict`, `system`. */
export async function openRegistryServer(options: RegistryServerOptions): Promise<RegistryServer> {
	const host = await import('./registry-host/open-registry-server.js');
	return host.openRegistryServer(options);
}

export type {UserCredentials} from './user-credentials.js';

/** Who this user is at registries, as docker keeps it. Loaded when it is used. */
export async function userCredentials(): Promise<UserCredentials> {
	const {openUserCredentials} = await import('./user-credentials.js');
	return openUserCredentials();
}

export type {ManifestEntry, ManifestLists} from './manifest-lists.js';

/** Lists of manifests being put together. Loaded when it is used. */
export async function manifestLists(options: {readonly root?: string | undefined} = {}): Promise<ManifestLists> {
	const {openManifestLists} = await import('./manifest-lists.js');
	return openManifestLists(options);
}
