import test from 'ava';
import fc from 'fast-check';
import {formatHostPort, formatPorts, type PortEntry} from '../../source/presentation/format-ports.js';

const tcp = (port: number, options: Partial<PortEntry> = {}): PortEntry => ({PrivatePort: port, Type: 'tcp', ...options});
const published = (port: number, host: number, options: Partial<PortEntry> = {}): PortEntry => tcp(port, {PublicPort: host, IP: '0.0.0.0', ...options});

const shown = test.macro({
	exec(t, ports: readonly PortEntry[] | null | undefined, expected: string) {
		t.is(formatPorts(ports), expected);
	},
	title: (_, ports: readonly PortEntry[] | null | undefined, expected: string) => `${ports === undefined ? 'no word of ports' : ports === null ? 'null' : `[${ports.map(({PrivatePort, PublicPort = '', IP = '', Type}) => `${IP}:${PublicPort}:${PrivatePort}/${Type}`).join(' ')}]`} is shown as ${JSON.stringify(expected)}`,
});

test(shown, undefined, '');
test(shown, null, '');
test(shown, [], '');
test(shown, [tcp(80)], '80/tcp');
test(shown, [tcp(53, {Type: 'udp'})], '53/udp');
test(shown, [published(80, 8080)], '0.0.0.0:8080->80/tcp');
test(shown, [published(80, 8080, {IP: '::'})], '[::]:8080->80/tcp');
test(shown, [published(80, 8080, {IP: '127.0.0.1'})], '127.0.0.1:8080->80/tcp');
test(shown, [tcp(443), published(80, 8080)], '0.0.0.0:8080->80/tcp, 443/tcp');
test(shown, [tcp(80), tcp(81), tcp(82)], '80-82/tcp');
test(shown, [tcp(82), tcp(80), tcp(81)], '80-82/tcp');
test(shown, [tcp(80), tcp(82)], '80/tcp, 82/tcp');
test(shown, [tcp(80), tcp(81, {Type: 'udp'})], '80/tcp, 81/udp');
test(shown, [published(80, 8080), published(81, 8081)], '0.0.0.0:8080-8081->80-81/tcp');
test(shown, [published(80, 8080), published(81, 9000)], '0.0.0.0:8080->80/tcp, 0.0.0.0:9000->81/tcp');
test(shown, [published(80, 8080), published(81, 8081, {IP: '127.0.0.1'})], '0.0.0.0:8080->80/tcp, 127.0.0.1:8081->81/tcp');
test(shown, [published(80, 8080), tcp(81)], '0.0.0.0:8080->80/tcp, 81/tcp');
test(shown, [tcp(80, {PublicPort: 0})], '80/tcp');

test('an address with colons is put in brackets', t => {
	t.is(formatHostPort('::1', 80), '[::1]:80');
	t.is(formatHostPort('1.2.3.4', '80-90'), '1.2.3.4:80-90');
	t.is(formatHostPort('', 80), ':80');
});

test('the order in which the engine gives them does not matter', t => {
	const port = fc.record({PrivatePort: fc.integer({min: 1, max: 30}), Type: fc.constantFrom('tcp', 'udp')});
	fc.assert(fc.property(fc.uniqueArray(port, {selector: ({PrivatePort, Type}) => `${PrivatePort}${Type}`}), ports => {
		t.is(formatPorts([...ports].reverse()), formatPorts(ports));
	}));
});

test('every port is in what is shown', t => {
	fc.assert(fc.property(fc.uniqueArray(fc.integer({min: 1, max: 65_535}), {maxLength: 20}), numbers => {
		const ranges = formatPorts(numbers.map(number => tcp(number))).split(', ').filter(text => text !== '').map(text => text.replace('/tcp', '').split('-').map(Number));
		const covered = ranges.reduce((sum, [first = 0, last = first]) => sum + last - first + 1, 0);
		t.is(covered, numbers.length);
		t.true(numbers.every(number => ranges.some(([first = 0, last = first]) => number >= first && number <= last)));
	}));
});
