/** One row a tag, as `docker images` lists them. */
import type {ImageInfo} from '../../engine/index.js';

export type ImageRow = {readonly image: ImageInfo; readonly repository: string; readonly tag: string; readonly digest: string};

const none = '<none>';

/** `tags`: the reference filters, which choose among an image's tags too. */
export function imageRows(images: readonly ImageInfo[], {digests, tags}: {digests: boolean; tags?: readonly string[] | undefined}): ImageRow[] {
	return [...images].sort((a, b) => b.Created - a.Created).flatMap(image => {
		const references = (image.RepoTags ?? []).filter(reference => !reference.startsWith(none));
		const chosen = references.filter(reference => tags === undefined || tags.length === 0 || tags.some(pattern => matchesReference(pattern, reference)));
		const digestOf = (repository: string) => splitDigest(image.RepoDigests ?? []).find(entry => entry.repository === repository)?.digest ?? none;
		const shown = chosen.length === 0 ? references : chosen;
		if (shown.length > 0) {
			return shown.map(reference => {
				const {repository, tag} = splitReference(reference);
				return {image, repository, tag, digest: digests ? digestOf(repository) : none};
			});
		}

		const [first] = splitDigest(image.RepoDigests ?? []);
		return [{image, repository: first?.repository ?? none, tag: none, digest: first?.digest ?? none}];
	});
}

/** The colon that parts the tag comes after the last slash; one before it belongs to a registry's port. */
export function splitReference(reference: string): {repository: string; tag: string} {
	const colon = reference.lastIndexOf(':');
	return colon > reference.lastIndexOf('/') ? {repository: reference.slice(0, colon), tag: reference.slice(colon + 1)} : {repository: reference, tag: none};
}

function splitDigest(digests: readonly string[]): Array<{repository: string; digest: string}> {
	return digests.map(entry => ({repository: entry.slice(0, entry.indexOf('@')), digest: entry.slice(entry.indexOf('@') + 1)})).filter(entry => entry.repository !== none);
}

/** Go's path.Match over `repository:tag`, or over the repository alone; a plain name also matches the last part of a longer one. */
export function matchesReference(pattern: string, reference: string): boolean {
	const {repository} = splitReference(reference);
	return [reference, repository].some(name => toRegExp(pattern).test(name));
}

function toRegExp(glob: string): RegExp {
	const source = glob.replaceAll(/\[[^\]]*\]|[*?.+^${}()|\\[\]]/g, part => {
		if (part === '*') {
			return '[^/]*';
		}

		if (part === '?') {
			return '[^/]';
		}

		return part.length > 1 ? part : `\\${part}`;
	});
	return new RegExp(`^${source}$`);
}
