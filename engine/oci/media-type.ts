/**
Media types (OCI image-spec media-types.md and docker's image manifest v2, schema 2).
*/
export const mediaTypes = {
	manifest: 'application/vnd.oci.image.manifest.v1+json',
	index: 'application/vnd.oci.image.index.v1+json',
	config: 'application/vnd.oci.image.config.v1+json',
	layer: 'application/vnd.oci.image.layer.v1.tar',
	layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
	layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
	dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
	dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
	dockerConfig: 'application/vnd.docker.container.image.v1+json',
	dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
	dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

export type LayerCompression = 'none' | 'gzip' | 'zstd';

export function isIndexType(mediaType: string): boolean {
	return mediaType === mediaTypes.index || mediaType === mediaTypes.dockerManifestList;
}

export function isManifestType(mediaType: string): boolean {
	return mediaType === mediaTypes.manifest || mediaType === mediaTypes.dockerManifest;
}

/** A configuration of something that runs: not an artifact or an attestation. */
export function isImageConfigType(mediaType: string): boolean {
	return mediaType === mediaTypes.config || mediaType === mediaTypes.dockerConfig;
}

/** A layer that can be unpacked here. Schema 2 has no zstd; some tools write it all the same. */
export function isLayerType(mediaType: string): boolean {
	const {layer, layerGzip, layerZstd, dockerLayer, dockerLayerGzip} = mediaTypes;
	return [layer, layerGzip, layerZstd, dockerLayer, dockerLayerGzip, `${dockerLayer}.zstd`].includes(mediaType);
}

/** What a layer of docker's kind is called in an OCI manifest. */
export function ociLayerType(mediaType: string): string {
	return {[mediaTypes.dockerLayer]: mediaTypes.layer, [mediaTypes.dockerLayerGzip]: mediaTypes.layerGzip}[mediaType] ?? mediaType;
}

/** The OCI media type of a layer blob compressed so. */
export function layerMediaType(compression: LayerCompression): string {
	return {none: mediaTypes.layer, gzip: mediaTypes.layerGzip, zstd: mediaTypes.layerZstd}[compression];
}
