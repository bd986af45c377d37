/**
Platforms (OCI image-spec image-index.md, platform): parsing, Go's names for this machine, and picking the best of several.
*/
import process from 'node:process';
import {EngineError} from '../errors.js';
import {asObject, asString, asStrings, defined, optional} from './json-shape.js';

export type Platform = {
	readonly os: string;
	readonly architecture: string;
	readonly variant?: string;
	readonly 'os.version'?: string;
	readonly 'os.features'?: readonly string[];
};

export function parsePlatform(unsafe: unknown, subject: string): Platform {
	const fields = asObject(unsafe, subject);
	return defined({
		os: optional(fields['os'], `${subject}.os`, asString) ?? '',
		architecture: optional(fields['architecture'], `${subject}.architecture`, asString) ?? '',
		variant: optional(fields['variant'], `${subject}.variant`, asString) || undefined,
		'os.version': optional(fields['os.version'], `${subject}.os.version`, asString),
		'os.features': optional(fields['os.features'], `${subject}.os.features`, asStrings),
	});
}

const goArchitectures: Readonly<Record<string, string>> = {x64: 'amd64', ia32: '386', arm64: 'arm64', arm: 'arm', ppc64: 'ppc64le', s390x: 's390x', riscv64: 'riscv64', loong64: 'loong64'};

/** This machine in Go's words, such as linux/amd64 or linux/arm64/v8. */
export function hostPlatform(architecture: string = process.arch): Platform {
	const goName = goArchitectures[architecture] ?? architecture;
	const variant = {arm64: 'v8', arm: 'v7'}[goName];
	return {os: 'linux', architecture: goName, ...(variant === undefined ? {} : {variant})};
}

const otherArchitectures = new Map([['x86_64', 'amd64'], ['x86-64', 'amd64'], ['aarch64', 'arm64'], ['i386', '386'], ['i686', '386'], ['armhf', 'arm'], ['armel', 'arm']]);

/** `os[/architecture[/variant]]`, or an architecture alone, as docker's --platform takes it (containerd platforms.Parse). Throws `invalidParameter`. */
export function parsePlatformName(text: string): Platform {
	const parts = text.toLowerCase().split('/');
	if (parts.length > 3 || parts.some(part => !/^[\w-]+$/.test(part))) {
		throw new EngineError('invalidParameter', `${JSON.stringify(text)}: platform specifier component must match "^[A-Za-z0-9_-]+$"`, {hint: 'Write it as os/architecture, such as linux/arm64.'});
	}

	const host = hostPlatform();
	const isOsAlone = parts.length === 1 && ['linux', 'windows', 'darwin', 'freebsd'].includes(parts[0]!);
	const [os, named, variant] = parts.length === 1 && !isOsAlone ? [host.os, parts[0]!] : [parts[0]!, parts[1] ?? host.architecture, parts[2]];
	const architecture = otherArchitectures.get(named) ?? named;
	const usual = variant ?? (architecture === 'arm' ? (named === 'armel' ? 'v6' : 'v7') : undefined);
	return {os, architecture, ...(usual === undefined ? {} : {variant: usual})};
}

/** `os/architecture[/variant]`, as docker prints it. */
export function formatPlatform(platform: Platform): string {
	return [platform.os, platform.architecture, platform.variant].filter(part => part !== undefined && part !== '').join('/');
}

/**
The candidate that suits the wanted platform best, or undefined. An exact variant wins over a missing one, a missing one over an older one
(arm v7 runs v6; containerd's platforms.Ordered has the same preference).
*/
export function choosePlatform<T extends {readonly platform?: Platform}>(candidates: readonly T[], wanted: Platform): T | undefined {
	let best: T | undefined;
	let bestScore = 0;
	for (const candidate of candidates) {
		const score = platformScore(candidate.platform, wanted);
		if (score > bestScore) {
			best = candidate;
			bestScore = score;
		}
	}

	return best;
}

function platformScore(offered: Platform | undefined, wanted: Platform): number {
	if (offered?.os !== wanted.os || offered.architecture !== wanted.architecture) {
		return 0;
	}

	const want = variantNumber(wanted);
	const offer = variantNumber(offered);
	if (offer === want) {
		return 100;
	}

	return offer === undefined ? 99 : (want !== undefined && offer < want ? 50 + offer : 0);
}

function variantNumber({architecture, variant}: Platform): number | undefined {
	const text = variant ?? {arm64: 'v8', amd64: 'v1'}[architecture];
	const number = /^v(\d+)$/.exec(text ?? '')?.[1];
	return number === undefined ? undefined : Number(number);
}
