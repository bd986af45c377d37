/**
Images in docker's JSON.
*/
import type {HistoryEntry, ImageInfo, ImageInspectInfo, ImageLayer, ImageRemoveInfo, PruneReport} from '../engine.js';
import type {Image, ImageHistoryEntry, ImageLayerInfo, RemovedItem} from '../image/image.js';
import type {PrunedImages} from '../image/prune.js';
import type {ContainerDefaults} from '../oci/image-config.js';
import {familiarName, familiarReference} from '../oci/reference.js';

/** One line of `images`. `containers`: how many use it, -1 when that was not asked for. */
export function imageInfo(image: Image, containers = -1): ImageInfo {
	return {
		Id: image.id,
		ParentId: image.parent ?? '',
		RepoTags: repoTags(image),
		RepoDigests: repoDigests(image),
		Created: image.createdAt,
		Size: image.sizeBytes,
		VirtualSize: image.sizeBytes,
		SharedSize: -1,
		Labels: {...image.config.defaults.Labels},
		Containers: containers,
	};
}

/** `layerPaths` top first, as docker's overlay driver shows them. */
export function imageInspectInfo(image: Image, layerPaths: readonly string[]): ImageInspectInfo {
	const {config} = image;
	const defaults = containerConfig(config.defaults);
	const [top, ...lower] = layerPaths;
	const info = {
		Id: image.id,
		RepoTags: repoTags(image),
		RepoDigests: repoDigests(image),
		Parent: image.parent ?? '',
		Comment: config.comment ?? config.history.at(-1)?.comment ?? '',
		Created: config.created ?? '0001-01-01T00:00:00Z',
		DockerVersion: config.dockerVersion ?? '',
		Author: config.author ?? '',
		Config: defaults,
		Architecture: config.platform.architecture,
		...(config.platform.variant === undefined ? {} : {Variant: config.platform.variant}),
		Os: config.platform.os,
		...(config.platform['os.version'] === undefined ? {} : {OsVersion: config.platform['os.version']}),
		Size: image.sizeBytes,
		VirtualSize: image.sizeBytes,
		GraphDriver: {Name: 'overlay', Data: {...(lower.length === 0 ? {} : {LowerDir: lower.join(':')}), ...(top === undefined ? {} : {UpperDir: top})}},
		RootFS: {Type: 'layers', Layers: [...config.diffIds]},
		Metadata: {LastTagTime: '0001-01-01T00:00:00Z'},
		Descriptor: {mediaType: image.manifest.mediaType, digest: image.manifest.digest, size: image.manifest.size},
	};
	// @types/dockerode has the fields docker left out of its answers years ago (Container, ContainerConfig) and one storage driver's data.
	return info as unknown as ImageInspectInfo;
}

export function historyEntry(entry: ImageHistoryEntry): HistoryEntry {
	const tags = entry.references.filter(reference => reference.digest === undefined).map(reference => familiarReference(reference));
	return {
		Id: entry.id ?? '<missing>',
		Created: entry.createdAt,
		CreatedBy: entry.createdBy,
		Tags: tags.length === 0 ? null : tags,
		Size: entry.sizeBytes,
		Comment: entry.comment,
	};
}

export function imageLayer(layer: ImageLayerInfo): ImageLayer {
	return {
		DiffId: layer.diffId,
		Size: layer.sizeBytes,
		CreatedBy: layer.createdBy,
		Created: layer.createdAt,
		SharedWith: layer.sharedWith.map(image => (image.references[0] === undefined ? image.id : familiarReference(image.references[0]))),
	};
}

export function imageRemoveInfo(item: RemovedItem): ImageRemoveInfo {
	return (item.kind === 'untagged' ? {Untagged: item.name} : {Deleted: item.name}) as unknown as ImageRemoveInfo; // Docker sends one of the two.
}

/** `Deleted` in docker's order: each image's names, then its id and layers. */
export function imagePruneReport(pruned: PrunedImages): PruneReport {
	return {Deleted: pruned.removed.map(item => item.name), SpaceReclaimed: pruned.reclaimedBytes};
}

function repoTags(image: Image): string[] {
	return image.references.filter(reference => reference.digest === undefined).map(reference => familiarReference(reference));
}

/** Known for images that came from a registry: their digest references. */
function repoDigests(image: Image): string[] {
	return image.references.filter(reference => reference.digest !== undefined).map(reference => `${familiarName(reference)}@${reference.digest!}`);
}

/** With every member docker always sends: clients index into them. */
function containerConfig(defaults: ContainerDefaults) {
	return {
		Hostname: defaults.Hostname ?? '',
		Domainname: defaults.Domainname ?? '',
		User: defaults.User ?? '',
		AttachStdin: false,
		AttachStdout: false,
		AttachStderr: false,
		...(defaults.ExposedPorts === undefined ? {} : {ExposedPorts: defaults.ExposedPorts}),
		Tty: false,
		OpenStdin: false,
		StdinOnce: false,
		Env: defaults.Env ?? [],
		Cmd: defaults.Cmd ?? null,
		...(defaults.Healthcheck === undefined ? {} : {Healthcheck: defaults.Healthcheck}),
		...(defaults.ArgsEscaped ? {ArgsEscaped: true} : {}),
		Image: '',
		Volumes: defaults.Volumes ?? null,
		WorkingDir: defaults.WorkingDir ?? '',
		Entrypoint: defaults.Entrypoint ?? null,
		OnBuild: defaults.OnBuild ?? null,
		Labels: defaults.Labels ?? null,
		...(defaults.StopSignal === undefined ? {} : {StopSignal: defaults.StopSignal}),
		...(defaults.StopTimeout === undefined ? {} : {StopTimeout: defaults.StopTimeout}),
		...(defaults.Shell === undefined ? {} : {Shell: defaults.Shell}),
	};
}
