/**
Making a container: a record and folders, no process.
*/
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, isEngineError, systemError} from '../errors.js';
import {writeFileAtomic} from '../files/atomic-file.js';
import {randomHex} from '../files/random.js';
import {asObject, asString, optional} from '../oci/json-shape.js';
import {formatPlatform, hostPlatform} from '../oci/platform.js';
import {planCgroups, type CgroupHost} from '../runtime/cgroup.js';
import {resolveCapabilities} from '../runtime/security/capabilities.js';
import {createScratch} from '../store/scratch.js';
import {parseContainerConfig} from './container-config.js';
import {tellEvent, type ContainerContext} from './container-context.js';
import {parseContainerName, randomName} from './container-name.js';
import {containerFolders, containerPlaces, dropName, lowerFolders, takeName} from './container-store.js';
import {shortId, type ContainerId, type ContainerRecord} from './container.js';
import {checkDeviceRules, deviceProtection, unguardedWarning, type DeviceProtection} from './device-guard.js';
import {parseHostSettings, type HostSettings} from './host-settings.js';
import type {ContainerImage} from './image-source.js';
import {markMade, unmarkLeaving} from './leaving.js';
import {resolveMounts} from './mount-points.js';
import {parseRlimits, parseSecurityOptions, checkSysctls} from './security-settings.js';
import {removeContainer} from './remove.js';
import {prepareVolumes} from './volume-source.js';
import {volumesFrom} from './volumes-from.js';

export type CreatedContainer = {readonly id: ContainerId; readonly warnings: readonly string[]};

/**
Makes a container from docker's create request. Atomic: it is there completely or not at all. Throws `invalidParameter` for what docker refuses, `notImplemented`
for what this engine has not, `notFound` without the image, `conflict` (code `nameInUse`) for a name that is taken.
*/
export async function createContainer(context: ContainerContext, unsafeOptions: unknown): Promise<CreatedContainer> {
	const options = asObject(unsafeOptions, 'container');
	if (Object.keys(options).every(member => ['name', 'platform', 'HostConfig', 'NetworkingConfig'].includes(member))) {
		throw new EngineError('invalidParameter', 'config cannot be empty in order to create a container');
	}

	const imageName = optional(options['Image'], 'Image', asString) ?? '';
	if (imageName === '') {
		throw new EngineError('invalidParameter', 'no image specified', {hint: 'Say which image to use.'});
	}

	const asked = optional(options['name'], 'name', asString) || undefined;
	const name = asked === undefined ? undefined : parseContainerName(asked);
	const settings = parseHostSettings(options['HostConfig']);
	checkNetworkRequest(options['NetworkingConfig']);
	const image = await context.images.find(imageName);
	const cgroups = context.cgroupHost();
	const protection = deviceProtection(context.uid, cgroups);
	checkEnforceable(settings, cgroups, protection);
	const warnings = [
		...platformWarnings(image, optional(options['platform'], 'platform', asString)),
		...(protection.by === 'none' && !settings.Privileged ? [unguardedWarning(protection.obstacle)] : []),
	];
	const record = makeRecord(context, {options, settings, image, name: name ?? randomName()});
	const made = commitRecord(context, record, name !== undefined);
	try {
		warnings.push(...(await context.images.ensureLayers(made.layers)));
		await prepareVolumes(context.volumes, made.mounts, {lowers: lowerFolders(context.store, made), upper: containerPlaces(context.store, made.id).upper});
	} catch (error) {
		await removeContainer(context, made.id, {force: true, volumes: true, isSilent: true}).catch(() => {});
		throw error;
	}

	tellEvent(context, made, 'create');
	return {id: made.id, warnings};
}

type Ingredients = {readonly options: Readonly<Record<string, unknown>>; readonly settings: HostSettings; readonly image: ContainerImage; readonly name: string};

function makeRecord(context: ContainerContext, {options, settings, image, name}: Ingredients): ContainerRecord {
	const id = newId();
	const parsed = parseContainerConfig(options, image.defaults);
	const config = {...parsed, Hostname: parsed.Hostname || (settings.UTSMode === 'host' ? '' : shortId(id))};
	const mounts = resolveMounts({
		settings,
		volumes: Object.keys(config.Volumes ?? {}),
		volumeData: volume => context.volumes.dataFolder(volume),
		inherited: (settings.VolumesFrom ?? []).flatMap(from => volumesFrom(context.store, from)),
		sourceExists: source => fs.existsSync(source),
	});
	const [program = '', ...args] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
	return {
		version: 1,
		id,
		name,
		created: new Date().toISOString(),
		imageId: image.id,
		layers: image.diffIds,
		platform: image.platform.os,
		path: program,
		args,
		config,
		hostConfig: settings,
		mounts,
	};
}

/** Everything that would fail at start for certain fails now, while somebody looks. */
function checkEnforceable(settings: HostSettings, cgroups: CgroupHost, protection: DeviceProtection): void {
	resolveCapabilities({add: settings.CapAdd, drop: settings.CapDrop, privileged: settings.Privileged});
	parseSecurityOptions(settings.SecurityOpt ?? []);
	parseRlimits(settings.Ulimits ?? []);
	checkSysctls(settings);
	planCgroups(cgroups, settings);
	checkDeviceRules(settings, protection);
}

/** Takes the name and puts the folder in place. A random name that is taken is drawn again. */
function commitRecord(context: ContainerContext, first: ContainerRecord, isNameAsked: boolean): ContainerRecord {
	const {store} = context;
	const scratch = createScratch(store);
	try {
		const folder = path.join(scratch.folder, first.id);
		for (const part of containerFolders) {
			fs.mkdirSync(path.join(folder, part), {mode: part === '' || part === 'log' ? 0o700 : 0o755});
		}

		const record = reserveName(context, first, isNameAsked);
		try {
			if (record.hostConfig.AutoRemove) {
				markMade(store, record.id); // Before it is there: killed in between, it would stay for good
				context.unstarted.add(record.id);
			}

			writeFileAtomic(path.join(folder, 'config.json'), JSON.stringify(record), {sync: !record.hostConfig.AutoRemove});
			fs.renameSync(folder, store.layout.container(record.id));
		} catch (error) {
			dropName(store, record.name, record.id);
			unmarkLeaving(store, record.id);
			throw error;
		}

		return record;
	} catch (error) {
		throw systemError('creating the container', error);
	} finally {
		scratch.remove();
	}
}

function reserveName(context: ContainerContext, first: ContainerRecord, isNameAsked: boolean): ContainerRecord {
	for (let attempt = 1; ; attempt++) {
		const record = attempt === 1 ? first : {...first, name: randomName(attempt)};
		try {
			takeName(context.store, record.name, record.id);
			return record;
		} catch (error) {
			if (isNameAsked || !isEngineError(error) || error.code !== 'nameInUse' || attempt > 20) {
				throw error;
			}
		}
	}
}

/** Docker's short form is 12 characters; one of digits only would be taken for a number by host name resolvers. */
function newId(): ContainerId {
	for (;;) {
		const id = randomHex(32);
		if (!/^\d+$/.test(shortId(id))) {
			return id as ContainerId;
		}
	}
}

function platformWarnings(image: ContainerImage, asked: string | undefined): string[] {
	const host = hostPlatform();
	if (image.platform.architecture === '' || image.platform.architecture === host.architecture) {
		return [];
	}

	return asked === undefined ? [`The requested image's platform (${formatPlatform(image.platform)}) does not match the detected host platform (${formatPlatform(host)}) and no specific platform was requested`] : [];
}

/** Clients send the network mode's name here too; anything else needs networks. */
function checkNetworkRequest(unsafe: unknown): void {
	const endpoints = optional(optional(unsafe, 'NetworkingConfig', asObject)?.['EndpointsConfig'], 'EndpointsConfig', asObject) ?? {};
	const unknown = Object.keys(endpoints).find(name => !['default', 'none', 'host', 'bridge'].includes(name));
	if (unknown !== undefined) {
		throw new EngineError('notImplemented', `network ${unknown}: only the networks \`none\` and \`host\` are there yet`, {code: 'notSupported'});
	}
}

