/**
Writes docs/commands.md from the option table, and the keys in readme.md from the key tables. `--check` writes nothing and fails when a page is not up to date.
*/
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath, pathToFileURL} from 'node:url';
import * as esbuild from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const keyGroups = await load('source/keymap/key-groups.ts', async module => module.keyGroups);
const readme = fs.readFileSync(path.join(root, 'readme.md'), 'utf8');
const pages = {
	'docs/commands.md': document(await loadRegistry()),
	'readme.md': readme.replace(/<!-- keys -->.*<!-- \/keys -->/s, () => `<!-- keys -->\n${keys(keyGroups)}\n<!-- /keys -->`),
};
for (const [page, text] of Object.entries(pages)) {
	const file = path.join(root, page);
	if (!process.argv.includes('--check')) {
		fs.mkdirSync(path.dirname(file), {recursive: true});
		fs.writeFileSync(file, text);
	} else if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text) {
		console.error(`${page} is not up to date: run node scripts/docs.mjs`);
		process.exitCode = 1;
	}
}

/** The verbs, with what their modules say of them. */
async function loadRegistry() {
	const {entries, groupTitles, laterCommands} = await load('source/commands/registry.ts', async module => ({...module, entries: await Promise.all(module.entries.map(async entry => ({entry, command: await entry.load()})))}));
	return {groupTitles, laterCommands, commands: entries};
}

/** A module of the program, bundled for the moment. */
async function load(entryPoint, use) {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-docs-'));
	try {
		const outfile = path.join(folder, 'module.mjs');
		await esbuild.build({
			absWorkingDir: root,
			entryPoints: [entryPoint],
			outfile,
			bundle: true,
			platform: 'node',
			format: 'esm',
			external: ['*/engine/index.js', 'yargs', 'cli-table3'],
			logLevel: 'warning',
		});
		return await use(await import(pathToFileURL(outfile).href));
	} finally {
		fs.rmSync(folder, {recursive: true});
	}
}

function document({groupTitles, laterCommands, commands}) {
	return [
		'# Commands',
		'Written by `node scripts/docs.mjs` from the option table; not by hand.',
		'An option **works** as docker\'s does, **differs** in the way that is told, or comes **later**: then it is refused, never ignored.',
		...Object.entries(groupTitles).flatMap(([group, title]) => [
			`## ${title}`,
			...commands.filter(({entry}) => entry.group === group).map(section),
		]),
		'## Not there yet',
		table(['command', 'comes with'], Object.entries(laterCommands).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, what]) => [`\`tug ${name}\``, what])),
		'',
	].join('\n\n').trimEnd() + '\n';
}

/** A line for each group. */
function keys(groups) {
	return groups.map(({title, bindings}) => `**${title}:** ${bindings.map(({shown, description}) => `\`${shown}\` ${description}`).join(' · ')}`).join('\n\n');
}

function section({entry, command}) {
	const usage = command.usage.split('\n').map(form => `tug ${command.name}${form === '' ? '' : ` ${form}`}`);
	const options = Object.entries(command.options).filter(([, option]) => !option.hidden).sort(([a], [b]) => (a < b ? -1 : 1));
	return [
		`### tug ${command.name}`,
		`${command.summary}.${command.description === undefined ? '' : ` ${command.description}`}`,
		`    ${usage.join('\n    ')}`,
		...(entry.aliases === undefined ? [] : [`Also ${entry.aliases.map(name => `\`tug ${name}\``).join(', ')}.`]),
		...(options.length === 0 ? [] : [table(['option', 'what it does', 'state'], options.map(([name, option]) => [optionName(name, option), option.help, state(option)]))]),
	].join('\n\n');
}

function optionName(name, option) {
	return [...(option.short === undefined ? [] : [`\`-${option.short}\``]), `\`--${name}\``].join(', ');
}

function state(option) {
	if (option.later !== undefined) {
		return `later: ${option.later}`;
	}

	return option.differs === undefined ? 'works' : `differs: ${option.differs}`;
}

function table(head, rows) {
	const line = cells => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
	return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
