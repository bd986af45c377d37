import test from 'ava';
import {applySgr, attribute, plainStyle, type CellStyle} from '../../source/presentation/cell-style.js';

const becomes = test.macro({
	exec(t, parameters: string, expected: Partial<CellStyle>, from: CellStyle = plainStyle) {
		t.deepEqual(applySgr(from, parameters), {...plainStyle, ...expected});
	},
	title: (_, parameters: string, __, from?: CellStyle) => `SGR ${parameters || 'without parameters'}${from === undefined ? '' : ` from ${JSON.stringify(from)}`}`,
});

const loud: CellStyle = {foreground: '31', background: '42', attributes: attribute.bold | attribute.dim | attribute.underline};

test(becomes, '31', {foreground: '31'});
test(becomes, '97', {foreground: '97'});
test(becomes, '44', {background: '44'});
test(becomes, '107', {background: '107'});
test(becomes, '38;5;208', {foreground: '38;5;208'});
test(becomes, '48;2;1;2;3', {background: '48;2;1;2;3'});
test(becomes, '38:5:208', {foreground: '38;5;208'});
test(becomes, '1;3;4;7;9', {attributes: attribute.bold | attribute.italic | attribute.underline | attribute.inverse | attribute.strikethrough});
test(becomes, '1;31;44', {foreground: '31', background: '44', attributes: attribute.bold});
test(becomes, '', {}, loud);
test(becomes, '0', {}, loud);
test(becomes, ';32', {foreground: '32'}, loud);
test(becomes, '39', {...loud, foreground: ''}, loud);
test(becomes, '49', {...loud, background: ''}, loud);
test(becomes, '22', {...loud, attributes: attribute.underline}, loud);
test(becomes, '24', {...loud, attributes: attribute.bold | attribute.dim}, loud);

// What cannot be meant leaves the style as it is.
test(becomes, '38;5', {});
test(becomes, '38;5;300', {});
test(becomes, '38;2;1;2', {});
test(becomes, '38;9;1', {});
test(becomes, '5;6;8;53;999', {});
test(becomes, '1;38;5;999;32', {attributes: attribute.bold});
