/**
The only place that knows where things lie on disk.

```
ROOT/version                      on-disk format, a number
ROOT/lock                         held (flock) by whoever changes images or collects garbage
ROOT/oci-layout, ROOT/index.json  an OCI image layout with blobs/sha256/<hex>
ROOT/layers/sha256/<hex>/         layer.json, fs/ (the tree) and, where ids were squashed, squash (their index), by diff id; compressed.json: what a plain
                                  layer became when it was last compressed for a push
ROOT/scaffold/                    lies under the layers of every container: the files and folders tug mounts on, so that mounting writes nothing
ROOT/containers/<id>/             config.json (ours), status.json (the monitor's), fs/upper, fs/work, rootfs, log/…
ROOT/names/<name>                 symlink whose target is the container id: the reservation of the name
ROOT/leaving/<id>                 containers to remove: at once, or once they have stopped (--rm)
ROOT/volumes/<name>/              volume.json and _data/
ROOT/execs/<id>/                  exec sessions: config.json, status.json
ROOT/tmp/<maker>-<n>/             half-made things of one process, and the lease on what it has put in place; swept once the maker is gone
ROOT/tmp/downloads/<hex>          a blob on its way from a registry, with what of it is there (.parts) and who works on it (.lock); outlives its maker, so that the next goes on
ROOT/trash/                       blob-…, layer-…: taken away by a collection that may still give them back; dead-…: being deleted
ROOT/registry/uploads/<id>/       blobs on their way in through the registry server: session.json and data, for whichever server continues them
ROOT/registry/leases/<key>/<hex>  blobs that a repository was sent or asked about and that no manifest may name yet; the file's time is the lease's
ROOT/registry/                    also what servers of this store share: the key of their tokens, notifications not yet delivered
ROOT/reserve                      a megabyte of nothing: given up so that a full disk can be freed
ROOT/events.jsonl                 event journal
RUN/<id>.sock                     sockets of monitors
RUN/../sandbox-<8 hex>/           the sandbox of the user for one mapping of ids (shared by all stores of the user)
```
*/
import path from 'node:path';
import {digestHex, type DiffId, type Digest} from '../oci/digest.js';

export const storeFormatVersion = 1;

export type StoreLayout = ReturnType<typeof storeLayout>;

/** Absolute paths for a store at `root` with its sockets in `run`. */
export function storeLayout(root: string, run: string) {
	const at = (...parts: string[]) => [root, ...parts].join('/'); // All parts are names: there is nothing that path.join would put right
	return {
		root,
		run,
		version: at('version'),
		lock: at('lock'),
		ociLayout: at('oci-layout'),
		index: at('index.json'),
		blobs: at('blobs', 'sha256'),
		blob: (digest: Digest) => at('blobs', 'sha256', digestHex(digest)),
		layers: at('layers', 'sha256'),
		layer: (diffId: DiffId) => at('layers', 'sha256', digestHex(diffId)),
		layerTree: (diffId: DiffId) => at('layers', 'sha256', digestHex(diffId), 'fs'),
		layerRecord: (diffId: DiffId) => at('layers', 'sha256', digestHex(diffId), 'layer.json'),
		layerCompressed: (diffId: DiffId) => at('layers', 'sha256', digestHex(diffId), 'compressed.json'),
		layerSquash: (diffId: DiffId) => at('layers', 'sha256', digestHex(diffId), 'squash'),
		scaffold: at('scaffold'),
		containers: at('containers'),
		container: (id: string) => at('containers', id),
		names: at('names'),
		name: (name: string) => at('names', name),
		leaving: at('leaving'),
		volumes: at('volumes'),
		volume: (name: string) => at('volumes', name),
		execs: at('execs'),
		exec: (id: string) => at('execs', id),
		temporary: at('tmp'),
		downloads: at('tmp', 'downloads'),
		download: (digest: Digest) => at('tmp', 'downloads', digestHex(digest)),
		trash: at('trash'),
		reserve: at('reserve'),
		registry: at('registry'),
		uploads: at('registry', 'uploads'),
		upload: (id: string) => at('registry', 'uploads', id),
		leases: at('registry', 'leases'),
		events: at('events.jsonl'),
		socket: (id: string) => path.join(run, `${id}.sock`),
	};
}
