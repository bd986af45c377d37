/**
The store's images as repositories of a registry: what a client may ask for by name, and what a push enters. An image has one entry for each tag, and one for its digest where it was
pushed by digest or has lost its tag: in a registry, losing a tag takes nothing away.
*/
import type {Descriptor} from '../oci/descriptor.js';
import type {Digest} from '../oci/digest.js';
import {canonicalReference, familiarName, familiarReference, repositoryName, tryParseReference, type ImageReference} from '../oci/reference.js';
import {writeBlob} from '../store/content-store.js';
import type {Store} from '../store/open-store.js';
import {entryReference, referenceCache, withReference, type ReferenceEntry} from '../store/reference-store.js';
import {withScratch} from '../store/scratch.js';
import type {ImageHooks} from './image.js';

/** A manifest as a repository has it; without a tag: by its digest only. */
export type RepositoryEntry = {readonly repository: string; readonly tag?: string; readonly manifest: Descriptor};

export type PushedManifest = {
	readonly repository: string; // canonical
	readonly tag?: string | undefined;
	readonly mediaType: string;
	readonly data: Buffer;
	/** For the event; the manifest's digest for what is no image. */
	readonly imageId?: Digest | undefined;
	/** Called while nothing can be collected; what it throws stops the push. */
	readonly check: () => void;
};

export type Repositories = {
	/** Several names may mean one repository (`busybox`, `library/busybox`): the one form of it. Undefined for what can't be a name. */
	canonicalName(unsafeName: string): string | undefined;
	/** All, in the order they came; the same list while nothing changed. */
	entries(): readonly RepositoryEntry[];
	/** Stores the manifest and enters it. Durable when it resolves. */
	put(pushed: PushedManifest): Promise<void>;
	/** Takes a tag away (the manifest stays, by digest), or a manifest with all its tags. Gives the entries that were removed. */
	remove(repository: string, what: {readonly tag: string} | {readonly digest: Digest}): Promise<readonly RepositoryEntry[]>;
};

/** How repositories are called in the store. */
export type RepositoryNames = {
	toReference(name: string): ImageReference | undefined;
	/** Undefined when a registry's grammar has no name for it (a domain with a port). */
	fromReference(reference: ImageReference): string | undefined;
};

const grammar = /^[a-z\d]+(?:(?:\.|_|__|-+)[a-z\d]+)*(?:\/[a-z\d]+(?:(?:\.|_|__|-+)[a-z\d]+)*)*$/;

/** As a person on this machine calls them: `busybox`, `team/app`, `ghcr.io/team/app`. */
export const familiarNames: RepositoryNames = {
	toReference: name => (grammar.test(name) ? bareReference(tryParseReference(`${name}:x`)) : undefined),
	fromReference(reference) {
		const name = familiarName(reference);
		return grammar.test(name) ? name : undefined;
	},
};

/** All of one registry, which this one stands in for. */
export function namesOf(domain: string): RepositoryNames {
	return {
		toReference: name => (grammar.test(name) ? bareReference(tryParseReference(`${domain}/${name}:x`)) : undefined),
		fromReference: reference => (reference.domain === domain ? reference.path : undefined),
	};
}

const maxMemo = 200_000;

/** A push that waits for its turn. What `change` throws refuses it alone. */
type Entering = {
	readonly change: (entries: readonly ReferenceEntry[]) => readonly ReferenceEntry[];
	readonly resolve: () => void;
	readonly reject: (error: unknown) => void;
};

export function imageRepositories(store: Store, hooks: ImageHooks, names: RepositoryNames): Repositories {
	const references = referenceCache(store);
	const memo = new Map<string, Omit<RepositoryEntry, 'manifest'> | undefined>();
	let known: {readonly from: readonly ReferenceEntry[]; readonly entries: readonly RepositoryEntry[]} | undefined;
	const entering: Entering[] = [];
	let isEntering = false;

	function placeOf(name: string): Omit<RepositoryEntry, 'manifest'> | undefined {
		if (memo.has(name)) {
			return memo.get(name);
		}

		const reference = tryParseReference(name);
		const repository = reference === undefined ? undefined : names.fromReference(reference);
		const place = repository === undefined ? undefined : {repository, ...(reference?.tag === undefined || reference.digest !== undefined ? {} : {tag: reference.tag})};
		if (memo.size >= maxMemo) {
			memo.clear();
		}

		memo.set(name, place);
		return place;
	}

	function describe(entry: ReferenceEntry): RepositoryEntry | undefined {
		const name = entryReference(entry);
		const place = name === undefined ? undefined : placeOf(name);
		return place === undefined ? undefined : {...place, manifest: entry};
	}

	function entries(): readonly RepositoryEntry[] {
		const from = references.read();
		if (known?.from !== from) {
			known = {from, entries: from.map(entry => describe(entry)).filter(entry => entry !== undefined)};
		}

		return known.entries;
	}

	/** Those that come while the lock is waited for are entered together: one lock and one write for all. */
	async function enter(change: Entering['change']): Promise<void> {
		await new Promise<void>((resolve, reject) => {
			entering.push({change, resolve, reject});
			if (!isEntering) {
				isEntering = true;
				void enterAll();
			}
		});
	}

	async function enterAll(): Promise<void> {
		while (entering.length > 0) {
			let batch: Entering[] = [];
			try {
				await store.locked(() => {
					batch = entering.splice(0);
					const refused = references.change(before => applyAll(before, batch));
					refused.forEach((error, one) => {
						one.reject(error);
					});
				});
				batch.forEach(({resolve}) => {
					resolve(); // Without effect on those that were refused
				});
			} catch (error) {
				[...batch, ...(batch.length === 0 ? entering.splice(0) : [])].forEach(({reject}) => {
					reject(error);
				});
			}
		}

		isEntering = false;
	}

	async function put({repository, tag, mediaType, data, imageId, check}: PushedManifest): Promise<void> {
		const name = names.toReference(repository)!;
		await withScratch(store, async scratch => {
			const manifest = writeBlob(store, scratch, mediaType, data);
			await enter(before => {
				check();
				return withManifest(before, manifest, {...name, ...(tag === undefined ? {} : {tag})});
			});
			hooks.emit?.({action: 'tag', id: imageId ?? manifest.digest, attributes: {name: familiarReference({...name, ...(tag === undefined ? {digest: manifest.digest} : {tag})})}});
		});
	}

	async function remove(repository: string, what: {readonly tag: string} | {readonly digest: Digest}): Promise<readonly RepositoryEntry[]> {
		const name = names.toReference(repository)!;
		const removed = await store.locked(() => references.change(before => {
			const places = before.map(entry => ({entry, place: describe(entry)}));
			const gone = places.filter(({entry, place}) => place?.repository === repository && ('tag' in what ? place.tag === what.tag : entry.digest === what.digest));
			const removedEntries = new Set(gone.map(({entry}) => entry));
			let after = gone.length === 0 ? before : before.filter(entry => !removedEntries.has(entry));
			for (const {entry} of 'tag' in what ? gone : []) {
				after = withManifest(after, entry, name);
			}

			return {entries: after, result: gone.map(({place}) => place!)};
		}));
		for (const {tag, manifest: {digest}} of removed) {
			hooks.emit?.({action: 'untag', id: digest, attributes: {name: familiarReference({...name, ...(tag === undefined ? {digest} : {tag})})}});
		}

		return removed;
	}

	return {
		canonicalName(unsafeName) {
			const reference = names.toReference(unsafeName);
			return reference === undefined ? undefined : names.fromReference(reference);
		},
		entries,
		put,
		remove,
	};
}

function applyAll(before: readonly ReferenceEntry[], batch: readonly Entering[]): {readonly entries: readonly ReferenceEntry[]; readonly result: ReadonlyMap<Entering, unknown>} {
	const refused = new Map<Entering, unknown>();
	let entries = before;
	for (const one of batch) {
		try {
			entries = one.change(entries);
		} catch (error) {
			refused.set(one, error);
		}
	}

	return {entries, result: refused};
}

/** Without a tag, the digest is entered unless the repository has the manifest already. A manifest that loses the tag stays by its digest. Pure. */
function withManifest(entries: readonly ReferenceEntry[], manifest: Descriptor, name: ImageReference): readonly ReferenceEntry[] {
	const repository = repositoryName(name);
	if (name.tag === undefined) {
		const isKnown = entries.some(entry => entry.digest === manifest.digest && isOf(entry, repository));
		return isKnown ? entries : withReference(entries, manifest, {...name, digest: manifest.digest});
	}

	const canonical = canonicalReference(name);
	const before = entries.find(entry => entryReference(entry) === canonical);
	const kept = before === undefined || before.digest === manifest.digest
		? entries
		: withReference(entries, before, {domain: name.domain, path: name.path, digest: before.digest});
	return withReference(kept, manifest, name);
}

function isOf(entry: ReferenceEntry, repository: string): boolean {
	const name = entryReference(entry);
	return name?.startsWith(repository) === true && /^[:@]/.test(name.slice(repository.length));
}

function bareReference(reference: ImageReference | undefined): ImageReference | undefined {
	return reference === undefined ? undefined : {domain: reference.domain, path: reference.path};
}
