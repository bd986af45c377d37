/**
The test command: builds the unbundled tree, the bundles and the native program, runs ava on the compiled tests, and prints `N passed, N failed, N skipped`.
Arguments are passed on to ava (file patterns, `--match`).
*/
import {spawn, spawnSync} from 'node:child_process';
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
const child = spawn(process.execPath, ['node_modules/ava/entrypoints/cli.mjs', '--tap', ...patterns], {stdio: ['ignore', 'pipe', 'inherit']});
const counts = {passed: 0, failed: 0, skipped: 0};
let rest = '';
child.stdout.setEncoding('utf8');
child.stdout.on('data', chunk => {
	const lines = (rest + chunk).split('\n');
	rest = lines.pop();
	for (const line of lines) {
		report(line);
	}
});
child.on('close', code => {
	console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
	process.exit(counts.failed > 0 || code !== 0 || counts.passed === 0 ? 1 : 0);
});

// TAP lines: passes are counted silently, everything that is not a plain pass is shown.
function report(line) {
	if (/^ok \d+ .*# SKIP/.test(line)) {
		counts.skipped++;
		console.log(line);
	} else if (/^ok \d+/.test(line)) {
		counts.passed++;
		if (process.env.TUG_TEST_VERBOSE) {
			console.log(line);
		}
	} else {
		if (/^not ok \d+/.test(line)) {
			counts.failed++;
		}

		if (line !== '' && !/^(TAP version|1\.\.|# (tests|pass|fail|skip) |#?\s*---END)/.test(line)) {
			console.log(line);
		}

		// A test that finds at run time that the kernel forbids it logs `skipped: REASON` and passes.
		if (/^#\s+skipped: /.test(line)) {
			counts.skipped++;
			counts.passed--;
		}
	}
}
