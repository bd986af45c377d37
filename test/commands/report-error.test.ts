import test from 'ava';
import {UsageError} from '../../source/arguments/usage-error.js';
import {CommandError, type Command} from '../../source/commands/context.js';
import {describeError, usageLine} from '../../source/commands/report-error.js';

const command = (name: string, usage = '[OPTIONS] X'): Command => ({name, usage, summary: '', options: {}, arguments: {min: 0}, run: async () => 0});
const engineError = (more: Readonly<Record<string, unknown>> = {}) => Object.assign(new Error('no'), {name: 'EngineError', kind: 'system', ...more});

test('an engine\'s error: its message, its hint, and the verb\'s exit code', t => {
	t.deepEqual(describeError(engineError(), {command: command('ps')}), {text: 'tug: no\n', exitCode: 1});
	t.deepEqual(describeError(engineError(), {command: command('run')}), {text: 'tug: no\n', exitCode: 125});
	t.deepEqual(describeError(engineError({exitCode: 127, hint: 'Look.'}), {command: command('run')}), {text: 'tug: no\nLook.\n', exitCode: 127});
	t.deepEqual(describeError(engineError({exitCode: 126}), {command: command('exec')}), {text: 'tug: no\n', exitCode: 126});
});

test('a command\'s own error keeps its code, or takes the verb\'s', t => {
	t.is(describeError(new CommandError('x', {exitCode: 7}), {command: command('run')}).exitCode, 7);
	t.is(describeError(new CommandError('x'), {command: command('run')}).exitCode, 125);
	t.is(describeError(new CommandError('x'), {command: command('ps')}).exitCode, 1);
	t.is(describeError(new CommandError('x', {hint: 'Do y.'})).text, 'tug: x\nDo y.\n');
});

test('a usage error shows the command\'s line, where there is a command', t => {
	t.is(describeError(new UsageError('bad'), {command: command('ps')}).text, 'bad\n\nUsage:  tug ps [OPTIONS] X\n\nRun \'tug ps --help\' for more information\n');
	t.is(describeError(new UsageError('bad', {suggestion: '--good'})).text, 'bad\n\nDid you mean --good?\n\nRun \'tug --help\' for more information\n');
	t.is(usageLine(command('cp', 'A B\nC D')), 'Usage:  tug cp A B\n        tug cp C D');
	t.is(usageLine(command('demo', '')), 'Usage:  tug demo');
});

test('what the system says is said plainly; a mistake of ours shows where it was made', t => {
	t.is(describeError(Object.assign(new Error('EACCES: permission denied'), {syscall: 'open'})).text, 'tug: EACCES: permission denied\n');
	t.regex(describeError(new TypeError('x is undefined')).text, /^tug: TypeError: x is undefined\n\s+at /);
	t.is(describeError('odd').text, 'tug: odd\n');
});

test('under --debug the stack comes first, with its causes', t => {
	const {text} = describeError(new CommandError('outer', {cause: new Error('inner')}), {debug: true});
	t.regex(text, /CommandError: outer\n\s+at [^]*caused by Error: inner\n\s+at [^]*tug: outer\n$/);
});
