import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {cgroupFolder, makeContainerCgroups, readCgroups, removeContainerCgroups} from '../../engine/container/container-cgroups.js';
import type {ContainerContext} from '../../engine/container/container-context.js';
import type {ContainerRecord} from '../../engine/container/container.js';
import {parseHostSettings} from '../../engine/container/host-settings.js';
import type {CgroupHost} from '../../engine/runtime/cgroup.js';
import {temporaryFolder, testStore} from '../helpers/image-lab.js';

const id = 'a'.repeat(64);
const gone = 'b'.repeat(64);

/** Groups are folders, so an ordinary one stands in for the hierarchy. */
function lab(t: Parameters<typeof temporaryFolder>[0]) {
	const store = testStore(t);
	const parent = temporaryFolder(t);
	fs.writeFileSync(path.join(parent, 'cgroup.subtree_control'), '');
	const host: CgroupHost = {version: 2, unified: {parent, controllers: new Set()}, legacy: new Map(), obstacle: ''};
	const context = {store, uid: 0, cgroupHost: () => host} as unknown as ContainerContext;
	const record = {id, name: 'one', hostConfig: parseHostSettings({})} as unknown as ContainerRecord;
	fs.mkdirSync(store.layout.container(id), {recursive: true});
	const groups = path.join(parent, cgroupFolder(store));
	for (const folder of [path.join(parent, 'tug'), groups, path.join(groups, gone)]) {
		fs.mkdirSync(folder, {recursive: true});
		fs.writeFileSync(path.join(folder, 'cgroup.subtree_control'), '');
	}

	return {store, context, record, groups};
}

test('making a container\'s groups sweeps those of containers that are gone, and leaves all else', t => {
	const {store, context, record, groups} = lab(t);
	fs.rmSync(path.join(groups, gone, 'cgroup.subtree_control')); // The kernel's own files do not keep a group
	fs.mkdirSync(path.join(groups, 'somebody-elses'));
	const made = makeContainerCgroups(context, record);
	t.deepEqual(made.cgroups, [path.join(groups, id)]);
	t.true(made.deviceFilter !== undefined);
	t.deepEqual(fs.readdirSync(groups).filter(name => !name.startsWith('cgroup.')).sort(), [id, 'somebody-elses']);
	t.deepEqual(readCgroups(store, record.id), [path.join(groups, id)]);
});

test('a group that still holds something stays for the next time', t => {
	const {context, record, groups} = lab(t);
	makeContainerCgroups(context, record); // The file in it stands for a process
	t.true(fs.existsSync(path.join(groups, gone)));
});

test('the groups of a container go when it has stopped; doing it again is fine', t => {
	const {store, context, record, groups} = lab(t);
	makeContainerCgroups(context, record);
	removeContainerCgroups(store, record.id);
	removeContainerCgroups(store, record.id);
	t.false(fs.existsSync(path.join(groups, id)));
	t.deepEqual(readCgroups(store, record.id), []);
});

test('an ordinary user\'s container without limits gets no group, and nothing is looked at', t => {
	const {store, record} = lab(t);
	const context = {
		store,
		uid: 1000,
		cgroupHost() {
			throw new Error('looked at');
		},
	} as unknown as ContainerContext;
	t.deepEqual(makeContainerCgroups(context, record), {cgroups: []});
});
