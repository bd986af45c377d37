/** A store with an image service whose way to registries is quick to give up and asks no config file. */
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import type {ProgressMessage} from '../../engine/engine.js';
import {imageCatalog} from '../../engine/image/image-catalog.js';
import {pullImages, type PullContext, type PullOptions} from '../../engine/image/pull.js';
import {pushImages, type PushOptions} from '../../engine/image/push.js';
import {openRegistryAccess, type AccessOptions, type RegistryAccess} from '../../engine/registry/registry-access.js';
import {defaultSettings} from '../../engine/registry/registry-settings.js';
import type {RetryPolicy} from '../../engine/registry/retry.js';
import {imageLab, temporaryFolder, type ImageLab} from './image-lab.js';

export const quickPolicy: RetryPolicy = {attempts: 4, firstPauseMs: 1, maxPauseMs: 5, maxAskedPauseMs: 100};

export type RegistryLab = ImageLab & {
	readonly access: RegistryAccess;
	readonly home: string;
	pull(name: string, options?: PullOptions): Promise<readonly ProgressMessage[]>;
	push(name: string, options?: PushOptions): Promise<readonly ProgressMessage[]>;
};

export type LabOptions = Partial<AccessOptions> & {readonly download?: PullContext['download']};

/** Undefined when the native program is not there (the test is over then). */
export async function registryLab(t: ExecutionContext, {download, ...options}: LabOptions = {}): Promise<RegistryLab | undefined> {
	const lab = imageLab(t);
	if (lab === undefined) {
		return undefined;
	}

	const access = await testAccess(t, options);
	const home = options.home ?? temporaryFolder(t);
	const context: PullContext = {store: lab.store, catalog: imageCatalog(lab.store), hooks: {emit: event => lab.events.push(event)}, registries: async () => access, ...(download === undefined ? {} : {download})};
	return {
		...lab,
		access,
		home,
		pull: async (name, pullOptions) => collect(pullImages(context, name, pullOptions)),
		push: async (name, pushOptions) => collect(pushImages(context, name, pushOptions)),
	};
}

/** Asks no config file and no certificates of this machine. */
export async function testAccess(t: ExecutionContext, options: Partial<AccessOptions> = {}): Promise<RegistryAccess> {
	const home = options.home ?? temporaryFolder(t);
	const access = await openRegistryAccess({environment: {}, home, settings: defaultSettings, certificateFolders: [path.join(home, 'certs.d')], policy: quickPolicy, silenceMs: 5000, ...options});
	t.teardown(() => {
		access.close();
	});
	return access;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
	const found: T[] = [];
	for await (const item of items) {
		found.push(item);
	}

	return found;
}

/** The plain lines of a progress. */
export function statuses(messages: readonly ProgressMessage[]): string[] {
	return messages.filter(({progressDetail, status}) => status !== undefined && progressDetail?.current === undefined).map(({id, status}) => (id === undefined ? status! : `${id}: ${status!}`));
}
