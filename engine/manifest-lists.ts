/**
`docker manifest`: putting together a list of manifests of several platforms that are in a registry already, and pushing it. What is being put together lies in files of its own
beside the store; nothing of it passes through the store.
*/
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {openRegistries} from './embedded-registry.js';
import {EngineError, systemError} from './errors.js';
import {readIfThere, removeIfThere, writeFileAtomic} from './files/atomic-file.js';
import {fetchManifest} from './image/distribution.js';
import {locate} from './locations.js';
import {parseDescriptor, type Descriptor} from './oci/descriptor.js';
import type {Digest} from './oci/digest.js';
import {parseImageConfig} from './oci/image-config.js';
import {asArray, asObject, asString, defined, parseJsonObject} from './oci/json-shape.js';
import {parseManifest} from './oci/manifest.js';
import {isIndexType, mediaTypes} from './oci/media-type.js';
import type {Platform} from './oci/platform.js';
import {canonicalReference, familiarReference, parseReference, withDefaultTag, type ImageReference} from './oci/reference.js';
import type {RegistryAccess} from './registry/registry-access.js';
import {openRepository} from './registry/repository.js';
import {openUploader, pushScopes} from './registry/upload.js';

/** A manifest as a registry has it. */
export type ManifestEntry = {
	readonly reference: string; // canonical
	readonly descriptor: Descriptor;
	/** The document, parsed. */
	readonly document: unknown;
};

export type ManifestLists = {
	/** Begins a list, or with `amend` adds to it. Resolves to its canonical name. Throws `conflict` when it is there, `notFound` for a member that is not. */
	create(list: string, members: readonly string[], options?: {readonly amend?: boolean}): Promise<string>;
	/** Changes what the list says of a member's platform. Throws `notFound`. */
	annotate(list: string, member: string, platform: {readonly os?: string; readonly arch?: string; readonly variant?: string; readonly osVersion?: string; readonly osFeatures?: readonly string[]}): Promise<void>;
	/** A list being put together, else what the registry has. `all`: every member too. */
	inspect(name: string): Promise<ManifestEntry & {readonly members: readonly ManifestEntry[]}>;
	/** Resolves to the digest. `purge` forgets the list then. */
	push(list: string, options?: {readonly purge?: boolean}): Promise<string>;
	/** Throws `notFound`. */
	remove(list: string): void;
};

type Member = {readonly reference: string; readonly descriptor: Descriptor};
type List = {readonly name: string; readonly members: readonly Member[]};

export function openManifestLists({root}: {readonly root?: string | undefined}): ManifestLists {
	const places = locate(root === undefined ? {} : {root}, {uid: process.geteuid!(), home: process.env['HOME'] || os.homedir(), environment: process.env});
	const folder = path.join(places.root, 'manifest-lists');
	let opened: Promise<RegistryAccess> | undefined;
	const access = async () => {
		opened ??= openRegistries();
		return opened;
	};

	const fetchMember = async (name: string): Promise<Member> => {
		const reference = withDefaultTag(parseReference(name));
		const {repository, fetched} = await fetchManifest(await access(), reference, undefined);
		if (isIndexType(fetched.mediaType)) {
			throw new EngineError('invalidParameter', `${familiarReference(reference)} is a manifest list`, {hint: 'A list holds manifests: name those of its members by digest.'});
		}

		const {config} = parseManifest(fetched.data, `manifest ${fetched.digest}`);
		const {platform} = parseImageConfig(await repository.readBlob(config.digest, config.size));
		return {reference: canonicalReference(reference), descriptor: {mediaType: fetched.mediaType, digest: fetched.digest, size: fetched.data.length, platform}};
	};

	return {
		async create(name, members, {amend = false} = {}) {
			const reference = withDefaultTag(parseReference(name));
			const known = readList(folder, reference);
			if (known !== undefined && !amend) {
				throw new EngineError('conflict', 'refusing to amend an existing manifest list with no --amend flag', {hint: 'Add --amend to add to it, or remove it first: tug manifest rm.'});
			}

			let list: List = known ?? {name: canonicalReference(reference), members: []};
			for (const member of members) {
				const fetched = await fetchMember(member);
				list = {...list, members: [...list.members.filter(other => other.descriptor.digest !== fetched.descriptor.digest), fetched]};
			}

			writeList(folder, reference, list);
			return list.name;
		},
		async annotate(name, memberName, change) {
			const reference = withDefaultTag(parseReference(name));
			const list = requireList(folder, reference);
			const wanted = canonicalReference(withDefaultTag(parseReference(memberName)));
			const member = list.members.find(candidate => candidate.reference === wanted);
			if (member === undefined) {
				throw new EngineError('notFound', `manifest for image ${memberName} does not exist in ${familiarReference(reference)}`);
			}

			const before: Partial<Platform> = member.descriptor.platform ?? {};
			const platform = defined({
				...before,
				os: change.os ?? before.os ?? '',
				architecture: change.arch ?? before.architecture ?? '',
				variant: change.variant ?? before.variant,
				'os.version': change.osVersion ?? before['os.version'],
				'os.features': change.osFeatures ?? before['os.features'],
			});
			writeList(folder, reference, {...list, members: list.members.map(candidate => (candidate === member ? {...member, descriptor: {...member.descriptor, platform}} : candidate))});
		},
		async inspect(name) {
			const reference = withDefaultTag(parseReference(name));
			const list = readList(folder, reference);
			if (list !== undefined) {
				const data = serializeList(list);
				const members = await Promise.all(list.members.map(async member => entryOf(await access(), parseReference(`${member.reference.replace(/[@:][^/]*$/, '')}@${member.descriptor.digest}`))));
				return {reference: list.name, descriptor: describe(list, data), document: JSON.parse(data.toString()) as unknown, members};
			}

			const entry = await entryOf(await access(), reference);
			const children = isIndexType(entry.descriptor.mediaType) ? asArray((entry.document as {readonly manifests?: unknown}).manifests ?? [], 'manifests').map(child => parseDescriptor(child, 'manifest')) : [];
			const members = await Promise.all(children.map(async child => ({...await entryOf(await access(), {domain: reference.domain, path: reference.path, digest: child.digest}), descriptor: child})));
			return {...entry, members};
		},
		async push(name, {purge = false} = {}) {
			const reference = withDefaultTag(parseReference(name));
			const list = requireList(folder, reference);
			const [connection] = await (await access()).connect(reference.domain, {purpose: 'push'});
			const repository = openRepository(connection!, reference.path, pushScopes(reference.path));
			const uploader = openUploader(connection!, reference.path);
			for (const member of list.members) {
				await bringHere(await access(), {reference, member, repository, uploader});
			}

			const data = serializeList(list);
			await uploader.putManifest(reference.tag!, {mediaType: listType(list), data});
			if (purge) {
				removeIfThere(fileOf(folder, reference));
			}

			return sha256(data);
		},
		remove(name) {
			const reference = withDefaultTag(parseReference(name));
			requireList(folder, reference);
			removeIfThere(fileOf(folder, reference));
		},
	};
}

/** A list may only name what its own repository has: members of other repositories of the registry are taken over. */
async function bringHere(access: RegistryAccess, {reference, member, repository, uploader}: {reference: ImageReference; member: Member; repository: ReturnType<typeof openRepository>; uploader: ReturnType<typeof openUploader>}): Promise<void> {
	const from = parseReference(member.reference);
	if (from.domain !== reference.domain) {
		throw new EngineError('invalidParameter', `cannot use source images from a different registry than the target image: ${from.domain} != ${reference.domain}`, {hint: 'Push the image to that registry first.'});
	}

	if (from.path === reference.path) {
		return;
	}

	const {repository: source, fetched} = await fetchManifest(access, {domain: from.domain, path: from.path, digest: member.descriptor.digest}, undefined);
	const manifest = parseManifest(fetched.data);
	for (const blob of [...manifest.layers, manifest.config]) {
		if (!(await repository.hasBlob(blob.digest)) && !(await uploader.mount(blob.digest, from.path))) {
			await uploader.upload({
				digest: blob.digest,
				sizeBytes: blob.size,
				async * read(start) {
					const opened = await source.openBlob(blob.digest, {size: blob.size, ...(start === 0 ? {} : {range: {start, end: blob.size}})});
					let skip = start - opened.start;
					for await (const piece of opened.body as AsyncIterable<Buffer>) {
						yield piece.subarray(Math.min(skip, piece.length));
						skip = Math.max(0, skip - piece.length);
					}
				},
			});
		}
	}

	await uploader.putManifest(fetched.digest, fetched);
}

async function entryOf(access: RegistryAccess, reference: ImageReference): Promise<ManifestEntry> {
	const {fetched} = await fetchManifest(access, reference, undefined);
	return {
		reference: canonicalReference(reference),
		descriptor: {mediaType: fetched.mediaType, digest: fetched.digest, size: fetched.data.length},
		document: JSON.parse(fetched.data.toString('utf8')) as unknown,
	};
}

/** docker's kind of list only when all members are of docker's kind: older clients read it then. */
function listType({members}: List): string {
	return members.length > 0 && members.every(({descriptor}) => descriptor.mediaType === mediaTypes.dockerManifest) ? mediaTypes.dockerManifestList : mediaTypes.index;
}

function serializeList(list: List): Buffer {
	return Buffer.from(JSON.stringify({
		schemaVersion: 2,
		mediaType: listType(list),
		manifests: list.members.map(({descriptor: {mediaType, digest, size, platform}}) => ({mediaType, size, digest, platform})),
	}, undefined, 3));
}

function describe(list: List, data: Buffer): Descriptor {
	return {mediaType: listType(list), digest: sha256(data), size: data.length};
}

function sha256(data: Buffer): Digest {
	return `sha256:${createHash('sha256').update(data).digest('hex')}` as Digest;
}

function fileOf(folder: string, reference: ImageReference): string {
	return path.join(folder, `${encodeURIComponent(canonicalReference(reference))}.json`);
}

function requireList(folder: string, reference: ImageReference): List {
	const list = readList(folder, reference);
	if (list === undefined) {
		throw new EngineError('notFound', `No such manifest: ${familiarReference(reference)}`, {hint: 'Begin it with tug manifest create.'});
	}

	return list;
}

function readList(folder: string, reference: ImageReference): List | undefined {
	const file = fileOf(folder, reference);
	const data = readIfThere(file);
	if (data === undefined) {
		return undefined;
	}

	const fields = parseJsonObject(data, file);
	return {
		name: asString(fields['name'], `${file}: name`),
		members: asArray(fields['members'], `${file}: members`).map(value => {
			const member = asObject(value, `${file}: members`);
			return {reference: asString(member['reference'], `${file}: reference`), descriptor: parseDescriptor(member['descriptor'], `${file}: descriptor`)};
		}),
	};
}

function writeList(folder: string, reference: ImageReference, list: List): void {
	try {
		fs.mkdirSync(folder, {recursive: true, mode: 0o700});
	} catch (error) {
		throw systemError(`creating ${folder}`, error);
	}

	writeFileAtomic(fileOf(folder, reference), JSON.stringify(list));
}
