/**
`--mount`: one of docker's `HostConfig.Mounts`, read from what a client sent. What it comes to is settled in mount-points.ts.
*/
import {EngineError} from '../errors.js';
import {asObject, asString, asStringMap, integerField, optional, type JsonObject} from '../oci/json-shape.js';
import {isFilled} from './unsupported-settings.js';

export type MountRequest = {
	readonly Type: 'bind' | 'volume' | 'tmpfs';
	readonly Source?: string;
	readonly Target: string;
	readonly ReadOnly?: boolean;
	readonly Consistency?: string;
	readonly BindOptions?: {readonly Propagation?: string; readonly NonRecursive?: boolean; readonly CreateMountpoint?: boolean; readonly ReadOnlyNonRecursive?: boolean; readonly ReadOnlyForceRecursive?: boolean};
	readonly VolumeOptions?: VolumeOptions;
	readonly TmpfsOptions?: {readonly SizeBytes?: number; readonly Mode?: number};
};

export type VolumeOptions = {
	readonly NoCopy?: boolean;
	readonly Subpath?: string;
	readonly Labels?: Readonly<Record<string, string>>;
	readonly DriverConfig?: {readonly Name?: string; readonly Options?: Readonly<Record<string, string>>};
};

/** `subject` names it in messages. Throws `invalidParameter` with docker's texts, or `notFound` for other volume drivers. */
export function parseMount(unsafe: unknown, subject: string): MountRequest {
	const fields = asObject(unsafe, subject);
	const type = optional(fields['Type'], `${subject}.Type`, asString) ?? '';
	const refuse = (problem: string) => new EngineError('invalidParameter', `invalid mount config for type "${type}": ${problem}`);
	if (type !== 'bind' && type !== 'volume' && type !== 'tmpfs') {
		throw refuse('mount type unknown');
	}

	const foreign = [['bind', 'BindOptions'], ['volume', 'VolumeOptions'], ['tmpfs', 'TmpfsOptions']].find(([owner, field]) => owner !== type && isFilled(fields[field!]));
	if (foreign !== undefined) {
		throw refuse(`field ${foreign[1]!} must not be specified`);
	}

	const bind = optional(fields['BindOptions'], `${subject}.BindOptions`, asObject);
	const tmpfs = optional(fields['TmpfsOptions'], `${subject}.TmpfsOptions`, asObject);
	const volume = optional(fields['VolumeOptions'], `${subject}.VolumeOptions`, asObject);
	const source = optional(fields['Source'], `${subject}.Source`, asString);
	const consistency = optional(fields['Consistency'], `${subject}.Consistency`, asString); // Of other systems: kept, and nothing else
	const propagation = optional(bind?.['Propagation'], `${subject}.BindOptions.Propagation`, asString);
	if (bind?.['ReadOnlyNonRecursive'] === true && bind['ReadOnlyForceRecursive'] === true) {
		throw refuse('ReadOnlyNonRecursive and ReadOnlyForceRecursive exclude each other');
	}

	return {
		Type: type,
		...(source ? {Source: source} : {}),
		Target: optional(fields['Target'], `${subject}.Target`, asString) ?? '',
		...(fields['ReadOnly'] === true ? {ReadOnly: true} : {}),
		...(consistency ? {Consistency: consistency} : {}),
		...(bind === undefined ? {} : {
			BindOptions: {
				...(propagation === undefined ? {} : {Propagation: propagation}),
				...(bind['NonRecursive'] === true ? {NonRecursive: true} : {}),
				...(bind['CreateMountpoint'] === true ? {CreateMountpoint: true} : {}),
				...(bind['ReadOnlyNonRecursive'] === true ? {ReadOnlyNonRecursive: true} : {}),
				...(bind['ReadOnlyForceRecursive'] === true ? {ReadOnlyForceRecursive: true} : {}),
			},
		}),
		...(volume === undefined ? {} : {VolumeOptions: parseVolumeOptions(volume, `${subject}.VolumeOptions`, refuse)}),
		...(tmpfs === undefined ? {} : {TmpfsOptions: {SizeBytes: integerField(tmpfs, 'SizeBytes'), Mode: integerField(tmpfs, 'Mode')}}),
	};
}

function parseVolumeOptions(fields: JsonObject, subject: string, refuse: (problem: string) => EngineError): VolumeOptions {
	const driver = optional(fields['DriverConfig'], `${subject}.DriverConfig`, asObject) ?? {};
	const name = optional(driver['Name'], `${subject}.DriverConfig.Name`, asString) ?? '';
	const options = optional(driver['Options'], `${subject}.DriverConfig.Options`, asStringMap) ?? {};
	const labels = optional(fields['Labels'], `${subject}.Labels`, asStringMap) ?? {};
	const subpath = optional(fields['Subpath'], `${subject}.Subpath`, asString) ?? '';
	if (name !== '' && name !== 'local') {
		throw new EngineError('notFound', `error looking up volume plugin ${name}: plugin "${name}" not found`, {hint: 'The only driver is `local`.'});
	}

	if (subpath.startsWith('/') || subpath.includes('\0') || subpath.split('/').includes('..')) {
		throw refuse('subpath must be a relative path within the volume');
	}

	return {
		...(fields['NoCopy'] === true ? {NoCopy: true} : {}),
		...(subpath === '' ? {} : {Subpath: subpath}),
		...(Object.keys(labels).length === 0 ? {} : {Labels: labels}),
		DriverConfig: {...(name === '' ? {} : {Name: name}), ...(Object.keys(options).length === 0 ? {} : {Options: options})},
	};
}
