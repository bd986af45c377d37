/** How a verb that lists things prints them: docker's columns, --format and --quiet. */
import {alignColumns} from './align-columns.js';
import {printableText} from './printable-text.js';
import {lookup, type Row} from './template-values.js';

export type Column<Item> = {
	readonly header: string;
	/** A text or number; a function takes the template's arguments (`.Label "k"`). */
	readonly value: (item: Item) => unknown;
	/** Not in the JSON form. */
	readonly hidden?: boolean;
};

export type Columns<Item> = Readonly<Record<string, Column<Item>>>;

export type ListFormat<Item> = {
	readonly columns: Columns<Item>;
	/** The columns of the plain table. */
	readonly shown: readonly string[];
	/** What --format says; undefined, '' and `table` are the plain table. */
	readonly format: string | undefined;
	/** The column --quiet prints alone. */
	readonly quiet?: string | undefined;
};

/** The whole text, ending in a newline (empty when there is nothing to say). */
export async function formatList<Item>(items: readonly Item[], list: ListFormat<Item>): Promise<string> {
	const format = list.format === undefined || list.format === '' ? 'table' : list.format;
	if (list.quiet !== undefined && format === 'table') {
		const {value} = list.columns[list.quiet]!;
		return items.map(item => `${String(value(item))}\n`).join('');
	}

	if (format === 'table') {
		return plainTable(items, list);
	}

	const rows = items.map(item => row(item, list.columns));
	if (format === 'json') {
		return rows.map(item => `${JSON.stringify(item)}\n`).join('');
	}

	// Only who asks for a template pays for the language.
	const {compileTemplate, headerFunctions} = await import('./template.js');
	const isTable = /^table\s/.test(format);
	const source = (isTable ? format.slice(6).trimStart() : format).replaceAll(String.raw`\t`, '\t').replaceAll(String.raw`\n`, '\n');
	const template = compileTemplate(source);
	const lines = rows.map(item => template(item));
	if (!isTable) {
		return lines.map(line => `${line}\n`).join('');
	}

	const header = compileTemplate(source, headerFunctions)(headerRow(list.columns));
	return `${alignColumns([header, ...lines.map(line => line.split('\n').map(part => printableText(part)).join('\n'))].join('\n'))}\n`;
}

function plainTable<Item>(items: readonly Item[], {columns, shown}: ListFormat<Item>): string {
	const cells = shown.map(name => columns[name]!);
	const lines = items.map(item => cells.map(cell => printableText(String(cell.value(item)))).join('\t'));
	return `${alignColumns([cells.map(cell => cell.header).join('\t'), ...lines].join('\n'))}\n`;
}

function row<Item>(item: Item, columns: Columns<Item>): Row {
	return {
		[lookup]: name => (Object.hasOwn(columns, name) ? columns[name]!.value(item) : undefined),
		toJSON: () => Object.fromEntries(Object.entries(columns).filter(([, column]) => !column.hidden).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, column]) => [name, column.value(item)])),
	};
}

// `.Label "com.example.cpu-count"` is headed by `cpu count`.
function headerRow<Item>(columns: Columns<Item>): Row {
	return {
		[lookup]: name => (name === 'Label' ? (key: string) => key.split('.').at(-1)!.replaceAll(/[-_]/g, ' ') : columns[name]?.header),
		toJSON: () => Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column.header])),
	};
}
