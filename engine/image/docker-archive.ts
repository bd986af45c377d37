/**
Reading docker archives: `docker save` of all ages (folders per layer, links between them; OCI blobs since 25), podman, skopeo, kaniko, jib, bazel. What they share is manifest.json.
*/
import {EngineError} from '../errors.js';
import {parseImageConfig, type ImageConfig} from '../oci/image-config.js';
import {asArray, asObject, asString, asStrings, optional, parseJson} from '../oci/json-shape.js';
import {parseReference, withDefaultTag, type ImageReference} from '../oci/reference.js';
import {integrityError, sha256} from '../store/content-store.js';
import {readDocument, type ImageArchive} from './image-archive.js';
import type {LayerToIngest} from './ingest-layer.js';

/** An image found in an archive, not read yet. */
export type ArchivedImage = {
	readonly references: readonly ImageReference[];
	readonly configData: Buffer;
	readonly config: ImageConfig;
	readonly layers: readonly LayerToIngest[]; // base first
	readonly manifest?: {readonly mediaType: string; readonly data: Buffer};
};

/** The images manifest.json lists; undefined when there is none. Throws `invalidParameter`. */
export function readDockerArchive(archive: ImageArchive): readonly ArchivedImage[] | undefined {
	const document = readDocument(archive, 'manifest.json');
	if (document === undefined) {
		return undefined;
	}

	const subject = `${archive.subject}: manifest.json`;
	const images = asArray(parseJson(document, subject), subject);
	if (images.length === 0) {
		throw new EngineError('invalidParameter', `${subject} lists no images`);
	}

	return images.map((unsafe, index) => readImage(archive, asObject(unsafe, `${subject}[${index}]`), `${subject}[${index}]`));
}

function readImage(archive: ImageArchive, fields: Readonly<Record<string, unknown>>, subject: string): ArchivedImage {
	const configName = asString(fields['Config'], `${subject}.Config`);
	const configData = readDocument(archive, configName);
	if (configData === undefined) {
		throw missingMember(archive, configName);
	}

	// Most writers name the file by its digest: a flipped bit in it would else make another image of it.
	const named = /(?:^|[/:])([\da-f]{64})(?:\.json)?$/.exec(configName)?.[1];
	if (named !== undefined && sha256(configData) !== `sha256:${named}`) {
		throw integrityError(`${archive.subject}: ${configName}`, `has digest ${sha256(configData)}`);
	}

	const config = parseImageConfig(configData, `${archive.subject}: ${configName}`);
	const layerNames = optional(fields['Layers'], `${subject}.Layers`, asStrings) ?? [];
	if (layerNames.length !== config.diffIds.length) {
		throw new EngineError('invalidParameter', `${subject} lists ${layerNames.length} layers, the image config ${config.diffIds.length}`);
	}

	return {
		references: (optional(fields['RepoTags'], `${subject}.RepoTags`, asStrings) ?? []).map(name => readReference(name, subject)),
		configData,
		config,
		layers: layerNames.map((name, index) => {
			const member = archive.find(name);
			if (member === undefined) {
				throw missingMember(archive, name);
			}

			return {member, diffId: config.diffIds[index]!};
		}),
	};
}

function readReference(name: string, subject: string): ImageReference {
	try {
		return withDefaultTag(parseReference(name));
	} catch (error) {
		throw new EngineError('invalidParameter', `${subject} has the invalid tag ${JSON.stringify(name.slice(0, 200))}`, {cause: error});
	}
}

export function missingMember(archive: ImageArchive, name: string): EngineError {
	return new EngineError('invalidParameter', `${archive.subject} lacks ${name.slice(0, 200)}, which its manifest names`, {code: 'EBADARCHIVE', hint: 'The archive is incomplete: save it again.'});
}
