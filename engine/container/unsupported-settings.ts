/**
What docker's `HostConfig` has and this engine has not. It is refused with the reason when the container is created.
*/
import {EngineError} from '../errors.js';
import type {JsonObject} from '../oci/json-shape.js';

/** Members that mean something this engine has not: name → [is it asked for?, what to say]. */
const unsupported: Readonly<Record<string, readonly [(value: unknown) => boolean, string]>> = {
	PortBindings: [isFilled, 'publishing ports needs a network, and containers have none yet but `none` and `host`; with --network host the program listens on the host itself'],
	PublishAllPorts: [value => value === true, 'publishing ports needs a network, and containers have none yet but `none` and `host`; with --network host the program listens on the host itself'],
	Links: [isFilled, 'links between containers are not supported'],
	VolumeDriver: [value => isFilled(value) && value !== 'local', 'only the volume driver `local` is there'],
	RestartPolicy: [value => isFilled(value) && !['', 'no', undefined].includes((value as {Name?: string}).Name), 'restart policies are not supported yet'],
	Runtime: [value => isFilled(value) && value !== 'tug', 'only the built-in runtime is there'],
	UsernsMode: [value => isFilled(value) && value !== 'host', 'user namespace modes are not supported; without root every container is in the user namespace of its user'],
	CgroupParent: [isFilled, 'a cgroup parent can\'t be chosen'],
	StorageOpt: [isFilled, 'storage options are not supported'],
	DeviceRequests: [isFilled, 'device requests (GPUs) are not supported'],
	BlkioWeight: [isFilled, 'block I/O limits are not supported'],
	BlkioWeightDevice: [isFilled, 'block I/O limits are not supported'],
	BlkioDeviceReadBps: [isFilled, 'block I/O limits are not supported'],
	BlkioDeviceWriteBps: [isFilled, 'block I/O limits are not supported'],
	BlkioDeviceReadIOps: [isFilled, 'block I/O limits are not supported'],
	BlkioDeviceWriteIOps: [isFilled, 'block I/O limits are not supported'],
	KernelMemory: [isFilled, 'kernel memory limits are gone from the kernel'],
	KernelMemoryTCP: [isFilled, 'kernel memory limits are gone from the kernel'],
	CpuRealtimePeriod: [isFilled, 'real-time scheduling limits are not supported'],
	CpuRealtimeRuntime: [isFilled, 'real-time scheduling limits are not supported'],
	CpuCount: [isFilled, 'CpuCount is for Windows'],
	CpuPercent: [isFilled, 'CpuPercent is for Windows'],
	Isolation: [value => isFilled(value) && value !== 'default', 'isolation technologies are for Windows'],
	Cgroup: [isFilled, 'the cgroup of another container can\'t be joined'],
};

/** Throws `notImplemented` naming what is not done. */
export function refuseUnsupported(fields: JsonObject): void {
	for (const [name, [isAskedFor, reason]] of Object.entries(unsupported)) {
		if (isAskedFor(fields[name])) {
			throw new EngineError('notImplemented', `${name}: ${reason}`, {code: 'notSupported'});
		}
	}
}

/** Whether a client sent something that means anything: Go clients send zero values for what was not given. */
export function isFilled(value: unknown): boolean {
	if (typeof value === 'object' && value !== null) {
		return Object.keys(value).length > 0;
	}

	return Boolean(value);
}
