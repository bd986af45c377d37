/** What must hold for any text. */
import {spawnSync} from 'node:child_process';
import test from 'ava';
import fc from 'fast-check';
import {alignColumns} from '../../source/format/align-columns.js';
import {printableText} from '../../source/format/printable-text.js';
import {compileTemplate, TemplateError} from '../../source/format/template.js';
import {detachScanner} from '../../source/foreground/detach-keys.js';

const cell = fc.string().map(text => text.replaceAll(/[\t\n]/g, ' '));

test('aligning changes nothing but blanks, and makes columns begin together', t => {
	fc.assert(fc.property(fc.integer({min: 1, max: 5}).chain(width => fc.array(fc.array(cell, {minLength: width, maxLength: width}), {minLength: 1, maxLength: 8})), rows => {
		const lines = alignColumns(rows.map(row => row.join('\t')).join('\n')).split('\n');
		for (const [index, row] of rows.entries()) {
			t.is(lines[index]!.replaceAll(' ', ''), row.join('').replaceAll(' ', ''));
		}

		const last = rows.map((row, index) => [...lines[index]!].length - [...row.at(-1)!].length);
		t.is(new Set(last).size, 1);
	}));
});

test('whatever is printed moves no cursor', t => {
	fc.assert(fc.property(fc.string({unit: 'binary'}), text => {
		t.notRegex(printableText(text), /[\u0000-\u0008\u000A-\u001F\u007F-\u009F]/);
	}));
});

test('a template either compiles or says what is wrong', t => {
	const piece = fc.oneof(fc.string(), fc.constantFrom('{{', '}}', '{{.', '{{if .A}}', '{{end}}', '{{else}}', '{{range .B}}', '| ', '(', ')', '$x', ':=', '"', '`', '{{- ', ' -}}', '{{/*', '*/}}', '.A', 'json', 'index', '1', '-'));
	fc.assert(fc.property(fc.array(piece).map(pieces => pieces.join('')), source => {
		try {
			compileTemplate(source)({A: 'a', B: [1, 2]});
		} catch (error) {
			t.true(error instanceof TemplateError || (error instanceof Error && error.name === 'Error'), `${source}: ${String(error)}`);
		}
	}), {numRuns: 3000});
	t.pass();
});

test('text without braces is printed as it is', t => {
	fc.assert(fc.property(fc.string().filter(text => !text.includes('{{')), text => {
		t.is(compileTemplate(text)({}), text);
	}));
});

test('json in a template is JSON', t => {
	fc.assert(fc.property(fc.jsonValue(), value => {
		t.is(compileTemplate('{{json .V}}')({V: value}), JSON.stringify(value));
	}));
});

test('what the detach scanner lets through does not depend on how the input is cut', t => {
	const keys = Uint8Array.of(1, 1, 2);
	fc.assert(fc.property(fc.array(fc.array(fc.integer({min: 0, max: 3}), {maxLength: 5})), chunks => {
		const whole = detachScanner(keys)(Uint8Array.from(chunks.flat()));
		const scan = detachScanner(keys);
		const passed: number[] = [];
		let isDetached = false;
		for (const chunk of chunks) {
			const part = scan(Uint8Array.from(chunk));
			passed.push(...part.passed);
			isDetached = part.isDetached;
			if (isDetached) {
				break;
			}
		}

		t.deepEqual({passed: Uint8Array.from(passed), isDetached}, whole);
	}));
});

test('printf agrees with the shell\'s', t => {
	const shell = spawnSync('bash', ['--version']);
	if (shell.error !== undefined) {
		t.log('skipped: no bash to compare with');
		t.pass();
		return;
	}

	for (const [format, value] of [['%5s|', 'ab'], ['%-5s|', 'ab'], ['%05d|', 42], ['%5d|', -42], ['%x|', 255], ['%X|', 255], ['%o|', 8], ['%.2f|', 1.005], ['%8.3f|', 3.25], ['%+d|', 7], ['%.2s|', 'abcd']] as const) {
		const {stdout} = spawnSync('bash', ['-c', `printf -- '${format}' '${value}'`], {encoding: 'utf8', env: {LC_ALL: 'C', PATH: process.env['PATH']}});
		t.is(compileTemplate(`{{printf "${format}" .V}}`)({V: value}), stdout, format);
	}
});
