import test from 'ava';
import {
	checkActive, checkPausable, checkPaused, checkRemovable, checkStartable, exited, isActive, newContainer, paused, removalFailed, removing, restarting, startFailed, started, unpaused,
	type ContainerState,
} from '../../engine/container/container-state.js';
import {stateOf} from '../../engine/container/read-state.js';
import type {RuntimeStatus} from '../../engine/runtime/status-file.js';

const id = 'a'.repeat(64);
const running = started(newContainer, {pid: 7, startTicks: 70}, '2026-01-01T00:00:00Z');
const stopped = exited(running, {exitCode: 3, oomKilled: false, error: '', finishedAt: '2026-01-01T00:01:00Z'});
const all: Readonly<Record<ContainerState['status'], ContainerState>> = {
	created: newContainer,
	running,
	paused: paused(running),
	exited: stopped,
	restarting: restarting(stopped),
	removing: removing(stopped),
	dead: removalFailed(removing(stopped), 'read-only file system'),
};

test('a container goes through its life and keeps what was learnt on the way', t => {
	t.deepEqual(unpaused(paused(running)), running);
	t.deepEqual(stopped, {status: 'exited', exitCode: 3, oomKilled: false, error: '', startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:01:00Z'});
	t.deepEqual(removing(removalFailed(removing(stopped), 'x')), {status: 'removing', was: stopped});
});

test('a failed start leaves a new container created and an old one exited', t => {
	const failure = {exitCode: 127, error: 'not found', at: '2026-01-02T00:00:00Z'};
	t.deepEqual(startFailed(newContainer, failure), {status: 'created', failure: {exitCode: 127, error: 'not found'}});
	t.like(startFailed(stopped, failure), {status: 'exited', exitCode: 127, error: 'not found', finishedAt: failure.at});
});

const table: Array<[ContainerState['status'], Readonly<Record<'start' | 'active' | 'pause' | 'unpause' | 'remove', string>>]> = [
	['created', {start: 'yes', active: `container ${id} is not running`, pause: `container ${id} is not running`, unpause: `Container ${id} is not paused`, remove: 'yes'}],
	['running', {start: 'already', active: 'yes', pause: 'yes', unpause: `Container ${id} is not paused`, remove: 'cannot remove container "x": container is running: stop the container before removing or force remove'}],
	['paused', {start: 'cannot start a paused container, try unpause instead', active: 'yes', pause: `Container ${id} is already paused`, unpause: 'yes', remove: 'cannot remove container "x": container is paused and must be unpaused first'}],
	['exited', {start: 'yes', active: `container ${id} is not running`, pause: `container ${id} is not running`, unpause: `Container ${id} is not paused`, remove: 'yes'}],
	['restarting', {start: 'yes', active: `container ${id} is not running`, pause: `container ${id} is not running`, unpause: `Container ${id} is not paused`, remove: 'yes'}],
	['removing', {start: 'container is marked for removal and cannot be started', active: `container ${id} is not running`, pause: `container ${id} is not running`, unpause: `Container ${id} is not paused`, remove: 'yes'}],
	['dead', {start: 'container is marked for removal and cannot be started', active: `container ${id} is not running`, pause: `container ${id} is not running`, unpause: `Container ${id} is not paused`, remove: 'yes'}],
];

for (const [status, expected] of table) {
	test(`what may be done with one that is ${status}`, t => {
		const answer = (check: () => unknown) => {
			try {
				return check() === false ? 'already' : 'yes';
			} catch (error) {
				return (error as Error).message;
			}
		};

		const state = all[status];
		t.is(answer(() => checkStartable(state, id)), expected.start);
		t.is(answer(() => checkActive(state, id)), expected.active);
		t.is(answer(() => checkPausable(state, id)), expected.pause);
		t.is(answer(() => checkPaused(state, id)), expected.unpause);
		t.is(answer(() => checkRemovable(state, 'x')), expected.remove);
		t.is(isActive(state), status === 'running' || status === 'paused');
	});
}

test('docker answers 500 to unpausing what is not paused, 409 to the rest', t => {
	t.is(t.throws(() => checkPaused(running, id), {name: 'EngineError'})?.message, `Container ${id} is not paused`);
	t.like(t.throws(() => checkPaused(running, id)), {kind: 'system'});
	t.like(t.throws(() => checkActive(newContainer, id)), {kind: 'conflict'});
});

const record: RuntimeStatus = {
	status: 'running', pid: 7, startTicks: 70, bootId: 'b', monitorPid: 6, monitorStartTicks: 60, startedAt: '2026-01-01T00:00:00Z', finishedAt: '', exitCode: 0, signal: 0, oomKilled: false, error: '',
};

test('the state is read from the monitor\'s record and the marks of removal', t => {
	t.deepEqual(stateOf(undefined, undefined, undefined), newContainer);
	t.deepEqual(stateOf(record, undefined, undefined), running);
	t.is(stateOf({...record, status: 'paused'}, undefined, undefined).status, 'paused');
	t.deepEqual(stateOf({...record, status: 'created', exitCode: 127, error: 'no such program'}, undefined, undefined), {status: 'created', failure: {exitCode: 127, error: 'no such program'}});
	t.like(stateOf({...record, status: 'exited', exitCode: 9, finishedAt: 'f', oomKilled: true}, undefined, undefined), {status: 'exited', exitCode: 9, finishedAt: 'f', oomKilled: true});
});

test('one whose monitor is gone has ended as if killed', t => {
	t.like(stateOf(record, '2026-01-01T00:05:00Z', undefined), {status: 'exited', exitCode: 137, finishedAt: '2026-01-01T00:05:00Z', startedAt: record.startedAt});
	t.like(stateOf({...record, status: 'paused'}, 'x', undefined), {status: 'exited', exitCode: 137});
});

test('being removed shows only once nothing runs', t => {
	const now = {phase: 'now', removesVolumes: false} as const;
	t.is(stateOf(record, undefined, now).status, 'running');
	t.deepEqual(stateOf(undefined, undefined, now), {status: 'removing', was: newContainer});
	t.deepEqual(stateOf(undefined, undefined, {phase: 'failed', removesVolumes: false, error: 'EROFS'}), {status: 'dead', was: newContainer, error: 'EROFS'});
	t.deepEqual(stateOf(undefined, undefined, {phase: 'whenStopped', removesVolumes: true}), newContainer);
});
