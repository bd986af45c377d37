/**
What there is: tags of a repository, repositories, and manifests that refer to another one (OCI distribution spec, Content Discovery).
*/
import {readManifest} from '../manifest-document.js';
import {json, type Reply} from '../message.js';
import {compareTags, compareText, paginate} from '../pagination.js';
import type {Call} from '../registry-context.js';
import {RegistryError} from '../registry-error.js';
import {readDigest} from '../grammar.js';
import {mediaTypes} from '../../oci/media-type.js';
import type {Descriptor} from '../../oci/descriptor.js';
import {isEngineError} from '../../errors.js';

const maxTags = 10_000;
const maxRepositories = 1000;
/** The spec wants no answer of more than 4 MiB; annotations may be long. */
const maxReferrers = 500;
const maxReferrersBytes = 3 * 1024 * 1024;

export async function apiVersion(): Promise<Reply> {
	return json({});
}

export async function listTags({repositories, repository, name, query}: Call): Promise<Reply> {
	const view = repositories.view(repository);
	if (view === undefined) {
		throw new RegistryError('NAME_UNKNOWN', 'repository name not known to registry', {detail: {name}});
	}

	const {items, headers} = paginate([...view.tags.keys()].sort(compareTags), {query, path: `/v2/${name}/tags/list`, max: maxTags, compare: compareTags});
	return json({name, tags: items}, {headers});
}

export async function listRepositories({repositories, principal, query}: Call): Promise<Reply> {
	const visible = principal.readsAll ? repositories.names() : repositories.names().filter(repository => principal.may('pull', repository));
	const {items, headers} = paginate(visible, {query, path: '/v2/_catalog', max: maxRepositories, compare: compareText});
	return json({repositories: items}, {headers});
}

/** Of a manifest that is not there too: its referrers may come first. */
export async function listReferrers(call: Call): Promise<Reply> {
	const digest = readDigest(call.parameters['digest']);
	const closure = await call.repositories.view(call.repository)?.closure();
	const byDigest = new Map((closure?.referrers.get(digest) ?? []).map(manifest => [manifest.digest as string, manifest]));
	const wanted = call.query.get('artifactType');
	const matching = new Map<string, unknown>();
	for (const name of [...byDigest.keys()].sort(compareText)) {
		const description = describe(call, byDigest.get(name)!);
		if (description !== undefined && (wanted === null || description.artifactType === wanted)) {
			matching.set(name, description);
		}
	}

	const path = `/v2/${call.name}/referrers/${digest}`;
	const page = paginate([...matching.keys()], {query: call.query, path, max: fitting(matching), compare: compareText});
	return json({schemaVersion: 2, mediaType: mediaTypes.index, manifests: page.items.map(name => matching.get(name))}, {
		headers: {'content-type': mediaTypes.index, ...page.headers, ...(wanted === null ? {} : {'oci-filters-applied': 'artifactType'})},
	});
}

type Referrer = {readonly mediaType: string; readonly digest: string; readonly size: number; readonly artifactType?: string; readonly annotations?: Readonly<Record<string, string>>};

function describe({content}: Call, {mediaType, digest, size}: Descriptor): Referrer | undefined {
	try {
		const {artifactType, annotations} = readManifest(content.readDocument(digest));
		return {mediaType, digest, size, ...(artifactType === undefined ? {} : {artifactType}), ...(annotations === undefined ? {} : {annotations})};
	} catch (error) {
		if (isEngineError(error) || error instanceof RegistryError) {
			return undefined; // Deleted or damaged meanwhile
		}

		throw error;
	}
}

/** How many of the longest make one answer. */
function fitting(referrers: ReadonlyMap<string, unknown>): number {
	const longest = Math.max(1, ...[...referrers.values()].map(value => JSON.stringify(value).length));
	return Math.max(1, Math.min(maxReferrers, Math.floor(maxReferrersBytes / longest)));
}
