/** The help of every command, and what is said of commands that are not there. */
import test from 'ava';
import {helpFor} from '../../source/commands/help.js';
import {matchesReference, splitReference} from '../../source/commands/image-rows.js';
import {commandNames, entries, families, findCommand, laterCommands} from '../../source/commands/registry.js';
import {describeUnknown} from '../../source/commands/unknown-command.js';
import {fakeContext, runCommand} from '../helpers/run-command.js';

for (const {name, load, aliases = []} of entries) {
	test(`help of ${name}: its usage, every option it has, nothing wider than the terminal`, async t => {
		const command = await load();
		const help = await helpFor(name.split(' '), 80);
		t.true(help.startsWith('Usage:  tug '), help);
		t.true(help.includes(command.summary));
		for (const [option, {hidden, later}] of Object.entries(command.options)) {
			const isListed = new RegExp(`^ {2,6}(-\\w, )? *--${option}\\b`, 'm').test(help);
			t.is(isListed, hidden !== true && later === undefined, `--${option}`);
			t.true(help.includes(`--${option}`) || hidden === true, `--${option} is named somewhere`);
		}

		for (const alias of aliases) {
			t.true(help.replaceAll(/\s+/g, ' ').includes(`tug ${alias}`), alias);
			t.is(findCommand([...alias.split(' '), 'x'])?.entry.name, name);
			t.is(await helpFor(alias.split(' '), 80), help);
		}

		const wide = help.split('\n').filter(line => line.length > 80 && /\s\S/.test(line.slice(0, 80).trim()));
		t.deepEqual(wide.filter(line => !line.startsWith('  tug ') && !line.startsWith('Usage:') && !line.startsWith('        tug ')), []);
	});

	test(`${name} --help prints it and does nothing else`, async t => {
		const outcome = await runCommand([...name.split(' '), '--help']);
		t.is(outcome.exitCode, 0);
		t.is(outcome.output, await helpFor(name.split(' '), 80));
		t.is(outcome.errors, '');
	});

	test(`${name} refuses an option nobody knows, with 125`, async t => {
		const outcome = await runCommand([...name.split(' '), '--no-such-option']);
		t.is(outcome.exitCode, 125);
		t.regex(outcome.errors, /^unknown flag: --no-such-option\n/);
		t.regex(outcome.errors, /Run 'tug .* --help' for more information\n$/);
	});
}

test('the help without a verb lists every verb', async t => {
	const help = await helpFor([], 80);
	for (const {name} of entries) {
		t.regex(help, new RegExp(`^ {2}${name} `, 'm'));
	}

	await t.throwsAsync(helpFor(['nosuch'], 80), {message: 'unknown command: tug nosuch'});
});

test('the help of a family lists its members by their short names', async t => {
	for (const [family, title] of Object.entries(families)) {
		const help = await helpFor([family], 80);
		t.true(help.startsWith(`Usage:  tug ${family} COMMAND\n\n${title}\n`), family);
		const members = commandNames().filter(name => name.startsWith(`${family} `));
		t.true(members.length > 0 && help.split('\n').filter(line => /^ {2}[a-z]/.test(line)).length <= members.length, family);
	}
});

test('no name means two commands', t => {
	const names = commandNames();
	t.deepEqual(names.filter((name, index) => names.indexOf(name) !== index), []);
	t.deepEqual(names.filter(name => Object.hasOwn(laterCommands, name)), []);
});

const unknown = test.macro({
	async exec(t, words: readonly string[], expected: string) {
		const {context, collected} = fakeContext();
		t.is(await describeUnknown(context, words), 1);
		t.is(collected().errors, expected);
		t.is(collected().output, '');
	},
	title: (_, words: readonly string[]) => `tug ${words.join(' ')} is not there`,
});

test(unknown, ['zzzzzz'], 'tug: unknown command: tug zzzzzz\n\nRun \'tug --help\' for more information\n');
test(unknown, ['rum'], 'tug: unknown command: tug rum\n\nDid you mean run?\n\nRun \'tug --help\' for more information\n');
test(unknown, ['iamges'], 'tug: unknown command: tug iamges\n\nDid you mean images?\n\nRun \'tug --help\' for more information\n');
test(unknown, ['container', 'stpo'], 'tug: unknown command: tug container stpo\n\nDid you mean container stop?\n\nRun \'tug container --help\' for more information\n');
test(unknown, ['compose', 'up'], `tug: 'tug compose' is not there yet: it comes with ${laterCommands['compose']!}\n\nRun 'tug --help' for more information\n`);

const parts = test.macro({
	exec(t, reference: string, repository: string, tag: string) {
		t.deepEqual(splitReference(reference), {repository, tag});
	},
	title: (_, reference: string) => `${reference} in its parts`,
});

test(parts, 'busybox:1.37', 'busybox', '1.37');
test(parts, 'busybox', 'busybox', '<none>');
test(parts, 'localhost:5000/busybox', 'localhost:5000/busybox', '<none>');
test(parts, 'localhost:5000/a/b:c', 'localhost:5000/a/b', 'c');
test(parts, '<none>:<none>', '<none>', '<none>');

const fits = test.macro({
	exec(t, pattern: string, reference: string, expected: boolean) {
		t.is(matchesReference(pattern, reference), expected);
	},
	title: (_, pattern: string, reference: string, expected: boolean) => `${pattern} ${expected ? 'means' : 'does not mean'} ${reference}`,
});

test(fits, 'busybox', 'busybox:latest', true);
test(fits, 'busybox:latest', 'busybox:latest', true);
test(fits, 'busybox:1', 'busybox:latest', false);
test(fits, 'busy*', 'busybox:latest', true);
test(fits, '*', 'busybox:latest', true);
test(fits, '*', 'a/b:c', false);
test(fits, '*/*', 'a/b:c', true);
test(fits, 'busybo?', 'busybox:latest', true);
test(fits, 'busybo[xyz]', 'busybox:latest', true);
test(fits, 'busybo[abc]', 'busybox:latest', false);
test(fits, 'b.sybox', 'busybox:latest', false);
test(fits, 'localhost:5000/*', 'localhost:5000/x:1', true);
