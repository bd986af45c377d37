import test from 'ava';
import {parse} from '../../source/arguments/parse.js';
import {helpFor} from '../../source/commands/help.js';
import {entries, findCommand, laterCommands} from '../../source/commands/registry.js';
import {fakeContext, runCommand} from '../helpers/run-command.js';
import {describeUnknown} from '../../source/commands/unknown-command.js';

for (const entry of entries) {
	test(`${entry.name}: its table is sound and its help can be read`, async t => {
		const command = await entry.load();
		t.is(command.name, entry.name);
		const visible = Object.entries(command.options).filter(([, option]) => !option.hidden);
		const names = visible.map(([name]) => name);
		t.deepEqual(names.filter(name => name !== 'detach' && name !== 'sig-proxy'), names.filter(name => name !== 'detach' && name !== 'sig-proxy').sort((a, b) => (a < b ? -1 : 1)));
		const letters = Object.values(command.options).flatMap(option => option.short ?? []);
		t.is(new Set(letters).size, letters.length);
		const {output, exitCode} = await runCommand([...entry.name.split(' '), '--help']);
		t.is(exitCode, 0);
		t.true(output.startsWith(`Usage:  tug ${entry.name}`));
		t.true(output.includes(command.summary));
		for (const [name, option] of visible) {
			t.true(output.includes(`--${name}`));
			t.true(option.later !== undefined || option.help !== '');
		}

		t.false(output.split('\n').some(line => line.length > 100));
	});

	test(`${entry.name}: its examples parse`, async t => {
		const command = await entry.load();
		for (const [example] of command.examples ?? []) {
			const words = example.replaceAll(/\$\([^)]*\)/g, 'x').replaceAll(/'([^']*)'/g, (_, quoted: string) => quoted.replaceAll(' ', '_')).split(/ [|<>] /).flatMap(part => (part.startsWith('tug ') ? [part.slice(4).split(' ')] : []));
			for (const part of words) {
				t.notThrows(() => parse({options: command.options, ...(command.interspersed === undefined ? {} : {interspersed: command.interspersed})}, findCommand(part)!.rest));
			}
		}

		t.pass();
	});
}

test('verbs are found by every name docker has for them', t => {
	const names: ReadonlyArray<readonly [string, string]> = [['container ls', 'ps'], ['container list', 'ps'], ['image rm', 'rmi'], ['image ls', 'images'], ['container run', 'run'], ['system events', 'events'], ['ps', 'ps'], ['container inspect', 'container inspect']];
	for (const [typed, expected] of names) {
		t.is(findCommand([...typed.split(' '), 'x'])?.entry.name, expected);
		t.deepEqual(findCommand([...typed.split(' '), 'x'])?.rest, ['x']);
	}

	t.is(findCommand(['nosuch']), undefined);
	t.is(findCommand(['container']), undefined);
	t.is(findCommand(['constructor']), undefined);
	t.is(findCommand([]), undefined);
});

test('no name is given twice, and nothing is both here and later', t => {
	const names = entries.flatMap(entry => [entry.name, ...(entry.aliases ?? [])]);
	t.is(new Set(names).size, names.length);
	t.deepEqual(names.filter(name => Object.hasOwn(laterCommands, name)), []);
});

test('help: all verbs, a family, one verb, and none that is not there', async t => {
	const top = await helpFor([], 100);
	for (const entry of entries) {
		t.true(top.includes(`  ${entry.name}`), entry.name);
	}

	t.regex(top, /--root/);
	t.regex(await helpFor(['container'], 80), /^Usage: {2}tug container COMMAND\n[^]*\n {2}ls {16}List containers\n/);
	t.regex(await helpFor(['container', 'ls'], 80), /^Usage: {2}tug ps \[OPTIONS\]/);
	await t.throwsAsync(helpFor(['nosuch'], 80), {message: 'unknown command: tug nosuch'});
});

const unknown = async (...words: readonly string[]) => {
	const {context, collected} = fakeContext();
	return {exitCode: await describeUnknown(context, words), ...collected()};
};

test('an unknown verb: what was meant, or what brings it', async t => {
	t.deepEqual(await unknown('iamges'), {exitCode: 1, output: '', errors: 'tug: unknown command: tug iamges\n\nDid you mean images?\n\nRun \'tug --help\' for more information\n'});
	t.deepEqual(await unknown('zzzzzz'), {exitCode: 1, output: '', errors: 'tug: unknown command: tug zzzzzz\n\nRun \'tug --help\' for more information\n'});
	t.regex((await unknown('build', '.')).errors, /^tug: 'tug build' is not there yet: it comes with building images\n/);
	t.regex((await unknown('container', 'lss')).errors, /unknown command: tug container lss\n\nDid you mean container ls\?/);
	t.regex((await unknown('image')).output, /^Usage: {2}tug image COMMAND/);
});
