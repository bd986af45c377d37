/** `--mount type=bind,source=/a,target=/b,readonly`. */
import {parseMemory} from '../presentation/format-bytes.js';
import {commaFields} from './comma-fields.js';

export type MountValue = {
	Type: string;
	Source: string;
	Target: string;
	ReadOnly?: boolean;
	Consistency?: string;
	BindOptions?: {Propagation?: string; NonRecursive?: boolean; CreateMountpoint?: boolean; ReadOnlyNonRecursive?: boolean; ReadOnlyForceRecursive?: boolean};
	VolumeOptions?: {NoCopy?: boolean; Labels?: Record<string, string>; Subpath?: string; DriverConfig?: {Name?: string; Options?: Record<string, string>}};
	TmpfsOptions?: {SizeBytes?: number; Mode?: number};
};

class MountProblem extends Error {}

type Setter = (mount: MountValue, value: string, key: string) => void;

const flag = (value: string, key: string): boolean => {
	if (!/^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value)) {
		throw new MountProblem(`invalid value for ${key}: ${value}`);
	}

	return /^(1|t)/i.test(value);
};

const recursions: Readonly<Record<string, MountValue['BindOptions']>> = {
	enabled: {},
	disabled: {NonRecursive: true},
	writable: {ReadOnlyNonRecursive: true},
	readonly: {ReadOnlyForceRecursive: true},
};

const source: Setter = (mount, value) => {
	mount.Source = value;
};

const target: Setter = (mount, value) => {
	mount.Target = value;
};

const readOnly: Setter = (mount, value, key) => {
	mount.ReadOnly = flag(value, key);
};

const setters: Readonly<Record<string, Setter>> = {
	type(mount, value) {
		mount.Type = value.toLowerCase(); // Which there are the engine knows
	},
	source,
	src: source,
	target,
	dst: target,
	destination: target,
	readonly: readOnly,
	ro: readOnly,
	consistency(mount, value) {
		mount.Consistency = value.toLowerCase();
	},
	'bind-propagation'(mount, value) {
		(mount.BindOptions ??= {}).Propagation = value.toLowerCase();
	},
	'bind-nonrecursive'(mount, value, key) {
		(mount.BindOptions ??= {}).NonRecursive = flag(value, key);
	},
	'bind-recursive'(mount, value) {
		const option = recursions[value];
		if (option === undefined) {
			throw new MountProblem(`invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`);
		}

		mount.BindOptions = {...mount.BindOptions, ...option};
	},
	'volume-nocopy'(mount, value, key) {
		(mount.VolumeOptions ??= {}).NoCopy = flag(value, key);
	},
	'volume-subpath'(mount, value) {
		(mount.VolumeOptions ??= {}).Subpath = value;
	},
	'volume-label'(mount, value) {
		addPair(((mount.VolumeOptions ??= {}).Labels ??= {}), value);
	},
	'volume-driver'(mount, value) {
		((mount.VolumeOptions ??= {}).DriverConfig ??= {}).Name = value;
	},
	'volume-opt'(mount, value) {
		addPair((((mount.VolumeOptions ??= {}).DriverConfig ??= {}).Options ??= {}), value);
	},
	'tmpfs-size'(mount, value) {
		const size = parseMemory(value);
		if (size === undefined) {
			throw new MountProblem(`invalid value for tmpfs-size: ${value}`);
		}

		(mount.TmpfsOptions ??= {}).SizeBytes = size;
	},
	'tmpfs-mode'(mount, value) {
		if (!/^[0-7]+$/.test(value)) {
			throw new MountProblem(`invalid value for tmpfs-mode: ${value}`);
		}

		(mount.TmpfsOptions ??= {}).Mode = Number.parseInt(value, 8);
	},
};

/** Keys that may stand alone. */
const switches = new Set(['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive']);

export function parseMount(text: string): MountValue | {readonly wrong: string} {
	const mount: MountValue = {Type: 'volume', Source: '', Target: ''};
	try {
		for (const part of commaFields(text)) {
			const equals = part.indexOf('=');
			const key = (equals === -1 ? part : part.slice(0, equals)).toLowerCase().trim();
			if (equals === -1 && !switches.has(key)) {
				throw new MountProblem(`invalid field '${part}' must be a key=value pair`);
			}

			const set = Object.hasOwn(setters, key) ? setters[key] : undefined;
			if (set === undefined) {
				throw new MountProblem(`unexpected key '${key}' in '${part}'`);
			}

			set(mount, equals === -1 ? 'true' : part.slice(equals + 1), key);
		}

		check(mount);
		return mount;
	} catch (error) {
		if (error instanceof MountProblem) {
			return {wrong: error.message};
		}

		throw error;
	}
}

export function mountProblem(text: string): string | undefined {
	const parsed = parseMount(text);
	return 'wrong' in parsed ? parsed.wrong : undefined;
}

function check(mount: MountValue): void {
	if (mount.Target === '') {
		throw new MountProblem('target is required');
	}

	for (const [options, type] of [[mount.BindOptions, 'bind'], [mount.VolumeOptions, 'volume'], [mount.TmpfsOptions, 'tmpfs']] as const) {
		if (options !== undefined && mount.Type !== type) {
			throw new MountProblem(`cannot mix '${type}-*' options with mount type '${mount.Type}'`);
		}
	}

	const {ReadOnlyNonRecursive: isTopOnly, ReadOnlyForceRecursive: isForced, Propagation: propagation} = mount.BindOptions ?? {};
	if (isTopOnly && !mount.ReadOnly) {
		throw new MountProblem('option \'bind-recursive=writable\' requires \'readonly\' to be specified in conjunction');
	}

	if (isForced && !mount.ReadOnly) {
		throw new MountProblem('option \'bind-recursive=readonly\' requires \'readonly\' to be specified in conjunction');
	}

	if (isForced && propagation !== 'rprivate') {
		throw new MountProblem('option \'bind-recursive=readonly\' requires \'bind-propagation=rprivate\' to be specified in conjunction');
	}
}

function addPair(target: Record<string, string>, text: string): void {
	const equals = text.indexOf('=');
	target[equals === -1 ? text : text.slice(0, equals)] = equals === -1 ? '' : text.slice(equals + 1);
}
