import test from 'ava';
import {containerFilter, implyAll, type FilterLookups} from '../../engine/container/container-filters.js';
import type {ContainerState} from '../../engine/container/container-state.js';
import {summarize, type ListedContainer} from '../../engine/container/summary.js';
import {EngineError} from '../../engine/errors.js';
import {containerId, containerRecord} from '../helpers/container-record.js';

const running: ContainerState = {status: 'running', process: {pid: 1, startTicks: 1}, startedAt: ''};
const exited = (exitCode: number): ContainerState => ({status: 'exited', exitCode, oomKilled: false, error: '', startedAt: '', finishedAt: ''});

function listed(digit: string, name: string, state: ContainerState, options: Readonly<Record<string, unknown>> = {}): ListedContainer {
	return {...summarize({...containerRecord({name, ...options}, containerId(digit)), created: `2026-01-0${Number.parseInt(digit, 16)}T00:00:00Z`}), state};
}

const web = listed('1', 'web', running, {Labels: {tier: 'front', 'a.b': ''}, ExposedPorts: {'80/tcp': {}, '53/udp': {}}, Healthcheck: {Test: ['CMD', 'true']}});
const database = listed('2', 'database', exited(0), {Labels: {tier: 'back'}, HostConfig: {Binds: ['data:/var/data', '/host:/there:ro']}});
const job = listed('3', 'job-1', exited(3), {HostConfig: {NetworkMode: 'host'}});
const all = [web, database, job];

const lookups: FilterLookups = {
	find(name) {
		const found = all.find(container => container.name === name);
		if (found === undefined) {
			throw new EngineError('notFound', `No such container: ${name}`);
		}

		return found;
	},
	isFromImage: (container, image) => container.image === image,
};

const names = (filters: Record<string, string[]>) => all.filter(container => containerFilter(filters, lookups)(container)).map(({name}) => name).join(' ');

const cases: ReadonlyArray<readonly [filters: Record<string, string[]>, expected: string]> = [
	[{}, 'web database job-1'],
	[{name: []}, 'web database job-1'],
	[{id: [containerId('1')]}, 'web'],
	[{id: ['^2+$']}, 'database'],
	[{id: ['0']}, ''],
	[{name: ['web']}, 'web'],
	[{name: ['/web']}, 'web'],
	[{name: ['b']}, 'web database job-1'],
	[{name: [String.raw`-\d$`]}, 'job-1'],
	[{name: ['(']}, ''],
	[{label: ['tier']}, 'web database'],
	[{label: ['tier=back']}, 'database'],
	[{label: ['a.b']}, 'web'],
	[{label: ['a.b=']}, 'web'],
	[{label: ['tier', 'a.b']}, 'web'],
	[{label: ['toString']}, ''],
	[{status: ['exited']}, 'database job-1'],
	[{status: ['running', 'exited']}, 'web database job-1'],
	[{ancestor: ['busybox']}, 'web database job-1'],
	[{ancestor: ['other']}, ''],
	[{before: ['job-1']}, 'web database'],
	[{since: ['web']}, 'database job-1'],
	[{before: ['job-1'], since: ['web']}, 'database'],
	[{exited: ['0']}, 'database'],
	[{exited: ['3', '0']}, 'database job-1'],
	[{exited: ['-1']}, ''],
	[{volume: ['data']}, 'database'],
	[{volume: ['/there']}, 'database'],
	[{volume: ['/host']}, 'database'],
	[{network: ['host']}, 'job-1'],
	[{network: ['default']}, 'web database'],
	[{health: ['starting']}, 'web'],
	[{expose: ['80']}, 'web'],
	[{expose: ['80/udp']}, ''],
	[{expose: ['50-60/udp']}, 'web'],
	[{expose: ['x']}, ''],
	[{publish: ['80']}, ''],
	[{'is-task': ['false']}, 'web database job-1'],
	[{'is-task': ['true']}, ''],
	[{label: ['tier'], status: ['exited']}, 'database'],
];
for (const [filters, expected] of cases) {
	test(`${JSON.stringify(filters)} keeps ${expected || 'none'}`, t => {
		t.is(names(filters), expected);
	});
}

const refused: ReadonlyArray<readonly [filters: Record<string, string[]>, kind: string, message: string]> = [
	[{colour: ['red']}, 'invalidParameter', 'invalid filter \'colour\''],
	[{constructor: ['x']}, 'invalidParameter', 'invalid filter \'constructor\''],
	[{status: ['up']}, 'invalidParameter', 'invalid filter \'status=up\': invalid value for state (up): must be one of created, running, paused, restarting, removing, exited, dead'],
	[{exited: ['1.5']}, 'invalidParameter', 'invalid filter \'exited=1.5\': strconv.Atoi: parsing "1.5": invalid syntax'],
	[{before: ['nope']}, 'notFound', 'No such container: nope'],
];
for (const [filters, kind, message] of refused) {
	test(`${JSON.stringify(filters)} is refused`, t => {
		t.like(t.throws(() => containerFilter(filters, lookups)), {kind, message});
	});
}

test('asking for a state asks for stopped ones too', t => {
	t.true(implyAll({status: ['exited']}));
	t.false(implyAll({status: []}));
	t.false(implyAll({name: ['x']}));
});
