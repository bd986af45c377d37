/**
An image from what a container has written.
*/
import {isEngineError} from '../errors.js';
import type {ContainerDefaults} from '../oci/image-config.js';
import {spawnNative} from '../runtime/native-program.js';
import {outputOf} from '../runtime/native-streams.js';
import {requireNative, tellEvent, type ContainerContext} from './container-context.js';
import {layerArguments} from './container-files.js';
import {findContainer} from './container-store.js';
import type {ContainerRecord} from './container.js';
import {pauseContainer, unpauseContainer} from './pause.js';
import {readState} from './read-state.js';

export type CommitOptions = {
	readonly container: string;
	readonly reference?: string; // repo[:tag]
	readonly comment?: string;
	readonly author?: string;
	readonly pause?: boolean; // default true
	readonly changes?: readonly string[];
};

/** Resolves to the image id. A running container is paused meanwhile, so that its files fit each other. Throws `invalidParameter` for a bad reference or change. */
export async function commitContainer(context: ContainerContext, options: CommitOptions): Promise<string> {
	const record = findContainer(context.store, options.container);
	const native = requireNative(context);
	const pauses = options.pause !== false && readState(context.store, record.id).status === 'running' && (await tryPause(context, record));
	try {
		const layer = outputOf(spawnNative(native, 'layer-diff', layerArguments(context, record, ['upper']), {stdout: 'pipe'}));
		try {
			const imageId = await context.images.commitLayer(
				{
					imageId: record.imageId,
					layers: record.layers,
					defaults: committedDefaults(record),
					command: [record.path, ...record.args].join(' '),
				},
				layer,
				{
					...(options.reference === undefined ? {} : {reference: options.reference}),
					...(options.comment === undefined ? {} : {comment: options.comment}),
					...(options.author === undefined ? {} : {author: options.author}),
					...(options.changes === undefined ? {} : {changes: options.changes}),
				},
			);
			tellEvent(context, record, 'commit', {comment: options.comment ?? '', imageID: imageId, imageRef: options.reference ?? ''});
			return imageId;
		} finally {
			layer.destroy();
		}
	} finally {
		if (pauses) {
			await unpauseContainer(context, record.id).catch(() => {}); // Ended, or unpaused by somebody else
		}
	}
}

/** False when it has ended meanwhile, or somebody else has paused it. */
async function tryPause(context: ContainerContext, record: ContainerRecord): Promise<boolean> {
	try {
		await pauseContainer(context, record.id);
		return true;
	} catch (error) {
		if (isEngineError(error, 'conflict')) {
			return false;
		}

		throw error;
	}
}

function committedDefaults({config}: ContainerRecord): ContainerDefaults {
	return {
		...(config.User === '' ? {} : {User: config.User}),
		...(config.ExposedPorts === undefined ? {} : {ExposedPorts: config.ExposedPorts}),
		Env: config.Env,
		...(config.Cmd === null ? {} : {Cmd: config.Cmd}),
		...(config.Entrypoint === null ? {} : {Entrypoint: config.Entrypoint}),
		...(config.Volumes === null ? {} : {Volumes: config.Volumes}),
		...(config.WorkingDir === '' ? {} : {WorkingDir: config.WorkingDir}),
		Labels: config.Labels,
		...(config.StopSignal === undefined ? {} : {StopSignal: config.StopSignal}),
		...(config.Shell === undefined ? {} : {Shell: config.Shell}),
		...(config.Healthcheck === undefined ? {} : {Healthcheck: config.Healthcheck}),
	};
}
