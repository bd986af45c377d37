/**
`--mount`: one of docker's `HostConfig.Mounts`, read from what a client sent. What it comes to is settled in mount-points.ts.
*/
import {EngineError} from '../errors.js';
import {asObject, asString, integerField, optional} from '../oci/json-shape.js';
import {isFilled} from './unsupported-settings.js';

export type MountRequest = {
	readonly Type: 'bind' | 'volume' | 'tmpfs';
	readonly Source?: string;
	readonly Target: string;
	readonly ReadOnly?: boolean;
	readonly BindOptions?: {readonly Propagation?: string; readonly NonRecursive?: boolean; readonly CreateMountpoint?: boolean};
	readonly TmpfsOptions?: {readonly SizeBytes?: number; readonly Mode?: number};
};

/** `subject` names it in messages. Throws `invalidParameter`, or `notImplemented` for volume drivers and subpaths. */
export function parseMount(unsafe: unknown, subject: string): MountRequest {
	const fields = asObject(unsafe, subject);
	const type = optional(fields['Type'], `${subject}.Type`, asString) ?? '';
	if (type !== 'bind' && type !== 'volume' && type !== 'tmpfs') {
		throw new EngineError('invalidParameter', `invalid mount config: mount type unknown: "${type}"`);
	}

	const volume = optional(fields['VolumeOptions'], `${subject}.VolumeOptions`, asObject) ?? {};
	const driver = optional(volume['DriverConfig'], `${subject}.VolumeOptions.DriverConfig`, asObject) ?? {};
	if (isFilled(volume['Subpath']) || isFilled(driver['Options']) || (isFilled(driver['Name']) && driver['Name'] !== 'local')) {
		throw new EngineError('notImplemented', `${subject}: volume drivers, their options and subpaths are not supported`, {code: 'notSupported'});
	}

	const bind = optional(fields['BindOptions'], `${subject}.BindOptions`, asObject);
	const tmpfs = optional(fields['TmpfsOptions'], `${subject}.TmpfsOptions`, asObject);
	const source = optional(fields['Source'], `${subject}.Source`, asString);
	const propagation = optional(bind?.['Propagation'], `${subject}.BindOptions.Propagation`, asString);
	return {
		Type: type,
		...(source === undefined ? {} : {Source: source}),
		Target: optional(fields['Target'], `${subject}.Target`, asString) ?? '',
		...(fields['ReadOnly'] === true ? {ReadOnly: true} : {}),
		...(bind === undefined ? {} : {
			BindOptions: {
				...(propagation === undefined ? {} : {Propagation: propagation}),
				...(bind['NonRecursive'] === true ? {NonRecursive: true} : {}),
				...(bind['CreateMountpoint'] === true ? {CreateMountpoint: true} : {}),
			},
		}),
		...(tmpfs === undefined ? {} : {TmpfsOptions: {SizeBytes: integerField(tmpfs, 'SizeBytes'), Mode: integerField(tmpfs, 'Mode')}}),
	};
}
