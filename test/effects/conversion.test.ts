import test from 'ava';
import type {ContainerInfo, ImageInfo} from '../../engine/index.js';
import {LineSplitter} from '../../source/effects/line-splitter.js';
import {ageOf, toContainer, toImages} from '../../source/effects/to-container.js';
import type {Container} from '../../source/state/app-state.js';

const info = (fields: Partial<ContainerInfo>) => ({Id: 'ab'.repeat(32), Names: ['/web'], Image: 'nginx:1.27', ImageID: 'sha256:1', Command: 'nginx', Created: 1000, State: 'running', Status: 'Up 3 minutes', Ports: [], ...fields}) as ContainerInfo;

const converts = test.macro({
	exec(t, fields: Partial<ContainerInfo>, expected: Partial<Container>) {
		t.like(toContainer(info(fields), 10_000_000), expected);
	},
	title: (_, fields) => `container ${JSON.stringify(fields)}`,
});

test(converts, {}, {name: 'web', state: 'running', health: undefined, exitCode: undefined, createdMs: 1_000_000, sinceMs: 10_000_000 - 180_000});
test(converts, {State: 'exited', Status: 'Exited (137) 2 hours ago'}, {exitCode: 137, sinceMs: 10_000_000 - 7_200_000});
test(converts, {Status: 'Up 3 minutes (healthy)'}, {health: 'healthy'});
test(converts, {Status: 'Up 3 minutes (unhealthy)'}, {health: 'unhealthy'});
test(converts, {Status: 'Up 3 seconds (health: starting)'}, {health: 'starting'});
test(converts, {State: 'created', Status: 'Created'}, {sinceMs: undefined});
test(converts, {Names: ['/evil\u001B]0;x\u0007']}, {name: 'evil'});
test(converts, {Names: []}, {name: 'abababababab'});
test(converts, {Image: `sha256:${'0123456789abcdef'.repeat(4)}`}, {image: '0123456789ab'});
test(converts, {Image: 'docker.io/library/busybox:1'}, {image: 'busybox:1'});
test(converts, {Ports: [{IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp'}, {IP: '::', PrivatePort: 80, PublicPort: 8080, Type: 'tcp'}, {IP: '', PrivatePort: 53, PublicPort: 53, Type: 'udp'}, {IP: '', PrivatePort: 9, Type: 'tcp'} as ContainerInfo['Ports'][0]]}, {ports: '8080→80 53→53/udp'});

const age = test.macro({
	exec(t, status: string, expected: number | undefined) {
		t.is(ageOf(status), expected);
	},
	title: (_, status: string) => `age of "${status}"`,
});

test(age, 'Up Less than a second', 0);
test(age, 'Up 1 second', 1000);
test(age, 'Up About a minute', 60_000);
test(age, 'Up About an hour (Paused)', 3_600_000);
test(age, 'Exited (1) 3 days ago', 3 * 86_400_000);
test(age, 'Exited (12) 2 weeks ago', 14 * 86_400_000);
test(age, 'Up 4 months', 120 * 86_400_000);
test(age, 'Created', undefined);
test(age, 'Dead', undefined);

test('an image has a row for every tag, or one without a name', t => {
	const image = (RepoTags: string[]) => toImages({Id: `sha256:${'ab'.repeat(32)}`, RepoTags, Size: 1, Created: 1} as ImageInfo).map(({name}) => name);
	t.deepEqual(image(['a:1', 'docker.io/library/a:2']), ['a:1', 'a:2']);
	t.deepEqual(image([]), ['<none> abababababab']);
	t.deepEqual(image(['<none>:<none>']), ['<none> abababababab']);
});

test('pieces become lines with their time', t => {
	const splitter = new LineSplitter('stdout');
	t.deepEqual(splitter.push(Buffer.from('2026-11-21T12:00:01.1Z on')), []);
	t.deepEqual(splitter.push(Buffer.from('e\n2026-11-21T12:00:02Z two\nno time\n')), [
		{stream: 'stdout', time: '2026-11-21T12:00:01.1Z', text: 'one'},
		{stream: 'stdout', time: '2026-11-21T12:00:02Z', text: 'two'},
		{stream: 'stdout', time: '', text: 'no time'},
	]);
	t.deepEqual(splitter.end(), []);
});

test('a character cut between two pieces is whole', t => {
	const splitter = new LineSplitter('stderr');
	const bytes = Buffer.from('größe\n');
	splitter.push(bytes.subarray(0, 3));
	t.deepEqual(splitter.push(bytes.subarray(3)).map(({text}) => text), ['größe']);
});

test('a line without an end is cut, not kept for ever; what remains comes at the end', t => {
	const splitter = new LineSplitter('stdout');
	const cut = splitter.push(Buffer.alloc(100_000, 'x'));
	t.is(cut.length, 1);
	splitter.push(Buffer.from('rest'));
	t.deepEqual(splitter.end().map(({text}) => text), ['rest']);
});
