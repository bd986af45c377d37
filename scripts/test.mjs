/**
The test command: builds the unbundled tree, the bundles and the native program, runs ava on the compiled tests, and prints `N passed, N failed, N skipped`.
Arguments are passed on to ava (file patterns, `--match`).

Most tests drive real processes, and a machine that is busy with something else can make one wait in vain. Files with a failure are therefore run once more, one
after the other, and what passes then is listed as such: never silently.
*/
import {spawn, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
for (const [script, ...args] of [['scripts/build.mjs', '--tests', '--quiet'], ['scripts/build.mjs', '--if-stale', '--quiet'], ['engine/native/install.mjs']]) {
	const {status} = spawnSync(process.execPath, [script, ...args], {stdio: 'inherit'});
	if (status !== 0) {
		process.exit(status ?? 1);
	}
}

const patterns = process.argv.slice(2).map(argument => argument.replace(/^test\//, 'build/test/').replace(/\.tsx?$/, '.js'));
const first = await runAva(patterns);
let {passed, failed, skipped} = first;
const files = [...new Set(first.failures.map(title => testFile(title)))];
if (first.failures.length > 0 && files.every(file => file !== undefined)) {
	console.log(`# once more, one after the other: ${files.join(' ')}`);
	const second = await runAva(['--serial', '--concurrency=1', ...files]);
	const recovered = first.failures.filter(title => !second.failures.includes(title) && second.failures.every(other => testFile(other) !== undefined));
	for (const title of recovered) {
		console.log(`# passed at the second try: ${title}`);
	}

	failed = second.failures.length;
	passed += recovered.length;
}

console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

/** Runs ava and shows everything that is not a plain pass. Skips found at run time (`t.log('skipped: REASON')`) are counted as skips. */
async function runAva(args) {
	const outcome = {passed: 0, failed: 0, skipped: 0, failures: []};
	const child = spawn(process.execPath, ['node_modules/ava/entrypoints/cli.mjs', '--tap', ...args], {stdio: ['ignore', 'pipe', 'inherit']});
	const closed = new Promise(resolve => {
		child.once('close', resolve);
	});
	let rest = '';
	child.stdout.setEncoding('utf8');
	for await (const chunk of child.stdout) {
		const lines = (rest + chunk).split('\n');
		rest = lines.pop();
		for (const line of lines) {
			note(outcome, line);
		}
	}

	const code = await closed;
	if (code !== 0 && outcome.failed === 0) {
		outcome.failed = 1;
		outcome.failures.push(`ava ended with ${code}`);
	}

	return outcome;
}

function note(outcome, line) {
	const [, not, title] = /^(not )?ok \d+ - (.*)$/.exec(line) ?? [];
	if (title === undefined) {
		if (/^#\s+skipped: /.test(line)) {
			outcome.skipped++;
			outcome.passed--;
		}

		if (line !== '' && !/^(TAP version|1\.\.|# (tests|pass|fail|skip) |#?\s*---END)/.test(line)) {
			console.log(line);
		}

		return;
	}

	const isSkip = title.includes('# SKIP');
	outcome[not ? 'failed' : (isSkip ? 'skipped' : 'passed')]++;
	if (not) {
		outcome.failures.push(title);
	}

	if (not || isSkip || process.env.TUG_TEST_VERBOSE) {
		console.log(line);
	}
}

/** ava's titles begin with the parts of the file's path: `store › garbage-collect › …`. */
function testFile(title) {
	const parts = title.split(' › ');
	for (let count = parts.length; count > 0; count--) {
		const file = path.join('build', 'test', ...parts.slice(0, count)) + '.test.js';
		if (fs.existsSync(file)) {
			return file;
		}
	}

	const [named] = /build\/test\/\S+\.test\.js/.exec(title) ?? [];
	return named;
}
