/**
Tar streams to and from a command of the native program.
*/
import {Transform, type Readable} from 'node:stream';
import type {NativeCall, NativeReport} from './native-program.js';

/** Its output as a stream that fails when the command does: a truncated tar never looks complete. Destroying it ends the command. */
export function outputOf({child, report}: NativeCall): Readable {
	const stream = new Transform({
		transform(chunk, _encoding, done) {
			done(null, chunk);
		},
		flush(done) {
			report.then(() => {
				done();
			}, done);
		},
		destroy(error, done) {
			child.kill(); // Has no effect when it has ended
			done(error);
		},
	});
	child.stdout!.on('error', error => {
		stream.destroy(error);
	});
	return child.stdout!.pipe(stream);
}

/** Gives it a tar to read. Resolves to its report; rejects with what it reported, or with what broke the tar off. */
export async function feed({child, report}: NativeCall, tar: Readable): Promise<NativeReport> {
	const input = child.stdin!;
	let broken: Error | undefined;
	input.on('error', () => {
		tar.unpipe(input); // The report says why it stopped reading
		tar.resume();
	});
	tar.on('error', error => {
		broken = error;
		input.destroy();
	});
	tar.pipe(input);
	const ended = await report.catch((error: unknown) => {
		throw broken ?? error;
	});
	if (broken !== undefined) {
		throw broken;
	}

	return ended;
}
