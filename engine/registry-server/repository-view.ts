/**
Which repository has which tags, manifests and blobs, worked out from the entries. A repository has every manifest that is entered for it or belongs to an index it has, and their blobs.
What a digest names never changes, so documents are read once (as long as they fit) and all else follows from the list of entries.
*/
import {setImmediate as nextTurn} from 'node:timers/promises';
import {isEngineError} from '../errors.js';
import type {Descriptor} from '../oci/descriptor.js';
import type {Digest} from '../oci/digest.js';
import type {ContentEntry, RegistryContent} from './content.js';
import {readManifest} from './manifest-document.js';
import {RegistryError} from './registry-error.js';

export type Closure = {
	/** Also those of indexes. */
	readonly manifests: ReadonlyMap<Digest, Descriptor>;
	readonly blobs: ReadonlySet<Digest>;
	/** Manifests that an index of the repository names. */
	readonly children: ReadonlySet<Digest>;
	/** Digest → manifests that name it as their subject. */
	readonly referrers: ReadonlyMap<Digest, readonly Descriptor[]>;
};

export type RepositoryView = {
	readonly tags: ReadonlyMap<string, Descriptor>;
	/** Entered by tag or digest. */
	readonly entered: ReadonlyMap<Digest, Descriptor>;
	/** Everything reachable. Reads documents; worked out once. */
	closure(): Promise<Closure>;
};

export type Repositories = {
	/** In lexical order. */
	names(): readonly string[];
	view(repository: string): RepositoryView | undefined;
	/** Levels of indexes above manifests: 0 for a manifest. Undefined when it is not in the store, or can't be read. */
	depth(digest: Digest): number | undefined;
};

/** What is kept of a document. */
type Links = {readonly children: readonly Descriptor[]; readonly blobs: readonly Digest[]; readonly subject?: Digest; readonly depth: number};

/** Digests kept in all documents together: about 30 MB. */
const maxLinks = 200_000;
const documentsAtOnce = 128;

export function repositories(content: RegistryContent): Repositories {
	const documents = new Map<Digest, Links>();
	let kept = 0;
	let views = new Map<string, MutableView>();
	let from: readonly ContentEntry[] | undefined;
	let names: readonly string[] | undefined;

	function refresh(): Map<string, MutableView> {
		const entries = content.entries();
		if (entries !== from) {
			views = groupByRepository(entries, readLinks);
			from = entries;
			names = undefined;
		}

		return views;
	}

	/** Undefined when it is not there or damaged: it names nothing then. */
	function readLinks(digest: Digest): Links | undefined {
		const known = documents.get(digest);
		if (known !== undefined) {
			return known;
		}

		try {
			const {children, blobs, subject} = readManifest(content.readDocument(digest));
			const depth = children.length === 0 ? 0 : 1 + Math.max(...children.map(child => readLinks(child.digest)?.depth ?? 0));
			const links = {
				children: children.map(({mediaType, digest: child, size, platform}) => ({mediaType, digest: child, size, ...(platform === undefined ? {} : {platform})})),
				blobs: blobs.map(blob => blob.digest),
				...(subject === undefined ? {} : {subject}),
				depth,
			};
			keep(digest, links);
			return links;
		} catch (error) {
			if (isEngineError(error) || error instanceof RegistryError) {
				return undefined;
			}

			throw error;
		}
	}

	function keep(digest: Digest, links: Links): void {
		kept += 1 + links.blobs.length + links.children.length;
		if (kept > maxLinks) {
			documents.clear();
			kept = 0;
		}

		documents.set(digest, links);
	}

	return {
		names() {
			const current = refresh();
			names ??= [...current.keys()].sort();
			return names;
		},
		view: repository => refresh().get(repository),
		depth: digest => readLinks(digest)?.depth,
	};
}

type MutableView = RepositoryView & {readonly tags: Map<string, Descriptor>; readonly entered: Map<Digest, Descriptor>};

function groupByRepository(entries: readonly ContentEntry[], readLinks: (digest: Digest) => Links | undefined): Map<string, MutableView> {
	const views = new Map<string, MutableView>();
	for (const {repository, tag, manifest} of entries) {
		let view = views.get(repository);
		if (view === undefined) {
			view = emptyView(readLinks);
			views.set(repository, view);
		}

		view.entered.set(manifest.digest, manifest);
		if (tag !== undefined) {
			view.tags.set(tag, manifest);
		}
	}

	return views;
}

function emptyView(readLinks: (digest: Digest) => Links | undefined): MutableView {
	const entered = new Map<Digest, Descriptor>();
	let closure: Promise<Closure> | undefined;
	return {
		tags: new Map(),
		entered,
		async closure() {
			closure ??= findAll(entered, readLinks);
			return closure;
		},
	};
}

async function findAll(entered: ReadonlyMap<Digest, Descriptor>, readLinks: (digest: Digest) => Links | undefined): Promise<Closure> {
	const manifests = new Map(entered);
	const blobs = new Set<Digest>();
	const childDigests = new Set<Digest>();
	const referrers = new Map<Digest, Descriptor[]>();
	const queue = [...entered.values()];
	for (let done = 0; queue.length > 0; done++) {
		if (done % documentsAtOnce === documentsAtOnce - 1) {
			await nextTurn(); // Other requests go on meanwhile.
		}

		const descriptor = queue.pop()!;
		const links = readLinks(descriptor.digest);
		if (links === undefined) {
			continue;
		}

		links.blobs.forEach(digest => blobs.add(digest));
		if (links.subject !== undefined) {
			const others = referrers.get(links.subject);
			if (others === undefined) {
				referrers.set(links.subject, [descriptor]);
			} else {
				others.push(descriptor);
			}
		}

		for (const child of links.children) {
			childDigests.add(child.digest);
			if (!manifests.has(child.digest)) {
				manifests.set(child.digest, child);
				queue.push(child);
			}
		}
	}

	return {manifests, blobs, children: childDigests, referrers};
}
