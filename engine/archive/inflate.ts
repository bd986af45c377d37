/**
Decompressing: gzip by node:zlib, zstd by node:zlib where it can, the rest by the usual programs.
*/
import {spawn} from 'node:child_process';
import type {Duplex, Writable} from 'node:stream';
import zlib from 'node:zlib';
import {EngineError, errorCode, systemError} from '../errors.js';
import type {Compression} from './compression.js';

/** 256 KiB pieces are nearly twice as quick as zlib's default of 16 KiB. */
const chunkBytes = 256 * 1024;

const packages = {zstd: 'zstd', xz: 'xz-utils', bzip2: 'bzip2'} as const;

type ZlibWithZstd = typeof zlib & {readonly createZstdDecompress?: (options: {chunkSize: number}) => Duplex};

/**
The plain bytes. A piece of the source may be reused by its owner once the next one is asked for. Throws `invalidParameter` (code `EBADDATA`) naming
`subject` for damaged or truncated input, `unavailable` when the program that is needed is not there, and whatever the source throws.
*/
export function inflate(source: AsyncIterable<Buffer>, compression: Compression, subject: string): AsyncIterable<Buffer> {
	switch (compression) {
		case 'none': {
			return source;
		}

		case 'gzip': {
			return throughZlib(source, zlib.createGunzip({chunkSize: chunkBytes}), subject);
		}

		case 'zstd': {
			const native = (zlib as ZlibWithZstd).createZstdDecompress?.({chunkSize: chunkBytes});
			return native === undefined ? throughProgram(source, 'zstd', subject) : throughZlib(source, native, subject);
		}

		case 'xz':
		case 'bzip2': {
			return throughProgram(source, compression, subject);
		}
	}
}

async function* throughZlib(source: AsyncIterable<Buffer>, transform: Duplex, subject: string): AsyncGenerator<Buffer> {
	const feeding = feed(source, transform);
	feeding.catch((error: unknown) => transform.destroy(error as Error));
	try {
		yield* transform as AsyncIterable<Buffer>;
	} catch (error) {
		throw damaged(error as Error, subject);
	} finally {
		transform.destroy();
		await feeding.catch(() => {});
	}
}

async function* throughProgram(source: AsyncIterable<Buffer>, name: keyof typeof packages, subject: string): AsyncGenerator<Buffer> {
	const child = spawn(name, ['-d', '-c', '-q'], {stdio: ['pipe', 'pipe', 'pipe']});
	let complaint = '';
	child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
		complaint = (complaint + chunk).slice(0, 500);
	});
	const ended = new Promise<void>((resolve, reject) => {
		child.once('error', error => {
			reject(errorCode(error) === 'ENOENT'
				? new EngineError('unavailable', `${subject} is compressed with ${name}, which is not installed`, {hint: `Install it (apt install ${packages[name]}), or decompress the file first.`, cause: error})
				: systemError(`starting ${name}`, error));
		});
		child.once('close', code => {
			if (code === 0) {
				resolve();
			} else {
				reject(badData(subject, `the compressed data is damaged or cut off (${complaint.trim() || `${name} ended with ${String(code)}`})`));
			}
		});
	});
	ended.catch(() => {});
	let sourceError: Error | undefined;
	child.stdin.on('error', () => {}); // It stopped reading: its exit says why.
	const feeding = feed(source, child.stdin).catch((error: unknown) => {
		if (errorCode(error) !== 'EPIPE' && errorCode(error) !== 'ERR_STREAM_DESTROYED') {
			sourceError = error as Error;
			child.kill('SIGKILL');
		}
	});
	try {
		yield* child.stdout as AsyncIterable<Buffer>;
		await feeding;
		if (sourceError !== undefined) {
			throw sourceError;
		}

		await ended;
	} finally {
		child.kill('SIGKILL');
		child.stdin.destroy();
		child.stdout.destroy();
		await feeding;
	}
}

async function feed(source: AsyncIterable<Buffer>, target: Writable): Promise<void> {
	for await (const piece of source) {
		await write(target, piece);
	}

	target.end();
}

/** A stream that is destroyed in the middle of a write (damaged input) never calls back: `close` ends the wait then. */
async function write(target: Writable, piece: Buffer): Promise<void> {
	return new Promise((resolve, reject) => {
		const onClose = () => {
			reject(Object.assign(new Error('closed while writing'), {code: 'ERR_STREAM_DESTROYED'}));
		};

		target.once('close', onClose);
		target.write(piece, error => {
			target.off('close', onClose);
			if (error) {
				reject(error);
			} else {
				resolve();
			}
		});
	});
}

function damaged(error: Error, subject: string): Error {
	const code = errorCode(error);
	if (code?.startsWith('Z_') || code?.startsWith('ZSTD_')) {
		return badData(subject, code === 'Z_BUF_ERROR' ? 'the compressed data is cut off' : 'the compressed data is damaged', error);
	}

	return error;
}

function badData(subject: string, problem: string, cause?: unknown): EngineError {
	return new EngineError('invalidParameter', `${subject}: ${problem}`, {code: 'EBADDATA', cause, hint: 'Copy or save the archive again.'});
}
