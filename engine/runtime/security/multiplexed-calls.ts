/**
32-bit x86 reaches sockets and System V IPC also through socketcall(2) and ipc(2), whose first argument selects the operation (linux/net.h, linux/ipc.h).
A rule for one of the operations is a rule for the selector too, in place of its comparison of the first argument: libseccomp does the same. (For sockets
the arguments proper lie behind a pointer there, out of a filter's sight.)
*/
import type {ArgumentComparison} from './seccomp-rule.js';

const socketOperations = words(`
	- socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown setsockopt getsockopt sendmsg recvmsg accept4
	recvmmsg sendmmsg
`);
const ipcOperations = words('- semop semget semctl semtimedop - - - - - - msgsnd msgrcv msgget msgctl - - - - - - shmat shmdt shmget shmctl');

export function multiplexedCall(name: string): {readonly name: 'socketcall' | 'ipc'; readonly selector: ArgumentComparison} | undefined {
	return select('socketcall', socketOperations.indexOf(name)) ?? select('ipc', ipcOperations.indexOf(name));
}

function select(name: 'socketcall' | 'ipc', operation: number) {
	return operation <= 0 ? undefined : {name, selector: {index: 0, op: 'EQ', value: BigInt(operation), valueTwo: 0n} as const};
}

function words(text: string): string[] {
	return text.trim().split(/\s+/);
}
