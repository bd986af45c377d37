import test from 'ava';
import type {Image} from '../../engine/image/image.js';
import {parseReference} from '../../engine/oci/reference.js';
import type {DiffId, Digest} from '../../engine/oci/digest.js';
import {historyEntry, imageInfo, imageInspectInfo, imageLayer, imagePruneReport, imageRemoveInfo} from '../../engine/wire/image.js';

const digest = (letter: string) => `sha256:${letter.repeat(64)}` as Digest;
const image: Image = {
	id: digest('a'),
	manifest: {mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digest('b'), size: 400},
	config: {
		platform: {os: 'linux', architecture: 'arm64', variant: 'v8'},
		created: '2026-01-01T00:00:00.5Z',
		author: 'me',
		defaults: {Cmd: ['sh'], Labels: {a: 'b'}, ExposedPorts: {'80/tcp': {}}, StopSignal: 'SIGINT'},
		diffIds: [digest('c'), digest('d')] as string[] as DiffId[],
		history: [{emptyLayer: false}, {comment: 'last', emptyLayer: false}],
	},
	references: [parseReference('app:1'), parseReference(`app@${digest('b')}`)],
	layers: [],
	parent: digest('e'),
	createdAt: 1_767_225_600,
	sizeBytes: 1234,
};
const nameless: Image = {...image, references: [], config: {platform: {os: 'linux', architecture: 'amd64'}, defaults: {}, diffIds: [], history: []}};

type InspectView = {Comment: string; Variant?: string; Created: string; RootFS: unknown; GraphDriver: unknown; Config: Record<string, unknown>};

test('a line of the list has docker\'s members', t => {
	t.deepEqual(imageInfo(image), {
		Id: digest('a'),
		ParentId: digest('e'),
		RepoTags: ['app:1'],
		RepoDigests: [`app@${digest('b')}`],
		Created: 1_767_225_600,
		Size: 1234,
		VirtualSize: 1234,
		SharedSize: -1,
		Labels: {a: 'b'},
		Containers: -1,
	});
	t.deepEqual(imageInfo(nameless, 2).RepoTags, []);
	t.is(imageInfo(nameless, 2).Containers, 2);
});

test('inspecting gives the whole configuration, with docker\'s defaults for what is not set', t => {
	const info = imageInspectInfo(image, ['/l/top', '/l/base']) as unknown as InspectView;
	t.is(info.Comment, 'last');
	t.is(info.Variant, 'v8');
	t.deepEqual(info.RootFS, {Type: 'layers', Layers: [digest('c'), digest('d')]});
	t.deepEqual(info.GraphDriver, {Name: 'overlay', Data: {LowerDir: '/l/base', UpperDir: '/l/top'}});
	const config = info.Config;
	t.deepEqual([config['Cmd'], config['Entrypoint'], config['Env'], config['Volumes'], config['OnBuild'], config['User'], config['Tty'], config['StopSignal'], config['ExposedPorts']], [['sh'], null, [], null, null, '', false, 'SIGINT', {'80/tcp': {}}]);
	const bare = imageInspectInfo(nameless, []) as unknown as InspectView;
	t.is(bare.Created, '0001-01-01T00:00:00Z');
	t.deepEqual(bare.GraphDriver, {Name: 'overlay', Data: {}});
	t.false('Variant' in bare);
});

test('history, layers, removals and prunings are told in docker\'s words', t => {
	const entry = {createdAt: 5, createdBy: 'x', comment: '', sizeBytes: 7, references: []};
	t.deepEqual(historyEntry(entry), {Id: '<missing>', Created: 5, CreatedBy: 'x', Tags: null, Size: 7, Comment: ''});
	t.deepEqual(historyEntry({...entry, id: image.id, references: image.references}), {Id: image.id, Created: 5, CreatedBy: 'x', Tags: ['app:1'], Size: 7, Comment: ''});
	t.deepEqual(imageLayer({diffId: digest('c') as string as DiffId, sizeBytes: 1, createdBy: 'x', createdAt: 2, sharedWith: [image, nameless]}), {DiffId: digest('c'), Size: 1, CreatedBy: 'x', Created: 2, SharedWith: ['app:1', digest('a')]});
	t.deepEqual(imageRemoveInfo({kind: 'untagged', name: 'app:1'}) as unknown, {Untagged: 'app:1'});
	t.deepEqual(imageRemoveInfo({kind: 'deleted', name: 'x'}) as unknown, {Deleted: 'x'});
	t.deepEqual(imagePruneReport({removed: [{kind: 'untagged', name: 'app:1'}, {kind: 'deleted', name: 'x'}], reclaimedBytes: 3}), {Deleted: ['app:1', 'x'], SpaceReclaimed: 3});
});
