/** Go templates, as far as docker's --format goes. */
import {templateFunctions} from './template-functions.js';
import {TemplateError} from './template-lexer.js';
import {parseTemplate, type Node, type Operand, type Pipe} from './template-parser.js';
import {isObject, isRow, isTrue, lookup, nilList, nilMap, printValue} from './template-values.js';

export {headerFunctions} from './template-functions.js';
export {TemplateError} from './template-lexer.js';
export {lookup, toJson, type Row} from './template-values.js';

export type Template = (data: unknown) => string;

/** Throws TemplateError now for a malformed template, and when executed for a missing field. */
export function compileTemplate(source: string, functions = templateFunctions): Template {
	const nodes = parseTemplate(source);
	return data => {
		const execution = new Execution(source, data, functions);
		execution.list(nodes, data);
		return execution.output;
	};
}

/** Maps with free keys: an absent one has no value, elsewhere it is a mistake. */
const freeMaps = new Set(['Labels', 'Annotations', 'Sysctls', 'Tmpfs', 'Options', 'Opts', 'DriverOpts', 'StorageOpt', 'Networks', 'Ports', 'PortBindings', 'ExposedPorts', 'Volumes', 'Attributes', 'Data']);
/** Fields docker's types have but its JSON leaves out when they are empty. */
const absentFields = new Set([
	'Health', 'Healthcheck', 'StopTimeout', 'StopSignal', 'SizeRw', 'SizeRootFs', 'Shell', 'OnBuild', 'MacAddress', 'ArgsEscaped', 'NetworkDisabled', 'Variant', 'Author', 'Comment', 'Mounts', 'Tmpfs', 'Sysctls', 'Init',
	'Annotations', 'ExposedPorts', 'Volumes', 'StdinOnce', 'RepoDigests', 'RepoTags', 'Container', 'Parent', 'OsVersion', 'Warnings', 'Descriptor', 'ImageManifestDescriptor', 'StorageOpt', 'Runtime',
]);

/** Fields that are lists in docker's types: without a value they are empty ones. */
const lists = new Set([
	'Entrypoint', 'OnBuild', 'Cmd', 'Env', 'Shell', 'ExecIDs', 'DeviceRequests', 'Devices', 'Binds', 'CapAdd', 'CapDrop', 'Dns', 'DnsOptions', 'DnsSearch', 'ExtraHosts', 'GroupAdd', 'Links', 'SecurityOpt', 'Ulimits',
	'VolumesFrom', 'DeviceCgroupRules', 'Mounts', 'RepoTags', 'RepoDigests', 'Aliases', 'DNSNames', 'MaskedPaths', 'ReadonlyPaths', 'Warnings', 'Layers', 'Test',
]);

type Scope = Array<{readonly name: string; value: unknown}>;

/** Thrown by `{{break}}` and `{{continue}}`, caught by the loop. */
class LoopSignal extends Error {
	readonly kind: 'break' | 'continue';

	constructor(kind: 'break' | 'continue') {
		super(kind);
		this.kind = kind;
	}
}

class Execution {
	output = '';
	private readonly source: string;
	private readonly scope: Scope;
	private readonly functions: typeof templateFunctions;

	constructor(source: string, data: unknown, functions: typeof templateFunctions) {
		this.source = source;
		this.functions = functions;
		this.scope = [{name: '$', value: data}];
	}

	list(nodes: readonly Node[], dot: unknown): void {
		for (const node of nodes) {
			this.node(node, dot);
		}
	}

	private node(node: Node, dot: unknown): void {
		switch (node.kind) {
			case 'text': {
				this.output += node.text;
				return;
			}

			case 'print': {
				const value = this.pipe(node.pipe, dot);
				if (node.pipe.variables.length === 0) {
					this.output += printValue(value);
				}

				return;
			}

			case 'break':
			case 'continue': {
				throw new LoopSignal(node.kind);
			}

			case 'range': {
				this.range(node, dot);
				return;
			}

			default: {
				const mark = this.scope.length;
				const value = this.pipe(node.pipe, dot);
				if (isTrue(value)) {
					this.list(node.body, node.kind === 'with' ? value : dot);
				} else {
					this.list(node.otherwise, dot);
				}

				this.scope.length = mark;
			}
		}
	}

	private range(node: Extract<Node, {kind: 'if' | 'with' | 'range'}>, dot: unknown): void {
		const mark = this.scope.length;
		const entries = rangeEntries(this.pipe({...node.pipe, variables: []}, dot));
		if (entries.length === 0) {
			this.list(node.otherwise, dot);
			return;
		}

		const [first, second] = node.pipe.variables;
		for (const [key, value] of entries) {
			if (first !== undefined) {
				this.scope.push({name: first, value: second === undefined ? value : key});
			}

			if (second !== undefined) {
				this.scope.push({name: second, value});
			}

			try {
				this.list(node.body, value);
			} catch (error) {
				if (!(error instanceof LoopSignal)) {
					throw error;
				}

				if (error.kind === 'break') {
					break;
				}
			} finally {
				this.scope.length = mark;
			}
		}
	}

	private pipe(pipe: Pipe, dot: unknown): unknown {
		let value: unknown;
		for (const [index, command] of pipe.commands.entries()) {
			value = this.command(command, dot, index === 0 ? [] : [value]);
		}

		for (const name of pipe.variables) {
			if (pipe.assigns) {
				this.variable(name).value = value;
			} else {
				this.scope.push({name, value});
			}
		}

		return value;
	}

	private command(operands: readonly Operand[], dot: unknown, piped: readonly unknown[]): unknown {
		const [first, ...rest] = operands as readonly [Operand, ...Operand[]];
		// The two that may not evaluate everything.
		if (first.kind === 'function' && (first.name === 'and' || first.name === 'or')) {
			let value: unknown;
			for (const next of [...rest.map(operand => () => this.operand(operand, dot)), ...piped.map(item => () => item)]) {
				value = next();
				if (isTrue(value) === (first.name === 'or')) {
					break;
				}
			}

			return value;
		}

		const values = [...rest.map(operand => this.operand(operand, dot)), ...piped];
		if (first.kind === 'literal' && (values.length > 0 || first.text === 'nil')) {
			return this.guard(first, () => {
				throw new TemplateError(values.length > 0 ? `can't give argument to non-function ${first.text}` : 'nil is not a command');
			});
		}

		return this.operand(first, dot, values);
	}

	private operand(operand: Operand, dot: unknown, values: readonly unknown[] = []): unknown {
		switch (operand.kind) {
			case 'literal': {
				return operand.value;
			}

			case 'function': {
				const call = Object.hasOwn(this.functions, operand.name) ? this.functions[operand.name] : undefined;
				if (call === undefined) {
					throw new TemplateError(`template: :1: function ${JSON.stringify(operand.name)} not defined`);
				}

				return this.guard(operand, () => call(...values));
			}

			case 'dot': {
				return this.fields(operand, dot, values);
			}

			case 'variable': {
				return this.fields(operand, this.variable(operand.name).value, values);
			}

			case 'pipe': {
				return this.fields(operand, this.pipe(operand.pipe, dot), values);
			}
		}
	}

	private fields(operand: Operand, start: unknown, values: readonly unknown[]): unknown {
		let value = start;
		let parent = '';
		for (const [index, name] of operand.fields.entries()) {
			const [holder, holderName] = [value, parent];
			value = this.guard(operand, () => field(holder, name, holderName), fieldOffset(operand, index));
			if (typeof value === 'function') {
				const call = value as (...values: readonly unknown[]) => unknown;
				value = call(...(index === operand.fields.length - 1 ? values : []));
			}

			parent = name;
		}

		return value;
	}

	private variable(name: string): Scope[number] {
		const found = this.scope.findLast(item => item.name === name);
		if (found === undefined) {
			throw new TemplateError(`template: :1: undefined variable ${JSON.stringify(name)}`);
		}

		return found;
	}

	// Go names the place: line, column, and the text of the operand.
	private guard<T>(operand: Operand, action: () => T, offset = 0): T {
		try {
			return action();
		} catch (error) {
			if (!(error instanceof TemplateError) || error.message.startsWith('template:')) {
				throw error;
			}

			const before = this.source.slice(0, operand.position + offset);
			const line = before.split('\n').length;
			// What goes wrong within a function is told of the whole call.
			const text = operand.kind === 'function' && !error.message.startsWith('error calling') ? operand.name : operand.text;
			throw new TemplateError(`template: :${line}:${before.length - before.lastIndexOf('\n') - 1}: executing "" at <${text}>: ${error.message}`);
		}
	}
}

// How far behind its operand's begin a field stands.
function fieldOffset(operand: Operand, index: number): number {
	const start = operand.kind === 'variable' ? operand.name.length : 0;
	return operand.kind === 'pipe' ? 0 : operand.fields.slice(0, index).reduce((sum, name) => sum + name.length + 1, start);
}

function field(value: unknown, name: string, parent: string): unknown {
	if (isRow(value)) {
		const found = value[lookup](name);
		if (found === undefined) {
			throw new TemplateError(`can't evaluate field ${name}`);
		}

		return found;
	}

	if (isObject(value)) {
		if (freeMaps.has(parent)) {
			return Object.hasOwn(value, name) ? value[name] : undefined;
		}

		if (Object.hasOwn(value, name)) {
			return value[name] ?? nothing(name);
		}

		if (absentFields.has(name)) {
			return nothing(name);
		}

		throw new TemplateError(`map has no entry for key ${JSON.stringify(name)}`);
	}

	if (value === null || value === undefined) {
		if (freeMaps.has(parent)) {
			return undefined;
		}

		throw new TemplateError(`nil pointer evaluating ${parent === '' ? 'interface {}' : parent}.${name}`);
	}

	throw new TemplateError(`can't evaluate field ${name} in type interface {}`);
}

// What Go has where JSON has null or nothing at all.
function nothing(name: string): unknown {
	return lists.has(name) ? nilList : freeMaps.has(name) ? nilMap : null;
}

function rangeEntries(value: unknown): ReadonlyArray<readonly [unknown, unknown]> {
	if (Array.isArray(value)) {
		return value.map((item, index) => [index, item]);
	}

	if (typeof value === 'number') {
		return Array.from({length: Math.max(0, value)}, (_, index) => [index, index]);
	}

	return isObject(value) ? Object.keys(value).sort().map(key => [key, value[key]]) : [];
}
