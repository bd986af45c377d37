/** The only door of the engine. */
import type {RegistryServer, RegistryServerOptions} from './registry-host/open-registry-server.js';

export {EngineError, isEngineError} from './errors.js';
export type {ErrorKind} from './errors.js';
export type * from './engine.js';
export {createEngine} from './embedded.js';
export type {EngineOptions} from './local-store.js';
export {demoReference, loadDemoImage, startDemo} from './demo/index.js';
export type {DemoOptions} from './demo/index.js';
export type {RegistryServer, RegistryServerOptions} from './registry-host/open-registry-server.js';

/** Serves this user's images as a registry (OCI distribution spec). Loaded when it is used. The caller closes. Throws `invalidParameter`, `conflict`, `system`. */
export async function openRegistryServer(options: RegistryServerOptions): Promise<RegistryServer> {
	const host = await import('./registry-host/open-registry-server.js');
	return host.openRegistryServer(options);
}
