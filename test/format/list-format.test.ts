import test from 'ava';
import {alignColumns} from '../../source/format/align-columns.js';
import {formatList, type Columns} from '../../source/format/list-format.js';
import {printableText} from '../../source/format/printable-text.js';

type Item = {readonly id: string; readonly name: string; readonly labels: Readonly<Record<string, string>>};

const columns: Columns<Item> = {
	Name: {header: 'NAMES', value: item => item.name},
	ID: {header: 'CONTAINER ID', value: item => item.id},
	Label: {header: 'LABEL', hidden: true, value: item => (key: string) => item.labels[key] ?? ''},
};
const items: readonly Item[] = [{id: '1', name: 'one', labels: {'com.x.cpu-count': '3'}}, {id: '2', name: 'a-rather-long-name', labels: {}}];
const list = {columns, shown: ['ID', 'Name']};

test('columns are at least ten wide, with three blanks between, and the last is not padded', t => {
	t.is(alignColumns('A\tB\tC\n1234567890\t2\t3\nx\ty\tz'), 'A            B         C\n1234567890   2         3\nx            y         z');
});

test('columns of separate runs of lines have their own width', t => {
	t.is(alignColumns('a-long-first-cell\tb\nplain\nc\td'), 'a-long-first-cell   b\nplain\nc         d');
});

test('a wide character counts as one, as Go counts', t => {
	t.is(alignColumns('ééééééééé\tx'), 'ééééééééé   x');
});

test('the plain table', async t => {
	t.is(await formatList(items, {...list, format: undefined}), 'CONTAINER ID   NAMES\n1              one\n2              a-rather-long-name\n');
	t.is(await formatList([], {...list, format: 'table'}), 'CONTAINER ID   NAMES\n');
});

test('quiet prints ids', async t => {
	t.is(await formatList(items, {...list, format: undefined, quiet: 'ID'}), '1\n2\n');
	t.is(await formatList([], {...list, format: undefined, quiet: 'ID'}), '');
});

test('a template a line', async t => {
	t.is(await formatList(items, {...list, format: '{{.ID}}={{.Name}}'}), '1=one\n2=a-rather-long-name\n');
	t.is(await formatList(items.slice(0, 1), {...list, format: String.raw`{{.ID}}\t{{.Name}}`}), '1\tone\n');
});

test('a table by template has headings, also for labels and shaped values', async t => {
	t.is(
		await formatList(items, {...list, format: String.raw`table {{.ID}}\t{{upper .Name}}\t{{.Label "com.x.cpu-count"}}`}),
		'CONTAINER ID   NAMES                cpu count\n1              ONE                  3\n2              A-RATHER-LONG-NAME   \n',
	);
});

test('JSON has every field, sorted, and no methods', async t => {
	t.is(await formatList(items.slice(0, 1), {...list, format: 'json'}), '{"ID":"1","Name":"one"}\n');
	t.is(await formatList(items.slice(0, 1), {...list, format: '{{json .}}'}), '{"ID":"1","Name":"one"}\n');
	t.is(await formatList(items.slice(0, 1), {...list, format: '{{json .Name}}'}), '"one"\n');
});

test('an unknown field is a mistake', async t => {
	await t.throwsAsync(formatList(items, {...list, format: '{{.Foo}}'}), {message: /can't evaluate field Foo/});
});

test('what could move the cursor is not printed', async t => {
	t.is(printableText('a\u001B[31mb\u0007c\u009Bd'), 'a?[31mb?c?d');
	t.is(printableText('two\nlines'), 'two lines');
	t.is(printableText('tab\tstays'), 'tab\tstays');
	t.false((await formatList([{id: '\u001B[2J', name: 'x\ny', labels: {}}], {...list, format: undefined})).includes('\u001B'));
});
