import {spawnSync} from 'node:child_process';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** Compiles test/native/NAME.c with the machine's `cc`; a reason when that can't be done here (no compiler, no library). */
export function compileC(name: string, output: string, libraries: readonly string[] = []): string | undefined {
	const source = path.join(root, 'test', 'native', `${name}.c`);
	const {status, stderr, error} = spawnSync('cc', ['-O1', '-std=gnu11', '-Wall', '-Wextra', '-Werror', '-o', output, source, ...libraries], {encoding: 'utf8'});
	if (error) {
		return `no C compiler (${error.message})`;
	}

	return status === 0 ? undefined : stderr.split('\n').slice(0, 5).join('\n');
}
