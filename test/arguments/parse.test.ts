import test from 'ava';
import {containerOptions, runOptions} from '../../source/arguments/container-options.js';
import {bool, int, list, string} from '../../source/arguments/option.js';
import {parse} from '../../source/arguments/parse.js';
import {UsageError} from '../../source/arguments/usage-error.js';

const words = (line: string) => (line === '' ? [] : line.split(' '));
const run = {options: runOptions, interspersed: false};

test('docker\'s grammar: grouped letters, glued and separate values, the rest for the container', t => {
	const {options, arguments: rest} = parse(run, ['-it', '-eB=2', '-p8080:80', '--rm', '--name', 'x', '--entrypoint=', '-e', 'C=-x', 'busybox', 'sh', '-c', 'ls -l']);
	t.true(options.interactive);
	t.true(options.tty);
	t.true(options.rm);
	t.deepEqual(options.env, ['B=2', 'C=-x']);
	t.deepEqual(options.publish, ['8080:80']);
	t.is(options.name, 'x');
	t.is(options.entrypoint, '');
	t.deepEqual(rest, ['busybox', 'sh', '-c', 'ls -l']);
});

test('options stop at the image', t => {
	const {options, arguments: rest} = parse(run, words('busybox --rm -it'));
	t.false(options.rm);
	t.deepEqual(rest, ['busybox', '--rm', '-it']);
});

test('elsewhere options may follow the arguments', t => {
	const {options, arguments: rest} = parse({options: {force: bool('f', '')}}, words('a -f b'));
	t.true(options.force);
	t.deepEqual(rest, ['a', 'b']);
});

test('two dashes end the options', t => {
	t.deepEqual(parse(run, words('--rm -- --name')).arguments, ['--name']);
	t.deepEqual(parse({options: {force: bool('f', '')}}, words('a -- -f')).arguments, ['a', '-f']);
});

test('a lone dash is an argument', t => {
	t.deepEqual(parse({options: {}}, ['-', 'x']).arguments, ['-', 'x']);
});

const bools = test.macro({
	exec(t, line: string, expected: boolean) {
		t.is(parse({options: {rm: bool('r', ''), quiet: bool('q', '')}}, words(line)).options.rm, expected);
	},
	title: (_, line, expected) => `"${line}" is ${String(expected)}`,
});

for (const [line, expected] of [['--rm', true], ['--rm=true', true], ['--rm=1', true], ['--rm=T', true], ['--rm=false', false], ['--rm=0', false], ['--rm=F', false], ['-r', true], ['-qr', true], ['-r=false', false], ['-qr=false', false], ['--rm --rm=false', false], ['', false]] as const) {
	test(bools, line, expected);
}

test('a value after a letter may begin with an equals sign', t => {
	t.deepEqual(parse({options: {env: list('e', '')}}, ['-e=B=2', '-eC', '-e', '=D']).options.env, ['B=2', 'C', '=D']);
});

test('values stay texts', t => {
	t.is(parse({options: {name: string('', '')}}, ['--name', '007']).options.name, '007');
	t.is(parse({options: {name: string('', '')}}, ['--name', '-x']).options.name, '-x');
});

test('a bool never takes the next word', t => {
	t.deepEqual(parse({options: {force: bool('f', '')}}, ['-f', 'false']).arguments, ['false']);
});

test('what was written is told apart from what is so by itself', t => {
	const {given, options} = parse(run, words('--sig-proxy=false --init=false x'));
	t.deepEqual([...given], ['sig-proxy', 'init']);
	t.false(options['sig-proxy']);
	t.true(parse(run, ['x']).options['sig-proxy']);
});

test('values are converted', t => {
	const {options} = parse(run, words('-m 512m --memory-swap -1 --shm-size 1g --stop-timeout 3 --health-interval 1m30s --cpus 1.5 x'));
	t.is(options.memory, 512 * 1024 * 1024);
	t.is(options['memory-swap'], -1);
	t.is(options['shm-size'], 1024 ** 3);
	t.is(options['stop-timeout'], 3);
	t.is(options['health-interval'], 90e9);
	t.is(options.cpus, '1.5');
});

test('help is seen wherever options are', t => {
	t.true(parse(run, words('--rm --help x')).wantsHelp);
	t.false(parse(run, words('x --help')).wantsHelp);
	t.true(parse({options: {}}, ['-h']).wantsHelp);
	t.is(parse(run, words('-h box x')).options.hostname, 'box');
});

const wrong = test.macro({
	exec(t, line: string, message: string) {
		const error = t.throws(() => parse(run, words(line)), {instanceOf: UsageError});
		t.is(error.message, message);
		t.is(error.exitCode, 125);
	},
	title: (_, line) => `"${line}" is refused with docker's words`,
});

test(wrong, '--nosuch x', 'unknown flag: --nosuch');
test(wrong, '-z x', 'unknown shorthand flag: \'z\' in -z');
test(wrong, '-itz x', 'unknown shorthand flag: \'z\' in -z');
test(wrong, '--name', 'flag needs an argument: --name');
test(wrong, '-e', 'flag needs an argument: \'e\' in -e');
test(wrong, '-ite', 'flag needs an argument: \'e\' in -ite');
test(wrong, '--rm=zz x', 'invalid argument "zz" for "--rm" flag: strconv.ParseBool: parsing "zz": invalid syntax');
test(wrong, '--memory=zz x', 'invalid argument "zz" for "-m, --memory" flag: invalid size: \'zz\'');
test(wrong, '--cpus=zz x', 'invalid argument "zz" for "--cpus" flag: failed to parse zz as a rational number');
test(wrong, '--ulimit foo x', 'invalid argument "foo" for "--ulimit" flag: invalid ulimit argument: foo');
test(wrong, '--mount foo x', 'invalid argument "foo" for "--mount" flag: invalid field \'foo\' must be a key=value pair');
test(wrong, '-e =x busybox', 'invalid argument "=x" for "-e, --env" flag: invalid environment variable: =x');
test(wrong, '--stop-timeout 1.5 x', 'invalid argument "1.5" for "--stop-timeout" flag: strconv.ParseInt: parsing "1.5": invalid syntax');
test(wrong, '---x', 'bad flag syntax: ---x');
test(wrong, '--health-interval 5 x', 'invalid argument "5" for "--health-interval" flag: time: invalid duration "5"');

test('a slip is recognised', t => {
	const slips: ReadonlyArray<readonly [string, string]> = [['--nmae', '--name'], ['--volum', '--volume'], ['--read-onyl', '--read-only'], ['--entry', '--entrypoint']];
	for (const [typed, meant] of slips) {
		t.is(t.throws(() => parse(run, [typed, 'x']), {instanceOf: UsageError}).suggestion, meant);
	}

	t.is(t.throws(() => parse(run, ['--qqqqqq', 'x']), {instanceOf: UsageError}).suggestion, undefined);
});

test('an option of docker\'s that tug has not got says so', t => {
	t.regex(t.throws(() => parse(run, words('--gpus all x')), {instanceOf: UsageError}).message, /^--gpus is not supported yet: /);
	t.notThrows(() => parse(run, words('--oom-kill-disable=false x')));
});

test('the object\'s own names are no options', t => {
	t.throws(() => parse({options: {}}, ['--constructor']), {message: 'unknown flag: --constructor'});
});

test('int options take a sign', t => {
	t.is(parse({options: {last: int('n', '')}}, ['-n', '-1']).options.last, -1);
	t.is(parse({options: {last: int('n', '')}}, ['-n-1']).options.last, -1);
});

test('the tables are in docker\'s order and no letter is used twice', t => {
	for (const table of [containerOptions, runOptions]) {
		const letters = Object.values(table).flatMap(option => ('short' in option ? [option.short] : []));
		t.is(new Set(letters).size, letters.length);
	}

	const names = Object.keys(containerOptions);
	t.deepEqual(names, [...names].sort((a, b) => (a < b ? -1 : 1)));
});
