/**
`docker load`: every image of an archive.
*/
import type {Readable} from 'node:stream';
import type {ProgressMessage} from '../engine.js';
import {EngineError} from '../errors.js';
import type {Descriptor} from '../oci/descriptor.js';
import {familiarReference} from '../oci/reference.js';
import type {Store} from '../store/open-store.js';
import {withScratch, type Scratch} from '../store/scratch.js';
import {readDockerArchive, type ArchivedImage} from './docker-archive.js';
import {shortId, type ImageHooks} from './image.js';
import {openArchiveFile, openArchiveStream, type ImageArchive} from './image-archive.js';
import {ingestLayer} from './ingest-layer.js';
import {readOciArchive} from './oci-archive.js';
import {inParallel} from './parallel.js';
import {progressStream, type ReportProgress} from './progress-stream.js';
import {storeImage} from './store-image.js';

export type ArchiveSource = Readable | {readonly path: string};

/** On two cores a third layer at a time only makes the others slower. */
const layersAtOnce = 2;

/** Bytes between two progress messages of a layer. */
const progressStepBytes = 8 * 1024 * 1024;

/**
Loads a docker or OCI archive. A path is read in place. Each image is known as soon as all of it is stored; when a later one fails, the earlier ones stay. Throws
`invalidParameter` for a bad archive, `notFound` when the path is not there.
*/
export function loadImages(store: Store, hooks: ImageHooks, source: ArchiveSource, signal?: AbortSignal): AsyncGenerator<ProgressMessage> {
	return progressStream<ProgressMessage>(async (report, workSignal) => withScratch(store, async scratch => {
		const archive = await openSource(source, scratch, workSignal);
		try {
			for (const image of readArchive(archive)) {
				await loadImage({store, hooks, scratch, signal: workSignal, report}, image);
			}
		} finally {
			archive.close();
		}
	}), signal);
}

async function openSource(source: ArchiveSource, scratch: Scratch, signal: AbortSignal): Promise<ImageArchive> {
	if ('path' in source && typeof source.path === 'string') {
		return openArchiveFile(source.path, scratch, signal);
	}

	const stream = source as Readable;
	// Nobody else would end a wait for input that never comes.
	signal.addEventListener('abort', () => {
		stream.destroy();
	}, {once: true});
	return openArchiveStream(stream, scratch, 'the archive', signal);
}

/** docker's form first: since docker 25 its archives are OCI layouts too, and manifest.json has the better names. */
function readArchive(archive: ImageArchive): readonly ArchivedImage[] {
	const images = readDockerArchive(archive) ?? readOciArchive(archive);
	if (images === undefined) {
		const legacy = archive.find('repositories');
		const isLegacy = legacy !== undefined;
		throw new EngineError('invalidParameter', `${archive.subject} is not an image archive: it has neither manifest.json nor index.json`, {
			code: 'EBADARCHIVE',
			hint: isLegacy ? 'It is of the form docker wrote before 1.10: load and save it with a docker of 1.10 to 27 first.' : 'For the tar of a root filesystem use `import`.',
		});
	}

	return images;
}

type LoadContext = {readonly store: Store; readonly hooks: ImageHooks; readonly scratch: Scratch; readonly signal: AbortSignal; readonly report: ReportProgress<ProgressMessage>};

async function loadImage(context: LoadContext, image: ArchivedImage): Promise<void> {
	const {store, scratch, hooks, report, signal} = context;
	const layers = await ingestLayers(context, image);
	signal.throwIfAborted();
	const stored = await storeImage(store, scratch, {
		config: image.configData,
		layers,
		references: image.references,
		...(image.manifest === undefined ? {} : {manifest: image.manifest}),
	});
	for (const {reference, from} of stored.moved) {
		report({stream: `The image ${familiarReference(reference)} already exists, renaming the old one with ID ${from} to empty string\n`});
	}

	const names = image.references.map(reference => familiarReference(reference));
	hooks.emit?.({action: 'load', id: stored.id, attributes: {name: names[0] ?? stored.id}});
	for (const name of names) {
		report({stream: `Loaded image: ${name}\n`});
	}

	if (names.length === 0) {
		report({stream: `Loaded image ID: ${stored.id}\n`});
	}
}

/** Blobs of all layers, base first. A layer that is there twice is read once. */
async function ingestLayers({store, scratch, signal, report}: LoadContext, image: ArchivedImage): Promise<readonly Descriptor[]> {
	const distinct = new Map(image.layers.map(layer => [layer.diffId, layer]));
	const blobs = new Map(await inParallel([...distinct.values()], layersAtOnce, signal, async (layer, layerSignal) => {
		const id = shortId(layer.diffId);
		const total = layer.member.sizeBytes;
		let told = 0;
		const blob = await ingestLayer({
			store,
			scratch,
			signal: layerSignal,
			onProgress(current) {
				if (current - told >= progressStepBytes) {
					told = current;
					report({status: 'Loading layer', id, progressDetail: {current, total}});
				}
			},
		}, layer);
		report({status: 'Loading layer', id, progressDetail: {current: total, total}});
		return [layer.diffId, blob] as const;
	}));
	return image.layers.map(layer => blobs.get(layer.diffId)!);
}
