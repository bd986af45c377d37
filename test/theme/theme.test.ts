import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {builtInThemes, defaultThemeName} from '../../source/theme/built-in-themes.js';
import {colourCode, colourDepth, colourPattern, type ColourDepth} from '../../source/theme/colour.js';
import {parseTheme} from '../../source/theme/parse-theme.js';
import {prepareTheme} from '../../source/theme/theme.js';
import {tones} from '../../source/theme/tones.js';
import {readUserSettings, settingsFolder} from '../../source/theme/user-settings.js';
import {repositoryRoot} from '../helpers/repository-root.js';

type Schema = {readonly properties: {readonly tones: {readonly properties: Readonly<Record<string, unknown>>}}; readonly definitions: {readonly colour: {readonly pattern: string}}};

const code = test.macro({
	exec(t, colour: string, depth: ColourDepth, foreground: string, background: string) {
		t.is(colourCode(colour, 'foreground', depth), foreground);
		t.is(colourCode(colour, 'background', depth), background);
	},
	title: (_, colour: string, depth: ColourDepth) => `${colour} at depth ${depth}`,
});

test(code, '#010203', 'true', '38;2;1;2;3', '48;2;1;2;3');
test(code, '#5fafff', 'true', '38;5;75', '48;5;75');
test(code, '#5eaffe', '256', '38;5;75', '48;5;75');
test(code, '#808080', '256', '38;5;244', '48;5;244');
test(code, '#ff0000', '16', '91', '101');
test(code, '#cd0000', '16', '31', '41');
test(code, 'red', 'true', '31', '41');
test(code, 'brightBlue', '16', '94', '104');
test(code, 'default', 'true', '', '');
test(code, '#ffffff', 'none', '', '');

const depth = test.macro({
	exec(t, environment: Readonly<Record<string, string>>, expected: ColourDepth) {
		t.is(colourDepth(environment), expected);
	},
	title: (_, environment) => `depth of ${JSON.stringify(environment)}`,
});

test(depth, {TERM: 'xterm-256color', COLORTERM: 'truecolor'}, 'true');
test(depth, {TERM: 'xterm-256color'}, '256');
test(depth, {TERM: 'xterm-kitty'}, 'true');
test(depth, {TERM: 'linux'}, '16');
test(depth, {TERM: 'xterm-256color', COLORTERM: 'truecolor', NO_COLOR: '1'}, 'none');
test(depth, {TERM: 'xterm-256color', NO_COLOR: ''}, '256');

test('every built-in theme is valid and has every tone', async t => {
	for (const theme of builtInThemes) {
		const text = await fs.readFile(path.join(repositoryRoot, 'themes', `${theme.name}.json`), 'utf8');
		t.like(parseTheme(text, theme.name), {name: theme.name});
		t.deepEqual(Object.keys(theme.tones).sort(), [...tones].sort());
	}
});

test('the schema for editors says what the program checks', async t => {
	const schema = JSON.parse(await fs.readFile(path.join(repositoryRoot, 'themes', 'theme.schema.json'), 'utf8')) as Schema;
	t.deepEqual(Object.keys(schema.properties.tones.properties).sort(), [...tones].sort());
	const pattern = new RegExp(schema.definitions.colour.pattern);
	for (const colour of ['#0aF3d2', 'red', 'brightBlue', 'default', '#12345', 'purple', 'rgb(1,2,3)', '']) {
		t.is(pattern.test(colour), colourPattern.test(colour), colour);
	}
});

test('text can be read on the background it is made for', t => {
	for (const theme of builtInThemes.filter(({name}) => name !== 'sixteen')) {
		for (const [tone, style] of Object.entries(theme.tones).filter(([tone]) => !tone.startsWith('border') && tone !== 'key.disabled')) {
			const foreground = typeof style === 'string' ? style : style?.foreground;
			const own = typeof style === 'string' ? undefined : style?.background;
			const least = theme.name === 'high-contrast' ? 7 : 4;
			if (foreground?.startsWith('#')) {
				t.true(contrast(foreground, own ?? (theme.background === 'dark' ? '#1c1c1c' : '#ffffff')) >= least, `${theme.name} ${tone}`);
			}
		}
	}
});

test('without colours what has a background is turned around', t => {
	const {styles} = prepareTheme(builtInThemes[0]!, 'none');
	t.deepEqual(styles.selection, {foreground: '', background: '', attributes: 1 | 16});
	t.true(Object.values(styles).every(({foreground, background}) => foreground === '' && background === ''));
});

test('a theme takes what it leaves out from its base', t => {
	const [dark] = builtInThemes;
	const theme = prepareTheme({name: 'mine', background: 'dark', tones: {border: 'red'}}, '16', dark);
	t.is(theme.styles.border.foreground, '31');
	t.deepEqual(theme.styles.selection, prepareTheme(dark!, '16').styles.selection);
});

const refused = test.macro({
	exec(t, text: string, expected: RegExp) {
		t.throws(() => parseTheme(text, 'my.json'), {message: expected});
	},
	title: (_, text: string) => `refused: ${text}`,
});

test(refused, '{', /^theme my\.json: not JSON/);
test(refused, '{"name":"x","background":"grey","tones":{}}', /background/);
test(refused, '{"name":"x","background":"dark","tones":{"border":"purple"}}', /tones\.border/);
test(refused, '{"name":"x","background":"dark","tones":{"borders":"red"}}', /tones\.borders/);
test(refused, '{"name":"X Y","background":"dark","tones":{}}', /name/);
test(refused, '{"name":"x","background":"dark","tones":{"border":{"color":"red"}}}', /tones\.border/);

test('settings of a person: theme and mouse in config.toml, themes beside it, problems in words', async t => {
	const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'tug-settings-'));
	t.teardown(async () => fs.rm(folder, {recursive: true}));
	t.deepEqual(await readUserSettings(folder), {themes: [], problems: []});
	await fs.mkdir(path.join(folder, 'themes'));
	await fs.writeFile(path.join(folder, 'config.toml'), 'theme = "mine"\nmouse = false\n');
	await fs.writeFile(path.join(folder, 'themes', 'mine.json'), '{"name":"mine","background":"dark","tones":{"border":"red"}}');
	await fs.writeFile(path.join(folder, 'themes', 'broken.json'), '{"name":');
	const settings = await readUserSettings(folder);
	t.like(settings, {theme: 'mine', mouse: false});
	t.deepEqual(settings.themes.map(({name}) => name), ['mine']);
	t.is(settings.problems.length, 1);
	t.regex(settings.problems[0]!, /broken\.json: not JSON/);
	await fs.writeFile(path.join(folder, 'config.toml'), 'theme = 3\n');
	t.regex((await readUserSettings(folder)).problems.join(' '), /theme is not a text/);
	await fs.writeFile(path.join(folder, 'config.toml'), 'theme = \n');
	t.regex((await readUserSettings(folder)).problems.join(' '), /config\.toml/);
});

test('settings are where the XDG rules say', t => {
	t.is(settingsFolder({HOME: '/home/x'}), '/home/x/.config/tug');
	t.is(settingsFolder({HOME: '/home/x', XDG_CONFIG_HOME: '/etc/x'}), '/etc/x/tug');
});

function contrast(first: string, second: string): number {
	const [a, b] = [luminance(first), luminance(second)];
	return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

// WCAG 2.1, relative luminance.
function luminance(colour: string): number {
	const [red, green, blue] = [1, 3, 5].map(start => {
		const value = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
		return value <= 0.039_28 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
	}) as [number, number, number];
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test('sixteen colours get the theme made of them, all others the dark one', t => {
	t.is(defaultThemeName('16'), 'sixteen');
	for (const depth of ['none', '256', 'true'] as const) {
		t.is(defaultThemeName(depth), 'dark');
	}

	for (const name of ['dark', 'sixteen']) {
		t.true(builtInThemes.some(theme => theme.name === name));
	}
});

test('with sixteen colours the states of containers differ in colour', t => {
	const {styles} = prepareTheme(builtInThemes.find(({name}) => name === 'sixteen')!, '16');
	const seen = (['state.running', 'state.paused', 'state.failed', 'state.created', 'state.changing'] as const).map(tone => styles[tone].foreground);
	t.is(new Set(seen).size, seen.length);
});
