/**
`docker pull`: manifests, then all layers at once, each verified and unpacked as it comes; the image gets its name when all of it is there.
*/
import type {ProgressMessage} from '../engine.js';
import {EngineError, isEngineError} from '../errors.js';
import {formatPlatform, hostPlatform, parsePlatformName, type Platform} from '../oci/platform.js';
import {canonicalReference, familiarName, familiarReference, isNameOnly, parseReference, withDefaultTag, type ImageReference} from '../oci/reference.js';
import type {Credentials} from '../registry/credentials.js';
import type {RegistryAccess} from '../registry/registry-access.js';
import type {RegistryConnection} from '../registry/registry-connection.js';
import {openRepository, type Repository} from '../registry/repository.js';
import type {Store} from '../store/open-store.js';
import {readReferences, entryReference} from '../store/reference-store.js';
import {withScratch, type Scratch} from '../store/scratch.js';
import {checkRoom, sweepDownloads, type DownloadSettings} from './blob-download.js';
import {shortId, type Image, type ImageHooks} from './image.js';
import type {ImageCatalog} from './image-catalog.js';
import {inParallel} from './parallel.js';
import {progressStream, type ReportProgress} from './progress-stream.js';
import {isLayerThere, pullLayer, type LayerToPull} from './pull-layer.js';
import {pullError, resolveManifest, type ResolvedManifest} from './pull-manifest.js';
import {storeImage} from './store-image.js';

export type PullContext = {
	readonly store: Store;
	readonly catalog: ImageCatalog;
	readonly hooks: ImageHooks;
	/** Opened when it is needed. */
	readonly registries: () => Promise<RegistryAccess>;
	/** For tests. */
	readonly download?: Partial<DownloadSettings>;
};

export type PullOptions = {
	/** `os/architecture[/variant]`; default: this machine's. */
	readonly platform?: string | undefined;
	readonly allTags?: boolean | undefined;
	/** Undefined: what docker's config.json has for the registry. */
	readonly credentials?: Credentials | undefined;
	readonly signal?: AbortSignal | undefined;
};

type Pull = PullContext & {
	readonly access: RegistryAccess;
	readonly platform: Platform;
	readonly asksPlatform: boolean;
	readonly report: ReportProgress<ProgressMessage>;
	readonly signal: AbortSignal;
};

/**
Pulls an image, or with `allTags` every tag of a repository. Docker's progress messages. Throws `invalidParameter` for a bad name, `notFound` with docker's texts when it is not there
or not to be had, `unavailable` when the registry can't be reached.
*/
export function pullImages(context: PullContext, name: string, options: PullOptions = {}): AsyncGenerator<ProgressMessage> {
	return progressStream<ProgressMessage>(async (report, signal) => {
		const reference = parseReference(name);
		if (options.allTags && !isNameOnly(reference)) {
			throw new EngineError('invalidParameter', 'tag can\'t be used with --all-tags/-a');
		}

		const platform = options.platform === undefined || options.platform === '' ? undefined : parsePlatformName(options.platform);
		const access = await context.registries();
		const pull: Pull = {...context, access, platform: platform ?? hostPlatform(), asksPlatform: platform !== undefined, report, signal};
		const connections = await access.connect(reference.domain, {credentials: options.credentials});
		sweepDownloads(context.store, Date.now());
		await firstThatWorks(connections, signal, async connection => {
			const repository = openRepository(connection, reference.path);
			await (options.allTags ? pullAllTags(pull, repository, reference) : pullOne(pull, repository, withDefaultTag(reference)));
		});
	}, options.signal);
}

/** A mirror that lacks the image, or is away, is passed over; what it had given stays. */
async function firstThatWorks(connections: readonly RegistryConnection[], signal: AbortSignal, work: (connection: RegistryConnection) => Promise<void>): Promise<void> {
	for (const [index, connection] of connections.entries()) {
		try {
			await work(connection);
			return;
		} catch (error) {
			signal.throwIfAborted();
			const isLast = index === connections.length - 1;
			if (isLast || !isEngineError(error) || error.kind === 'system') {
				throw error;
			}
		}
	}
}

async function pullAllTags(pull: Pull, repository: Repository, reference: ImageReference): Promise<void> {
	let tags: readonly string[];
	try {
		tags = await repository.tags(pull.signal);
	} catch (error) {
		throw pullError(error, reference);
	}

	if (tags.length === 0) {
		throw new EngineError('notFound', `repository ${familiarName(reference)} not found: it has no tags`, {code: 'NAME_UNKNOWN', hint: 'Check the name.'});
	}

	for (const tag of tags) {
		await pullOne(pull, repository, {...reference, tag}, familiarName(reference));
	}
}

async function pullOne(pull: Pull, repository: Repository, reference: ImageReference, shownName = familiarReference(reference)): Promise<void> {
	const {store, hooks, report, signal} = pull;
	const announce = () => {
		report({status: `Pulling from ${reference.path}`, id: reference.digest ?? reference.tag!});
	};

	const before = findLocal(pull, reference);
	if (before !== undefined && await isUpToDate(pull, repository, reference, before)) {
		announce();
		tellEnd(pull, {reference, shownName, digest: digestOf(before, reference)!, isNew: false, platform: before.config.platform});
		return;
	}

	const resolved = await resolveManifest(repository, reference, pull.platform, signal);
	announce();
	await withScratch(store, async scratch => {
		await pullLayers(pull, {repository, scratch, resolved, name: familiarName(reference)});
		signal.throwIfAborted();
		const stored = await storeImage(store, scratch, {
			config: resolved.configData,
			layers: resolved.manifest.layers,
			manifest: {mediaType: resolved.descriptor.mediaType, data: resolved.data},
			references: [
				...(reference.tag === undefined ? [] : [{domain: reference.domain, path: reference.path, tag: reference.tag}]),
				{domain: reference.domain, path: reference.path, digest: resolved.digest},
			],
		});
		hooks.emit?.({action: 'pull', id: familiarReference(reference), attributes: {name: familiarName(reference)}});
		tellEnd(pull, {reference, shownName, digest: resolved.digest, isNew: stored.id !== before?.id, platform: resolved.config.platform});
	});
}

async function pullLayers(pull: Pull, {repository, scratch, resolved, name}: {repository: Repository; scratch: Scratch; resolved: ResolvedManifest; name: string}): Promise<void> {
	const {store, report, signal, access} = pull;
	const layers = new Map<string, LayerToPull>(resolved.manifest.layers.map((blob, index) => [`${blob.digest} ${resolved.config.diffIds[index]!}`, {blob, diffId: resolved.config.diffIds[index]!}]));
	const missing: LayerToPull[] = [];
	for (const layer of layers.values()) {
		const isThere = isLayerThere({store, scratch}, layer);
		report({status: isThere ? 'Already exists' : 'Pulling fs layer', progressDetail: {}, id: shortId(layer.blob.digest)});
		if (!isThere) {
			missing.push(layer);
		}
	}

	checkRoom(store, missing.map(({blob}) => blob));
	const settings = {policy: repository.connection.policy, ...pull.download};
	for (const {blob} of missing.slice(access.settings.downloadsAtOnce)) {
		report({status: 'Waiting', progressDetail: {}, id: shortId(blob.digest)});
	}

	await inParallel(missing, access.settings.downloadsAtOnce, signal, async (layer, layerSignal) => {
		await pullLayer({store, scratch, origin: repository, repository: name, settings, report, signal: layerSignal}, layer);
	});
}

/** The image a name or digest has here now. */
function findLocal({store, catalog}: Pull, reference: ImageReference): Image | undefined {
	const wanted = canonicalReference(reference.digest === undefined ? reference : {domain: reference.domain, path: reference.path, digest: reference.digest});
	const entry = readReferences(store).find(candidate => entryReference(candidate) === wanted);
	try {
		const id = entry === undefined ? undefined : catalog.read(entry).id;
		return catalog.list().find(image => image.id === id);
	} catch {
		return undefined; // Damaged: pulled again.
	}
}

/** Asks for the digest only, which registries do not count as a pull. */
async function isUpToDate({platform, asksPlatform, signal, store}: Pull, repository: Repository, reference: ImageReference, image: Image): Promise<boolean> {
	const known = digestsOf(image, reference);
	const isWanted = !asksPlatform || formatPlatform(image.config.platform) === formatPlatform(platform) || known.every(digest => digest === image.manifest.digest);
	const isWhole = image.layers.every(({blob, diffId}) => isLayerThere({store, scratch: noLeases}, {blob, diffId}));
	if (known.length === 0 || !isWanted || !isWhole) {
		return false;
	}

	if (reference.digest !== undefined) {
		return known.includes(reference.digest);
	}

	try {
		const head = await repository.headManifest(reference.tag!, signal);
		return head !== undefined && known.includes(head.digest);
	} catch (error) {
		throw pullError(error, reference);
	}
}

/** Nothing is made on the strength of this look: the image's own entries keep it. */
const noLeases = {leaseBlob() {}, leaseLayer() {}} as unknown as Scratch;

function digestsOf(image: Image, {domain, path}: ImageReference): readonly string[] {
	return image.references.filter(reference => reference.digest !== undefined && reference.domain === domain && reference.path === path).map(reference => reference.digest!);
}

function digestOf(image: Image, reference: ImageReference): string | undefined {
	return reference.digest ?? digestsOf(image, reference).at(-1);
}

function tellEnd({report, platform, asksPlatform}: Pull, {shownName, digest, isNew, platform: found, reference}: {reference: ImageReference; shownName: string; digest: string; isNew: boolean; platform: Platform}): void {
	report({status: `Digest: ${digest}`});
	report({status: `Status: ${isNew ? 'Downloaded newer image' : 'Image is up to date'} for ${shownName}`});
	if (asksPlatform && (found.os !== platform.os || found.architecture !== platform.architecture)) {
		report({status: `WARNING: image with reference ${familiarReference(reference)} was found but its platform (${formatPlatform(found)}) does not match the specified platform (${formatPlatform(platform)})`});
	}
}
