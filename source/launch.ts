/** The file that is run. */
/* eslint-disable unicorn/prefer-module -- this file is built as CommonJS */
import process from 'node:process';
import {loadProgram, useOf} from './program.js';

/** Both set by the build. */
declare const __mainDigest: string;
declare const __mainEncoding: 'latin1' | 'utf8';

const words = process.argv.slice(2);
const program = loadProgram({folder: __dirname, use: useOf(words), digest: __mainDigest, encoding: __mainEncoding}, {require});
// One that has done much leaves what was compiled for it. What V8 compiles for a debugger, a profile or special options would be of no use to others.
if (!program.wasCompiled && (words[0] === 'run' || words[0] === 'ps') && process.execArgv.length === 0 && !process.env['NODE_OPTIONS'] && !process.env['NODE_V8_COVERAGE']) {
	process.once('exit', exitCode => {
		if (exitCode === 0 && !words.includes('--help')) {
			program.keep();
		}
	});
}

// Nothing is left to write: all output is written when its call returns. Waiting for handles to close would only take time.
// eslint-disable-next-line unicorn/prefer-top-level-await -- it is built as CommonJS
void program.main(words).then(exitCode => {
	process.exit(exitCode);
});
