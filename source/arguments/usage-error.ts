/** A wrong command line. The entry point prints the message, the command's usage line and where to find more, as docker does. */
export class UsageError extends Error {
	override readonly name = 'UsageError';
	/** 125 for a wrong option, 1 for a wrong number of arguments (docker 28). */
	readonly exitCode: number;
	readonly suggestion: string | undefined;

	constructor(message: string, {exitCode = 125, suggestion}: {exitCode?: number; suggestion?: string | undefined} = {}) {
		super(message);
		this.exitCode = exitCode;
		this.suggestion = suggestion;
	}
}
