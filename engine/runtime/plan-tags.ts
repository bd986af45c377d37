/**
Numbers of the launch plan: the same tables as engine/native/plan.h (test/runtime/plan.test.ts compares the two).
*/
export const planVersion = 1;
export const planMaxBytes = 4 * 1024 * 1024;

export const planTag = {
	KIND: 1, ID: 2, STATE_DIR: 3, SOCKET: 4, FLAGS: 5, LOWER: 6, UPPER: 7, WORK: 8, ROOTFS: 9, MOUNT: 10, ARG: 11, ENV: 12, CWD: 13,
	HOSTNAME: 14, DOMAINNAME: 15, USER: 16, GROUP_ADD: 17, CAPS: 18, RLIMIT: 19, SECCOMP: 20, MASKED: 21, READONLY: 22, DEVICE: 23,
	SYSCTL: 24, OOM_SCORE_ADJ: 25, LOG: 26, CGROUP: 27, NAMESPACE: 28, TTY_SIZE: 29, TARGET: 30, TIMEOUT: 31, RESTART: 32, EVENTS: 33, DEVICE_FILTER: 34, VOLUME: 40,
} as const;

export const planKind = {container: 1, exec: 2} as const;

/** Bit numbers of FLAGS. */
export const planFlag = {
	tty: 0, openStdin: 1, stdinOnce: 2, autoStart: 3, readonlyRootfs: 4, noNewPrivs: 5, volatile: 6, userxattr: 7, init: 8, noSync: 9, singleId: 10, createCwd: 11,
} as const;

export const mountTag = {TYPE: 1, SOURCE: 2, TARGET: 3, FLAGS: 4, DATA: 5, PROPAGATION: 6, SUBPATH: 7} as const;
export const mountType = {bind: 1, proc: 2, sysfs: 3, tmpfs: 4, devpts: 5, mqueue: 6, cgroup: 7} as const;

/** Bit numbers of a mount's FLAGS. */
export const mountFlag = {readonly: 0, nosuid: 1, nodev: 2, noexec: 3, recursive: 4, targetIsFile: 5, createTarget: 6, optional: 7, topReadonly: 8} as const;
export const propagation = {private: 0, rprivate: 1, slave: 2, rslave: 3, shared: 4, rshared: 5} as const;

export const deviceTag = {PATH: 1, TYPE: 2, MAJOR: 3, MINOR: 4, MODE: 5, UID: 6, GID: 7} as const;
export const logTag = {PATH: 1, MAX_SIZE: 2, MAX_FILES: 3} as const;
export const namespaceTag = {KIND: 1, PATH: 2} as const;
export const namespaceKind = {mount: 1, pid: 2, net: 3, ipc: 4, uts: 5, cgroup: 6, user: 7} as const;
export const eventsTag = {PATH: 1, ATTRIBUTES: 2, ACTOR: 3} as const;

/** RLIMIT_… of Linux, by docker's ulimit names. */
export const rlimitNumber = {
	cpu: 0, fsize: 1, data: 2, stack: 3, core: 4, rss: 5, nproc: 6, nofile: 7, memlock: 8, as: 9, locks: 10, sigpending: 11, msgqueue: 12, nice: 13, rtprio: 14, rttime: 15,
} as const;
