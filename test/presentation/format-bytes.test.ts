import test from 'ava';
import {formatBytes, formatMemory, parseMemory} from '../../source/presentation/format-bytes.js';

const sizes = test.macro({
	exec(t, sizeBytes: number, expected: string) {
		t.is(formatBytes(sizeBytes), expected);
	},
	title: (_, sizeBytes, expected) => `${sizeBytes} bytes are shown as ${expected}`,
});

test(sizes, 0, '0B');
test(sizes, 1, '1B');
test(sizes, 999, '999B');
test(sizes, 1000, '1kB');
test(sizes, 1024, '1.02kB');
test(sizes, 5_609_000, '5.61MB');
test(sizes, 74_800_000, '74.8MB');
test(sizes, 999_900, '1MB');
test(sizes, 1_230_000_000, '1.23GB');
test(sizes, -5, '0B');

test('four digits are shown on request', t => {
	t.is(formatBytes(4_412_345, 4), '4.412MB');
});

test('memory is shown in powers of 1024', t => {
	t.is(formatMemory(0), '0B');
	t.is(formatMemory(512), '512B');
	t.is(formatMemory(1024), '1KiB');
	t.is(formatMemory(1_048_576), '1MiB');
	t.is(formatMemory(13_002_342), '12.4MiB');
	t.is(formatMemory(8_254_390_272), '7.688GiB');
});

test('memory options are read as docker reads them', t => {
	t.is(parseMemory('100'), 100);
	t.is(parseMemory('5b'), 5);
	t.is(parseMemory('512k'), 524_288);
	t.is(parseMemory('5m'), 5_242_880);
	t.is(parseMemory('5MB'), 5_242_880);
	t.is(parseMemory('5MiB'), 5_242_880);
	t.is(parseMemory('1.5g'), 1_610_612_736);
	t.is(parseMemory('-1'), undefined);
	t.is(parseMemory('x'), undefined);
	t.is(parseMemory(''), undefined);
});
