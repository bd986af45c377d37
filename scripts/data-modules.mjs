/**
Data compiled at build time: modules that would cost something at every start if they were computed then. Their outputs are not in git.
*/
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import * as esbuild from 'esbuild';

export async function compileDataModules(root) {
	await compileSeccompFilters(root);
}

/** The seccomp filters of docker's default profile and capabilities, one for every machine we have tables for. */
async function compileSeccompFilters(root) {
	const security = path.join(root, 'engine', 'runtime', 'security');
	const {compileSeccomp, defaultProfile, defaultCapabilitiesMask, architectures} = await load(`
		export {compileSeccomp, architectures} from './seccomp-compile.js';
		export {defaultProfile} from './seccomp-profile.js';
		export {defaultCapabilitiesMask} from './capabilities.js';
	`, security);
	// Linux 4.8 is what the profile asks about; no machine that can run tug is older.
	const options = {bounding: defaultCapabilitiesMask, kernelRelease: '5.11'};
	const lines = architectures.map(architecture => `\t${architecture}: '${compileSeccomp(defaultProfile, {...options, architecture}).toString('base64')}',`);
	writeIfChanged(
		path.join(security, 'built-filters.ts'),
		`/** Made by scripts/data-modules.mjs from seccomp-profile.ts: the filter for docker's default capabilities, base64. */\nexport const builtFilters = {\n${lines.join('\n')}\n} as const;\n`,
	);
}

async function load(contents, resolveDir) {
	const {outputFiles} = await esbuild.build({stdin: {contents, resolveDir, loader: 'ts'}, bundle: true, write: false, format: 'esm', platform: 'node', logLevel: 'warning'});
	return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

/** Atomic, and quiet when nothing changed: builds run side by side, and a new time stamp would make every build stale. */
function writeIfChanged(file, text) {
	if (fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text) {
		return;
	}

	const temporary = `${file}.${process.pid}`;
	fs.writeFileSync(temporary, text);
	fs.renameSync(temporary, file);
}
