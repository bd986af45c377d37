import {spawn} from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test from 'ava';

const module = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..', 'source', 'foreground', 'standard-streams.js');

function program(body: string) {
	return spawn(process.execPath, ['--input-type=module', '-e', `import {standardOutput, BrokenPipeError} from ${JSON.stringify(module)};\nconst output = standardOutput(1);\n${body}`], {stdio: ['ignore', 'pipe', 'inherit']});
}

for (const method of ['write', 'send']) {
	test(`${method} brings everything through a slow pipe`, async t => {
		const child = program(`await output.${method}(Buffer.alloc(3_000_000, 'x')); process.exit(0);`);
		let bytes = 0;
		for await (const chunk of child.stdout) {
			bytes += (chunk as Buffer).length;
			await new Promise(resolve => {
				setTimeout(resolve, 1);
			});
		}

		t.is(bytes, 3_000_000);
	});

	test(`${method} tells when nobody reads any more`, async t => {
		const child = program(`try { for (;;) { await output.${method}(Buffer.alloc(100_000)); } } catch (error) { process.exit(error instanceof BrokenPipeError ? 9 : 1); }`);
		const ended = new Promise(resolve => {
			child.on('exit', resolve);
		});
		child.stdout.once('data', () => {
			child.stdout.destroy();
		});
		t.is(await ended, 9);
	});
}
