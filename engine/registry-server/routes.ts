/**
All endpoints (OCI distribution spec, Endpoints; end-1 to end-13).
*/
import {deleteBlob, getBlob} from './handlers/blobs.js';
import {apiVersion, listReferrers, listRepositories, listTags} from './handlers/discovery.js';
import {deleteManifest, getManifest, putManifest} from './handlers/manifests.js';
import {appendToUpload, cancelUpload, finishUpload, startUpload, uploadStatus} from './handlers/uploads.js';
import type {Route} from './router.js';

const read = ['GET', 'HEAD'];

export const routes: readonly Route[] = [
	{name: 'base', methods: read, path: /^\/v2\/?$/, needs: 'known', handle: apiVersion},
	{name: 'catalog', methods: read, path: /^\/v2\/_catalog$/, needs: 'catalog', handle: listRepositories},
	{name: 'tags', methods: read, path: /^\/v2\/(?<name>.+)\/tags\/list$/, needs: 'pull', handle: listTags},
	{name: 'referrers', methods: read, path: /^\/v2\/(?<name>.+)\/referrers\/(?<digest>[^/]+)$/, needs: 'pull', handle: listReferrers},
	{name: 'manifest', methods: read, path: /^\/v2\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/, needs: 'pull', handle: getManifest},
	{name: 'manifest', methods: ['PUT'], path: /^\/v2\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/, needs: 'push', writes: true, handle: putManifest},
	{name: 'manifest', methods: ['DELETE'], path: /^\/v2\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/, needs: 'delete', writes: true, handle: deleteManifest},
	{name: 'uploads', methods: ['POST'], path: /^\/v2\/(?<name>.+)\/blobs\/uploads\/?$/, needs: 'push', writes: true, handle: startUpload},
	{name: 'upload', methods: read, path: /^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<session>[^/]+)$/, needs: 'push', writes: true, handle: uploadStatus},
	{name: 'upload', methods: ['PATCH'], path: /^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<session>[^/]+)$/, needs: 'push', writes: true, handle: appendToUpload},
	{name: 'upload', methods: ['PUT'], path: /^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<session>[^/]+)$/, needs: 'push', writes: true, handle: finishUpload},
	{name: 'upload', methods: ['DELETE'], path: /^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<session>[^/]+)$/, needs: 'push', writes: true, handle: cancelUpload},
	{name: 'blob', methods: read, path: /^\/v2\/(?<name>.+)\/blobs\/(?<digest>[^/]+)$/, needs: 'pull', handle: getBlob},
	{name: 'blob', methods: ['DELETE'], path: /^\/v2\/(?<name>.+)\/blobs\/(?<digest>[^/]+)$/, needs: 'delete', writes: true, handle: deleteBlob},
];
