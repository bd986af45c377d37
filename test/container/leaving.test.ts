/** Marks of containers on their way out, and who may act on them. */
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {handOver, isBeingRemovedElsewhere, isMakerGone, isMakerThere, listLeaving, markLeaving, markMade, readLeaving, unmarkLeaving, type Leaving} from '../../engine/container/leaving.js';
import {formatIdentity, ownIdentity} from '../../engine/files/process-identity.js';
import {containerId} from '../helpers/container-record.js';
import {testStore} from '../helpers/image-lab.js';

const own = formatIdentity(ownIdentity());
const dead = '999999999-1-00000000-1';
const elsewhere = `1-1-${ownIdentity().boot}-1`; // Another pid namespace: it can't be looked up

test('a mark is written, read and taken away; who removes is in it', t => {
	const store = testStore(t);
	t.is(readLeaving(store, containerId()), undefined);
	t.deepEqual(listLeaving(store), []);
	markLeaving(store, containerId(), {phase: 'now', removesVolumes: true});
	t.deepEqual(readLeaving(store, containerId()), {phase: 'now', removesVolumes: true, by: own});
	markLeaving(store, containerId('b'), {phase: 'failed', removesVolumes: false, error: 'why'});
	t.deepEqual(readLeaving(store, containerId('b')), {phase: 'failed', removesVolumes: false, error: 'why'});
	fs.writeFileSync(path.join(store.layout.leaving, 'strange'), '');
	t.deepEqual([...listLeaving(store)].sort((a, b) => a.localeCompare(b)), [containerId('a'), containerId('b')]);
	unmarkLeaving(store, containerId());
	unmarkLeaving(store, containerId());
	t.is(readLeaving(store, containerId()), undefined);
	t.is(fs.statSync(path.join(store.layout.leaving, containerId('b'))).mode & 0o777, 0o600);
});

test('a mark cut short by a crash is one of a removal', t => {
	const store = testStore(t);
	markMade(store, containerId());
	for (const text of ['', '{', '{"phase":']) {
		fs.writeFileSync(path.join(store.layout.leaving, containerId()), text);
		t.deepEqual(readLeaving(store, containerId()), {phase: 'now', removesVolumes: false}, text);
	}
});

test('what is made here waits for its maker, until it is handed over', t => {
	const store = testStore(t);
	markMade(store, containerId());
	const mark = readLeaving(store, containerId())!;
	t.deepEqual(mark, {phase: 'whenStopped', removesVolumes: true, by: own});
	t.true(isMakerThere(mark));
	t.false(isMakerGone(mark));
	handOver(store, containerId());
	const handed = readLeaving(store, containerId())!;
	t.deepEqual(handed, {phase: 'whenStopped', removesVolumes: true});
	t.deepEqual([isMakerThere(handed), isMakerGone(handed)], [false, false]);
	handOver(store, containerId('b'));
	t.is(readLeaving(store, containerId('b')), undefined, 'nothing is made of what is not there');
	markLeaving(store, containerId(), {phase: 'now', removesVolumes: true});
	handOver(store, containerId());
	t.is(readLeaving(store, containerId())?.phase, 'now');
});

const marks: ReadonlyArray<readonly [title: string, leaving: Leaving | undefined, isThere: boolean, isGone: boolean, isElsewhere: boolean]> = [
	['none', undefined, false, false, false],
	['made by this process', {phase: 'whenStopped', removesVolumes: true, by: own}, true, false, false],
	['made by one that is dead', {phase: 'whenStopped', removesVolumes: true, by: dead}, false, true, false],
	['made by one that can\'t be looked up', {phase: 'whenStopped', removesVolumes: true, by: elsewhere}, true, false, false],
	['made by nobody who can be read', {phase: 'whenStopped', removesVolumes: true, by: 'x'}, true, false, false],
	['waiting for anybody', {phase: 'whenStopped', removesVolumes: true}, false, false, false],
	['removed by this process', {phase: 'now', removesVolumes: true, by: own}, false, false, false],
	['removed by one that is dead', {phase: 'now', removesVolumes: true, by: dead}, false, false, false],
	['removed by one that can\'t be looked up', {phase: 'now', removesVolumes: true, by: `${process.pid + 1}-1-${ownIdentity().boot}-1`}, false, false, true],
	['failed', {phase: 'failed', removesVolumes: true, by: elsewhere}, false, false, false],
];
for (const [title, leaving, isThere, isGone, isElsewhere] of marks) {
	test(`a mark that is ${title}`, t => {
		t.is(isMakerThere(leaving), isThere);
		t.is(leaving !== undefined && isMakerGone(leaving), isGone);
		t.is(isBeingRemovedElsewhere(leaving), isElsewhere);
	});
}

test('a store of before has no folder for marks: it is made', t => {
	const store = testStore(t);
	fs.rmSync(store.layout.leaving, {recursive: true, force: true});
	t.deepEqual(listLeaving(store), []);
	markMade(store, containerId());
	t.deepEqual(listLeaving(store), [containerId()]);
});
